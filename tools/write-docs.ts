/** `npm run docs`: writes the generated pages of docs/reference. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { references } from './references.ts'
import { root } from './source-files.ts'

for (const { path, text } of references) {
  const whole = join(root, path)
  mkdirSync(dirname(whole), { recursive: true })
  writeFileSync(whole, await text())
  console.log(`wrote ${path}`)
}
