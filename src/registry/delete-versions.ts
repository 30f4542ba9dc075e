/**
 * Deletes versions, in two steps as clients know it: softly, so that whoever has an id can still
 * read, and then for good. Ids never come again.
 */
import type { CatalogDatabase, ReadTransaction, Transaction } from '../catalog/database.ts'
import {
  registryHashes,
  registryReferences,
  registrySchemas,
  registrySettings,
  registrySubjects,
  registryUses,
  type RegistryVersionRow,
  registryVersions,
} from '../catalog/schema-registry.ts'
import { associationsOfSubject } from './associations/association.ts'
import { changeContexts, type JudgedChange, type Judgement, seeChanges } from './context-changes.ts'
import { registryErrors } from './registry-error.ts'
import {
  readModeInScope,
  readReferrers,
  readSchemas,
  readUses,
  readVersions,
} from './registry-reads.ts'
import { ofReference } from './resolve-references.ts'
import type { VersionChoice } from './subject-version.ts'
import { qualified, type SubjectName } from './subject-name.ts'

/**
 * Deletes all versions of the subject, and what is set for it; resolves with them.
 *
 * @throws RegistryError 40401, 40404, 40405, 42205, 42206; nothing was deleted.
 * @throws Failure 'unavailable' | 'unknown-outcome'
 */
export function deleteSubject(
  database: CatalogDatabase,
  name: SubjectName,
  isPermanent: boolean,
): Promise<number[]> {
  const told = qualified(name)
  return changeVersions(database, name, async (tx) => {
    const rows = await readVersions(tx, name)
    const live = rows.filter(({ deleted }) => deleted === 0)
    if (rows.length === 0) throw registryErrors.subjectNotFound(told)
    if (isPermanent) {
      if (live.length > 0) throw registryErrors.subjectNotSoftDeleted(told)
      return { rows, isWhole: true, isPermanent }
    }
    if (live.length === 0) throw registryErrors.subjectSoftDeleted(told)
    return { rows: live, isWhole: true, isPermanent }
  })
}

/**
 * @throws RegistryError 40401, 40402, 40406, 40407, 42205, 42206; nothing was deleted.
 * @throws Failure 'unavailable' | 'unknown-outcome'
 */
export async function deleteVersion(
  database: CatalogDatabase,
  name: SubjectName,
  choice: VersionChoice,
  isPermanent: boolean,
): Promise<number> {
  const told = qualified(name)
  const [version] = await changeVersions(database, name, async (tx) => {
    const rows = await readVersions(tx, name)
    if (rows.length === 0) throw registryErrors.subjectNotFound(told)
    const row =
      choice === 'latest'
        ? rows.findLast(({ deleted }) => deleted === (isPermanent ? 1 : 0))
        : rows.find((each) => each.version === choice)
    if (row === undefined) throw registryErrors.versionNotFound(choice)
    if (isPermanent && row.deleted === 0) {
      throw registryErrors.versionNotSoftDeleted(told, row.version)
    }
    if (!isPermanent && row.deleted === 1) {
      throw registryErrors.versionSoftDeleted(told, row.version)
    }
    return { rows: [row], isWhole: false, isPermanent }
  })
  return version as number
}

/** What is deleted of a subject. */
export interface Deletion {
  readonly rows: readonly RegistryVersionRow[]
  /** The subject itself is deleted: what is set for it goes, too. */
  readonly isWhole: boolean
  readonly isPermanent: boolean
}

function changeVersions(
  database: CatalogDatabase,
  name: SubjectName,
  choose: (tx: ReadTransaction) => Promise<Deletion>,
): Promise<number[]> {
  return changeContexts(database, 'delete versions', () =>
    database.snapshot('judge deletion', async (tx): Promise<Judgement<number[]>> => {
      const mode = await readModeInScope(tx, name)
      if (mode === 'READONLY' || mode === 'READONLY_OVERRIDE') {
        throw registryErrors.notPermitted(`Subject ${qualified(name)} is in read-only mode`)
      }
      const deletion = await choose(tx)
      await assertNotAssociated(tx, name, deletion)
      return judgeDeletion(tx, name, deletion)
    }),
  )
}

/** @throws RegistryError 42206 */
export async function judgeDeletion(
  tx: ReadTransaction,
  name: SubjectName,
  deletion: Deletion,
): Promise<JudgedChange<number[]>> {
  for (const { version } of deletion.rows) await assertUnreferenced(tx, name, version)
  const contexts = await contextsOf(tx, name, deletion)
  return {
    seen: await seeChanges(tx, contexts),
    contexts,
    write: async (transaction) => {
      if (deletion.isPermanent) await erase(transaction, name, deletion)
      else await hide(transaction, name, deletion)
      return deletion.rows.map(({ version }) => version)
    },
  }
}

/** A subject that describes a topic keeps a version. @throws RegistryError 40904 */
async function assertNotAssociated(
  tx: ReadTransaction,
  name: SubjectName,
  { rows, isWhole, isPermanent }: Deletion,
): Promise<void> {
  if (!isWhole && isPermanent) return
  const gone = new Set(rows.map(({ version }) => version))
  const isKept = (row: RegistryVersionRow): boolean => row.deleted === 0 && !gone.has(row.version)
  if (!isWhole && (await readVersions(tx, name)).some(isKept)) return
  const [association] = await associationsOfSubject(tx, name)
  if (association !== undefined) throw registryErrors.associationOfSubjectExists(qualified(name))
}

/** @throws RegistryError 42206 */
async function assertUnreferenced(
  tx: ReadTransaction,
  name: SubjectName,
  version: number,
): Promise<void> {
  const referrers = await readReferrers(tx, name, version)
  if (referrers.length === 0) return
  const by = `ids ${referrers.slice(0, 10).join(', ')}`
  throw registryErrors.referenceExists(qualified(name), version, by)
}

/** Of what is deleted, and of what it refers to. */
async function contextsOf(
  tx: ReadTransaction,
  { context }: SubjectName,
  { rows, isPermanent }: Deletion,
): Promise<string[]> {
  if (!isPermanent) return [context]
  const ids = rows.map(({ schemaId }) => schemaId)
  const schemas = await readSchemas(tx, context, ids)
  const referred = schemas.flatMap((schema) => schema?.references ?? [])
  return [context, ...referred.map(({ subject }) => ofReference(context, subject).context)]
}

async function hide(
  tx: Transaction,
  { context, subject }: SubjectName,
  { rows, isWhole }: Deletion,
): Promise<void> {
  await tx.put(
    registryVersions,
    rows.map((row) => ({ ...row, deleted: 1 })),
  )
  const [counts] = await tx.get(registrySubjects, [[context, subject]])
  if (counts !== undefined) {
    await tx.put(registrySubjects, [{ ...counts, live: counts.live - rows.length }])
  }
  if (isWhole) await deleteSettings(tx, context, subject)
}

async function deleteSettings(tx: Transaction, context: string, subject: string): Promise<void> {
  const keys = ['config', 'mode'].map((kind) => [context, subject, kind])
  await tx.delete(registrySettings, keys)
}

async function erase(
  tx: Transaction,
  { context, subject }: SubjectName,
  { rows, isWhole }: Deletion,
): Promise<void> {
  if (isWhole) await deleteSettings(tx, context, subject)
  await tx.delete(
    registryVersions,
    rows.map(({ version }) => [context, subject, version]),
  )
  await tx.delete(
    registryUses,
    rows.map(({ schemaId, version }) => [context, schemaId, subject, version]),
  )
  const [counts] = await tx.get(registrySubjects, [[context, subject]])
  if (counts !== undefined) {
    const versions = counts.versions - rows.length
    if (versions > 0) await tx.put(registrySubjects, [{ ...counts, versions }])
    else await tx.delete(registrySubjects, [[context, subject]])
  }
  for (const schemaId of new Set(rows.map((row) => row.schemaId))) {
    if ((await readUses(tx, context, schemaId)).length === 0)
      await eraseSchema(tx, context, schemaId)
  }
}

/** Nobody uses it any more. */
async function eraseSchema(tx: Transaction, context: string, schemaId: number): Promise<void> {
  const [schema] = await readSchemas(tx, context, [schemaId])
  if (schema === undefined) return
  const references = schema.references.map((each) => {
    const name = ofReference(context, each.subject)
    return [name.context, name.subject, each.version, context, schemaId]
  })
  if (references.length > 0) await tx.delete(registryReferences, references)
  await tx.delete(registryHashes, [[schema.hash, context]])
  await tx.delete(registrySchemas, [[context, schemaId]])
}
