/** `npm run docs`: writes the generated pages of docs/reference. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { configReference, configReferencePath } from './reference.ts'
import { root } from './source-files.ts'

const path = join(root, configReferencePath)
mkdirSync(dirname(path), { recursive: true })
writeFileSync(path, configReference())
console.log(`wrote ${configReferencePath}`)
