/** Data encryption keys: of a subject, by algorithm and version, wrapped with a key of a service. */
import type { CatalogDatabase, ReadTransaction, Transaction } from '../../catalog/database.ts'
import {
  registryDeks,
  type RegistryDekRow,
  registryKeks,
  type RegistryKekRow,
} from '../../catalog/schema-keys.ts'
import { registryErrors } from '../registry-error.ts'
import type { VersionChoice } from '../subject-version.ts'
import { changeKek, readKek } from './keks.ts'

/** Of one KEK: subjects times rotations. They are listed in pages. */
const deksPerKekMax = 100_000
/** A wrapped key is some hundred bytes, whatever the service. */
const wrappedCharsMax = 16_384
/** Rows read at once. */
const pageRows = 1_000

export type DekAlgorithm = 'AES128_GCM' | 'AES256_GCM' | 'AES256_SIV'

const algorithms: readonly DekAlgorithm[] = ['AES128_GCM', 'AES256_GCM', 'AES256_SIV']

/** @throws RegistryError 42271 */
export function algorithmOf(text: string | undefined): DekAlgorithm {
  if (text === undefined || text === '') return 'AES256_GCM'
  const algorithm = algorithms.find((each) => each === text.toUpperCase())
  if (algorithm !== undefined) return algorithm
  throw registryErrors.invalidKey('algorithm', `there is ${algorithms.join(', ')}`)
}

/** The keys of a subject, all versions of one algorithm. */
export interface DekName {
  readonly kekName: string
  /** Qualified. */
  readonly subject: string
  readonly algorithm: DekAlgorithm
}

export interface DekRequest {
  readonly version: number
  /** Base64. */
  readonly encryptedKeyMaterial: string | undefined
  /** Where keys are carried over from another registry. */
  readonly deleted: boolean
  /** The same key, wrapped anew, in place of what is there. */
  readonly rewrap: boolean
}

/**
 * Creating a deleted one with the same bytes brings it back.
 *
 * @throws RegistryError 40470, 40971, 40972, 42202, 42271
 * @throws Failure 'unavailable' | 'unknown-outcome'
 */
export function createDek(
  database: CatalogDatabase,
  name: DekName,
  request: DekRequest,
  nowMs: number,
): Promise<RegistryDekRow> {
  const { kekName, subject, algorithm } = name
  const { version } = request
  if (version < 1 || version >= 2 ** 31) throw registryErrors.invalidVersion(`${version}`)
  const encryptedKey = wrappedKeyOf(request.encryptedKeyMaterial)
  return changeKek(database, kekName, 'create dek', async (tx, kek) => {
    if (kek.deleted === 1 && !request.deleted) throw registryErrors.keyNotFound(kekName)
    const [before] = await tx.get(registryDeks, [[kekName, subject, algorithm, version]])
    const deleted = request.deleted ? 1 : 0
    const isBack = before?.deleted !== deleted && before?.encryptedKey === encryptedKey
    if (before !== undefined && !request.rewrap && !isBack) throw registryErrors.keyExists(subject)
    if (before === undefined) await count(tx, kek, 1)
    const row = { ...name, version, encryptedKey, deleted, changedMs: nowMs }
    await tx.put(registryDeks, [row])
    return row
  })
}

/** @throws RegistryError 40470 */
export async function readDek(
  tx: ReadTransaction,
  name: DekName,
  choice: VersionChoice,
  deleted: boolean,
): Promise<RegistryDekRow> {
  const { kekName, subject, algorithm } = name
  await readKek(tx, kekName, deleted)
  const isWanted = (row: RegistryDekRow): boolean => deleted || row.deleted === 0
  const rows =
    choice === 'latest'
      ? await readVersions(tx, name)
      : await tx.get(registryDeks, [[kekName, subject, algorithm, choice]])
  const found = rows.findLast((row) => row !== undefined && isWanted(row))
  if (found === undefined) throw registryErrors.keyNotFound(subject)
  return found
}

/** Subjects that have data keys below the KEK. @throws RegistryError 40470 */
export async function listDekSubjects(
  tx: ReadTransaction,
  kekName: string,
  deleted: boolean,
): Promise<string[]> {
  await readKek(tx, kekName, deleted)
  const subjects = new Set<string>()
  for await (const page of pagesOf(tx, [kekName])) {
    for (const row of page) if (deleted || row.deleted === 0) subjects.add(row.subject)
  }
  return [...subjects]
}

/** @throws RegistryError 40470 */
export async function listDekVersions(
  tx: ReadTransaction,
  name: DekName,
  deleted: boolean,
): Promise<number[]> {
  await readKek(tx, name.kekName, deleted)
  const rows = await readVersions(tx, name)
  return rows.filter((row) => deleted || row.deleted === 0).map(({ version }) => version)
}

/**
 * Deletes one version, or all of the algorithm's.
 *
 * @throws RegistryError 40470, 40471: for good only after softly.
 */
export function deleteDeks(
  database: CatalogDatabase,
  name: DekName,
  choice: VersionChoice | 'all',
  isPermanent: boolean,
  nowMs: number,
): Promise<void> {
  return changeKek(database, name.kekName, 'delete deks', async (tx, kek) => {
    const rows = await chosen(tx, name, choice)
    if (!isPermanent) {
      const live = rows.filter(({ deleted }) => deleted === 0)
      await tx.put(
        registryDeks,
        live.map((row) => ({ ...row, deleted: 1, changedMs: nowMs })),
      )
      return
    }
    if (rows.some(({ deleted }) => deleted === 0)) {
      throw registryErrors.keyNotSoftDeleted(name.subject)
    }
    const keys = rows.map((row) => [row.kekName, row.subject, row.algorithm, row.version])
    await tx.delete(registryDeks, keys)
    await count(tx, kek, -rows.length)
  })
}

/** @throws RegistryError 40470, 40472: the KEK is deleted. */
export function undeleteDeks(
  database: CatalogDatabase,
  name: DekName,
  choice: VersionChoice | 'all',
  nowMs: number,
): Promise<void> {
  return changeKek(database, name.kekName, 'undelete deks', async (tx, kek) => {
    const rows = await chosen(tx, name, choice)
    if (kek.deleted === 1) throw registryErrors.keySoftDeleted(name.kekName)
    const deleted = rows.filter((row) => row.deleted === 1)
    await tx.put(
      registryDeks,
      deleted.map((row) => ({ ...row, deleted: 0, changedMs: nowMs })),
    )
  })
}

async function chosen(
  tx: ReadTransaction,
  name: DekName,
  choice: VersionChoice | 'all',
): Promise<RegistryDekRow[]> {
  const rows = await readVersions(tx, name)
  const some =
    choice === 'all'
      ? rows
      : choice === 'latest'
        ? rows.slice(-1)
        : rows.filter(({ version }) => version === choice)
  if (some.length === 0) throw registryErrors.keyNotFound(name.subject)
  return some
}

async function readVersions(
  tx: ReadTransaction,
  { kekName, subject, algorithm }: DekName,
): Promise<RegistryDekRow[]> {
  const rows: RegistryDekRow[] = []
  for await (const page of pagesOf(tx, [kekName, subject, algorithm])) rows.push(...page)
  return rows
}

async function* pagesOf(
  tx: ReadTransaction,
  prefix: readonly string[],
): AsyncGenerator<readonly RegistryDekRow[]> {
  for (let after: readonly (string | number)[] | undefined; ;) {
    const from = after === undefined ? {} : { after }
    const page = await tx.scan(registryDeks, { prefix, ...from, limit: pageRows })
    yield page
    const last = page.at(-1)
    if (last === undefined || page.length < pageRows) return
    const { kekName, subject, algorithm, version } = last
    after = [kekName, subject, algorithm, version].slice(prefix.length)
  }
}

/** @throws RegistryError 40972 */
async function count(tx: Transaction, kek: RegistryKekRow, change: number): Promise<void> {
  const deks = kek.deks + change
  if (deks > deksPerKekMax) throw registryErrors.tooManyKeys(deksPerKekMax)
  await tx.put(registryKeks, [{ ...kek, deks }])
}

/** @throws RegistryError 42271 */
function wrappedKeyOf(text: string | undefined): string {
  const field = 'encryptedKeyMaterial'
  if (text === undefined || text === '') {
    throw registryErrors.invalidKey(field, 'the client wraps the key, this registry cannot')
  }
  if (text.length > wrappedCharsMax || !/^[A-Za-z0-9+/]+={0,2}$/.test(text)) {
    throw registryErrors.invalidKey(field, `up to ${wrappedCharsMax} characters of base64`)
  }
  return text
}
