import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { configReference, configReferencePath } from './reference.ts'
import { root } from './source-files.ts'

test('the configuration reference is what the tables say', () => {
  const written = readFileSync(join(root, configReferencePath), 'utf8')
  assert.equal(written, configReference(), 'run npm run docs')
})
