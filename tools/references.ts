/** The generated pages of docs/reference: where each is, and what makes it. */
import { contractFileSchema } from '../src/contract/file-schema/contract-file-schema.ts'
import { cliReference } from './cli-reference.ts'
import { metricsReference } from './metrics-reference.ts'
import { configReference, configReferencePath } from './reference.ts'
import { registryReference } from './registry-reference.ts'
import { storageReference } from './storage-reference.ts'

export interface Reference {
  /** From the root of the repository. */
  readonly path: string
  readonly text: () => string | Promise<string>
}

export const references: readonly Reference[] = [
  { path: configReferencePath, text: configReference },
  { path: 'docs/reference/cli.md', text: cliReference },
  {
    path: 'docs/reference/contract.schema.json',
    text: () => `${JSON.stringify(contractFileSchema, null, 2)}\n`,
  },
  { path: 'docs/reference/metrics.md', text: metricsReference },
  { path: 'docs/reference/registry-api.md', text: registryReference },
  { path: 'docs/reference/storage-url.md', text: storageReference },
]
