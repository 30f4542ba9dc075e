/** What the catalog holds of the registry, as of one snapshot or transaction. */
import type { ReadTransaction } from '../catalog/database.ts'
import {
  registryContexts,
  registryHashes,
  registryReferences,
  registrySchemas,
  registrySettings,
  registrySubjects,
  registryUses,
  type RegistryVersionRow,
  registryVersions,
} from '../catalog/schema-registry.ts'
import { scanBelow } from '../catalog/scan-below.ts'
import { decodeFacets, type SchemaContent } from './schema-content.ts'
import type { SchemaType } from './schema/schema-format.ts'
import { mergedConfig, type RegistryConfig, type RegistryMode } from './registry-config.ts'
import { builtInMode } from './registry-config.ts'
import { defaultContext, globalContext, type SubjectName } from './subject-name.ts'

/** Rows read at once. */
const pageRows = 1_000

export interface StoredSchema extends SchemaContent {
  readonly context: string
  readonly schemaId: number
  readonly hash: string
}

/** Versions, oldest first; deleted ones too. */
export function readVersions(
  tx: ReadTransaction,
  { context, subject }: SubjectName,
): Promise<RegistryVersionRow[]> {
  return scanBelow(tx, registryVersions, [context, subject])
}

export async function readSchemas(
  tx: ReadTransaction,
  context: string,
  schemaIds: readonly number[],
): Promise<(StoredSchema | undefined)[]> {
  const rows = await tx.get(
    registrySchemas,
    schemaIds.map((id) => [context, id]),
  )
  return rows.map((row) => {
    if (row === undefined) return undefined
    const { schemaId, text, hash } = row
    const content = { schemaType: row.schemaType as SchemaType, text, ...decodeFacets(row.facets) }
    return { context, schemaId, hash, ...content }
  })
}

/** Of each context that has it, by the context's name. */
export async function readIdsOfHash(
  tx: ReadTransaction,
  hash: string,
): Promise<{ readonly context: string; readonly schemaId: number }[]> {
  const rows = await tx.scan(registryHashes, { prefix: [hash], limit: pageRows })
  return rows.map(({ context, schemaId }) => ({ context, schemaId }))
}

export async function readIdOfHash(
  tx: ReadTransaction,
  context: string,
  hash: string,
): Promise<number | undefined> {
  const [row] = await tx.get(registryHashes, [[hash, context]])
  return row?.schemaId
}

/** Subjects of a context by name; `live`: how many of its versions are not deleted. */
export function readSubjects(
  tx: ReadTransaction,
  context: string,
): Promise<{ readonly subject: string; readonly live: number }[]> {
  return scanBelow(tx, registrySubjects, [context])
}

/** The default one, and those that have subjects. */
export async function readContexts(tx: ReadTransaction): Promise<string[]> {
  const rows = await tx.scan(registryContexts, { prefix: [], limit: pageRows })
  const contexts = [defaultContext]
  for (const { context } of rows) {
    const [first] = await tx.scan(registrySubjects, { prefix: [context], limit: 1 })
    if (first !== undefined && context !== defaultContext) contexts.push(context)
  }
  return contexts
}

/** The number of the context's last change; 0 where nothing was ever written. */
export async function readChanges(tx: ReadTransaction, context: string): Promise<number> {
  const [row] = await tx.get(registryContexts, [[context]])
  return row?.changes ?? 0
}

/** Where a schema is registered, oldest version first within a subject; deleted ones too. */
export async function readUses(
  tx: ReadTransaction,
  context: string,
  schemaId: number,
): Promise<RegistryVersionRow[]> {
  const uses = await scanBelow(tx, registryUses, [context, schemaId])
  const rows = await tx.get(
    registryVersions,
    uses.map(({ subject, version }) => [context, subject, version]),
  )
  return rows.filter((row) => row !== undefined)
}

/** Whether a version of the subject that is not deleted has the schema. */
export async function isLiveIn(
  tx: ReadTransaction,
  { context, subject }: SubjectName,
  schemaId: number,
): Promise<boolean> {
  const uses = await scanBelow(tx, registryUses, [context, schemaId, subject])
  const keys = uses.map(({ version }) => [context, subject, version])
  const rows = await tx.get(registryVersions, keys)
  return rows.some((row) => row?.deleted === 0)
}

/** Ids of the schemas that refer to a version and are in use. */
export async function readReferrers(
  tx: ReadTransaction,
  { context, subject }: SubjectName,
  version: number,
): Promise<number[]> {
  const rows = await scanBelow(tx, registryReferences, [context, subject, version])
  const ids: number[] = []
  for (const { byContext, byId } of rows) {
    const uses = await readUses(tx, byContext, byId)
    if (uses.some(({ deleted }) => deleted === 0)) ids.push(byId)
  }
  return ids
}

/** Narrowest first: the subject, its context, the default context, all contexts. */
export function placesOf({ context, subject }: SubjectName): SubjectName[] {
  const places = [
    { context, subject },
    { context, subject: '' },
    { context: defaultContext, subject: '' },
    { context: globalContext, subject: '' },
  ]
  return places.filter((place, at) => {
    const first = places.findIndex(
      (each) => each.context === place.context && each.subject === place.subject,
    )
    return first === at
  })
}

async function readSettings(
  tx: ReadTransaction,
  places: readonly SubjectName[],
  kind: 'config' | 'mode',
): Promise<(string | undefined)[]> {
  const keys = places.map(({ context, subject }) => [context, subject, kind])
  const rows = await tx.get(registrySettings, keys)
  return rows.map((row) => row?.value)
}

/** What is set for the subject, or the context, itself. */
export async function readConfig(
  tx: ReadTransaction,
  name: SubjectName,
): Promise<RegistryConfig | undefined> {
  const [value] = await readSettings(tx, [name], 'config')
  return value === undefined ? undefined : (JSON.parse(value) as RegistryConfig)
}

/** What counts for it. */
export async function readConfigInScope(
  tx: ReadTransaction,
  name: SubjectName,
): Promise<ReturnType<typeof mergedConfig>> {
  const values = await readSettings(tx, placesOf(name), 'config')
  return mergedConfig(
    values.map((value) => (value === undefined ? value : (JSON.parse(value) as RegistryConfig))),
  )
}

export async function readMode(
  tx: ReadTransaction,
  name: SubjectName,
): Promise<RegistryMode | undefined> {
  const [value] = await readSettings(tx, [name], 'mode')
  return value as RegistryMode | undefined
}

/** A wider READONLY_OVERRIDE counts before anything narrower. */
export async function readModeInScope(
  tx: ReadTransaction,
  name: SubjectName,
): Promise<RegistryMode> {
  const values = await readSettings(tx, placesOf(name), 'mode')
  const known = values.filter((value) => value !== undefined) as RegistryMode[]
  if (known.includes('READONLY_OVERRIDE')) return 'READONLY_OVERRIDE'
  return known[0] ?? builtInMode
}
