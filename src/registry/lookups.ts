/** What clients ask the registry for; each of one snapshot. */
import type { ReadTransaction } from '../catalog/database.ts'
import { registryErrors } from './registry-error.ts'
import {
  readConfig,
  readContexts,
  readIdsOfHash,
  readIdOfHash,
  readSchemas,
  readSubjects,
  readUses,
  readVersions,
  type StoredSchema,
} from './registry-reads.ts'
import { ofReference } from './resolve-references.ts'
import { contentUnder, type SchemaRequest } from './register.ts'
import { hashOf } from './schema-content.ts'
import type { RequestParser } from './judge/request-parser.ts'
import { type SubjectVersion, withSchemas } from './subject-version.ts'
import {
  anyContext,
  defaultContext,
  qualified,
  splitContext,
  type SubjectName,
} from './subject-name.ts'

/** Which versions a question is about. */
export type Deleted = 'without' | 'with' | 'only'

export const isWanted = (which: Deleted, isDeleted: boolean): boolean =>
  which === 'with' || (which === 'only') === isDeleted

/** The subject that is read in its place, where its config names one. */
export async function unaliased(tx: ReadTransaction, name: SubjectName): Promise<SubjectName> {
  if (name.subject === '') return name
  return targetOf(name, (await readConfig(tx, name))?.alias)
}

/** An alias without a context is of the subject's own. */
function targetOf(name: SubjectName, alias = ''): SubjectName {
  return alias === '' ? name : ofReference(name.context, alias)
}

/** As unaliased, for data keys: they may have an alias of their own. */
export async function unaliasedForKeys(
  tx: ReadTransaction,
  name: SubjectName,
): Promise<SubjectName> {
  const { alias, aliasForDeks: own = '' } = (await readConfig(tx, name)) ?? {}
  return targetOf(name, own === '' ? alias : own)
}

/**
 * Subjects whose name begins with the prefix, in one context or, after `:*:`, in all; qualified,
 * by context and name.
 */
export async function listSubjects(
  tx: ReadTransaction,
  prefix: string,
  which: Deleted,
): Promise<SubjectName[]> {
  const isAny = prefix.startsWith(anyContext)
  const { context, subject: start } = isAny
    ? { context: '', subject: prefix.slice(anyContext.length) }
    : splitContext(prefix)
  const contexts = isAny ? await readContexts(tx) : [context]
  const found: SubjectName[] = []
  for (const each of contexts) {
    for (const { subject, live } of await readSubjects(tx, each)) {
      if (subject.startsWith(start) && isWanted(which, live === 0)) {
        found.push({ context: each, subject })
      }
    }
  }
  return found
}

/** @throws RegistryError 40401: the subject has no such versions. */
export async function listVersions(
  tx: ReadTransaction,
  asked: SubjectName,
  which: Deleted,
): Promise<{ readonly version: number; readonly isDeleted: boolean }[]> {
  const name = await unaliased(tx, asked)
  const rows = await readVersions(tx, name)
  const isThere = rows.some(({ deleted }) => which !== 'without' || deleted === 0)
  if (!isThere) throw registryErrors.subjectNotFound(qualified(asked))
  return rows
    .map(({ version, deleted }) => ({ version, isDeleted: deleted === 1 }))
    .filter(({ isDeleted }) => isWanted(which, isDeleted))
}

/**
 * The schema of an id. Without a subject, in the default context. A subject without a context that
 * does not use the id there is looked for in all contexts.
 *
 * @throws RegistryError 40403
 */
export async function schemaOfId(
  tx: ReadTransaction,
  schemaId: number,
  subject: SubjectName | undefined,
): Promise<StoredSchema> {
  const context = subject?.context ?? defaultContext
  const [schema] = await readSchemas(tx, context, [schemaId])
  if (subject === undefined || subject.subject === '') {
    if (schema === undefined) throw registryErrors.schemaNotFound(`${schemaId}`)
    return schema
  }
  if (schema !== undefined && (await isUsedBy(tx, schema, subject.subject))) return schema
  if (context === defaultContext) {
    for (const other of await readContexts(tx)) {
      const [elsewhere] = await readSchemas(tx, other, [schemaId])
      if (elsewhere !== undefined && (await isUsedBy(tx, elsewhere, subject.subject))) {
        return elsewhere
      }
    }
  }
  // Whoever has the id may read it, whatever subject it thinks of.
  if (schema === undefined) throw registryErrors.schemaNotFound(`${schemaId}`)
  return schema
}

async function isUsedBy(
  tx: ReadTransaction,
  { context, schemaId }: StoredSchema,
  subject: string,
): Promise<boolean> {
  const uses = await readUses(tx, context, schemaId)
  return uses.some((each) => each.subject === subject)
}

/** @throws RegistryError 40403 */
export async function usesOfId(
  tx: ReadTransaction,
  schemaId: number,
  subject: SubjectName | undefined,
  which: Deleted,
): Promise<{ readonly subject: string; readonly version: number }[]> {
  const { context } = await schemaOfId(tx, schemaId, subject)
  const uses = await readUses(tx, context, schemaId)
  return uses
    .filter(({ deleted }) => isWanted(which, deleted === 1))
    .filter((each) => (subject?.subject ?? '') === '' || each.subject === subject?.subject)
    .map((each) => ({
      subject: qualified({ context, subject: each.subject }),
      version: each.version,
    }))
}

/** @throws RegistryError 40403 */
export async function schemaOfHash(tx: ReadTransaction, hash: string): Promise<StoredSchema> {
  const [first] = await readIdsOfHash(tx, hash)
  const [schema] = first === undefined ? [] : await readSchemas(tx, first.context, [first.schemaId])
  if (schema === undefined) throw registryErrors.schemaNotFound()
  return schema
}

/**
 * The version of the subject that has the schema. What the request says of metadata and rules must
 * be the same; where it says nothing of them, any will do.
 *
 * @throws RegistryError 40401, 40403, 42201
 */
export async function versionOfSchema(
  tx: ReadTransaction,
  parser: RequestParser,
  asked: SubjectName,
  request: SchemaRequest,
  which: Deleted,
): Promise<SubjectVersion> {
  const name = await unaliased(tx, asked)
  const { context } = name
  const rows = (await readVersions(tx, name)).filter(({ deleted }) =>
    isWanted(which, deleted === 1),
  )
  if (rows.length === 0) throw registryErrors.subjectNotFound(qualified(asked))
  const content = await contentUnder(tx, parser, name, request)
  const schemaId = await readIdOfHash(tx, context, hashOf(content))
  const row = rows.findLast((each) => each.schemaId === schemaId)
  if (row !== undefined) return (await withSchemas(tx, context, [row]))[0] as SubjectVersion
  if (content.metadata === undefined && content.ruleSet === undefined) {
    const text = hashOf(content)
    const all = await withSchemas(tx, context, rows)
    const bare = ({ schemaType, text: its, references }: SubjectVersion): string =>
      hashOf({ schemaType, text: its, references })
    const same = all.findLast((each) => bare(each) === text)
    if (same !== undefined) return same
  }
  throw registryErrors.schemaNotFound()
}

/** The latest version whose metadata has all of these properties. @throws RegistryError 40401, 40402 */
export async function latestWithMetadata(
  tx: ReadTransaction,
  asked: SubjectName,
  properties: ReadonlyMap<string, string>,
  which: Deleted,
): Promise<SubjectVersion> {
  const name = await unaliased(tx, asked)
  const rows = (await readVersions(tx, name)).filter(({ deleted }) =>
    isWanted(which, deleted === 1),
  )
  if (rows.length === 0) throw registryErrors.subjectNotFound(qualified(asked))
  const all = await withSchemas(tx, name.context, rows)
  const found = all.findLast(({ metadata }) =>
    [...properties].every(([key, value]) => metadata?.properties?.[key] === value),
  )
  if (found === undefined) throw registryErrors.versionNotFound('latest')
  return found
}
