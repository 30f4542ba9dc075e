/** A version of a subject with its schema, as clients are told of it. */
import type { ReadTransaction } from '../catalog/database.ts'
import type { RegistryVersionRow } from '../catalog/schema-registry.ts'
import { registryErrors } from './registry-error.ts'
import { readSchemas, readVersions, type StoredSchema } from './registry-reads.ts'
import type { SubjectName } from './subject-name.ts'

export interface SubjectVersion extends StoredSchema {
  readonly subject: string
  readonly version: number
  readonly isDeleted: boolean
  readonly registeredMs: number
}

export type VersionChoice = number | 'latest'

/** From 1 on; 'latest' and -1 are the latest. @throws RegistryError 42202 */
export function versionChoiceOf(text: string): VersionChoice {
  if (text === 'latest' || text === '-1') return 'latest'
  const version = Number(text)
  if (/^\d{1,10}$/.test(text) && version >= 1 && version < 2 ** 31) return version
  throw registryErrors.invalidVersion(text)
}

/** With the schemas of the rows, in their order. */
export async function withSchemas(
  tx: ReadTransaction,
  context: string,
  rows: readonly RegistryVersionRow[],
): Promise<SubjectVersion[]> {
  const ids = [...new Set(rows.map(({ schemaId }) => schemaId))]
  const schemas = await readSchemas(tx, context, ids)
  const byId = new Map(schemas.map((schema) => [schema?.schemaId, schema]))
  return rows.flatMap(({ subject, version, deleted, registeredMs, schemaId }) => {
    const schema = byId.get(schemaId)
    if (schema === undefined) return []
    return [{ ...schema, subject, version, isDeleted: deleted === 1, registeredMs }]
  })
}

/**
 * The row of a version; `deleted`: also where it was deleted softly.
 *
 * @throws RegistryError 40401, 40402
 */
export async function findVersion(
  tx: ReadTransaction,
  name: SubjectName,
  told: string,
  choice: VersionChoice,
  deleted: boolean,
): Promise<RegistryVersionRow> {
  const all = await readVersions(tx, name)
  const rows = deleted ? all : all.filter((row) => row.deleted === 0)
  if (rows.length === 0) throw registryErrors.subjectNotFound(told)
  const row = choice === 'latest' ? rows.at(-1) : rows.find(({ version }) => version === choice)
  if (row === undefined) throw registryErrors.versionNotFound(choice)
  return row
}
