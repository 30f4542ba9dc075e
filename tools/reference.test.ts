import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { references } from './references.ts'
import { root } from './source-files.ts'

for (const { path, text } of references) {
  test(`${path} is what the code says`, async () => {
    assert.equal(readFileSync(join(root, path), 'utf8'), await text(), 'run npm run docs')
  })
}
