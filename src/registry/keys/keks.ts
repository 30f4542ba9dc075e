/**
 * Key encryption keys: names for keys that a key management service holds. Clients wrap their data
 * keys there; the registry never asks a service itself, and so never sees a key in the clear.
 */
import type { CatalogDatabase, ReadTransaction, Transaction } from '../../catalog/database.ts'
import { registryDeks, registryKeks, type RegistryKekRow } from '../../catalog/schema-keys.ts'
import { registryErrors } from '../registry-error.ts'

/** More are a client gone wrong; they are listed and counted in one statement. */
const keksMax = 10_000
const nameCharsMax = 256
/** Of properties and documentation together, as JSON. */
const detailCharsMax = 65_536
/** Rows read at once. */
const pageRows = 1_000

export interface KekRequest {
  readonly name: string
  readonly kmsType: string
  readonly kmsKeyId: string
  readonly kmsProps: Readonly<Record<string, string>>
  readonly doc?: string
  readonly shared: boolean
  /** Where keys are carried over from another registry. */
  readonly deleted: boolean
}

/** Absent: as it is. Null: nothing any more. */
export interface KekUpdate {
  readonly kmsProps?: Readonly<Record<string, string>> | null
  readonly doc?: string | null
  readonly shared?: boolean | null
}

/**
 * Creating a deleted one that is otherwise the same brings it back.
 *
 * @throws RegistryError 40971, 40972, 42271
 * @throws Failure 'unavailable' | 'unknown-outcome'
 */
export function createKek(
  database: CatalogDatabase,
  request: KekRequest,
  nowMs: number,
): Promise<RegistryKekRow> {
  const row = rowOf(request, nowMs)
  return database.transaction('create kek', async (tx) => {
    const all = await tx.scan(registryKeks, { prefix: [], limit: keksMax })
    const isKnown = all.some(({ kekName }) => kekName === row.kekName)
    if (all.length >= keksMax && !isKnown) throw registryErrors.tooManyKeys(keksMax)
    const [isNew] = await tx.insert(registryKeks, [row])
    if (isNew === true) return row
    const before = await lockKek(tx, row.kekName)
    if (before.deleted === row.deleted || !isSame(before, row)) {
      throw registryErrors.keyExists(row.kekName)
    }
    const after = { ...row, deks: before.deks }
    await tx.put(registryKeks, [after])
    return after
  })
}

/** @throws RegistryError 40470, 42271 */
export function updateKek(
  database: CatalogDatabase,
  name: string,
  { kmsProps, doc, shared }: KekUpdate,
  nowMs: number,
): Promise<RegistryKekRow> {
  assertNotShared(shared ?? false)
  return changeKek(database, name, 'update kek', async (tx, before) => {
    if (before.deleted === 1) throw registryErrors.keyNotFound(name)
    const after = {
      ...before,
      ...(kmsProps === undefined ? {} : { kmsProps: propsText(kmsProps ?? {}) }),
      ...(doc === undefined ? {} : { doc }),
    }
    assertDetails(after)
    if (isSame(before, after)) return before
    const changed = { ...after, changedMs: nowMs }
    await tx.put(registryKeks, [changed])
    return changed
  })
}

/** @throws RegistryError 40470, 40471, 42272: it has data keys; for good, deleted ones count, too. */
export function deleteKek(
  database: CatalogDatabase,
  name: string,
  isPermanent: boolean,
  nowMs: number,
): Promise<void> {
  return changeKek(database, name, 'delete kek', async (tx, kek) => {
    if (isPermanent ? kek.deks > 0 : await hasLiveDek(tx, name)) throw registryErrors.keyInUse(name)
    if (!isPermanent) {
      if (kek.deleted === 0) await tx.put(registryKeks, [{ ...kek, deleted: 1, changedMs: nowMs }])
      return
    }
    if (kek.deleted === 0) throw registryErrors.keyNotSoftDeleted(name)
    await tx.delete(registryKeks, [[name]])
  })
}

/** @throws RegistryError 40470 */
export function undeleteKek(database: CatalogDatabase, name: string, nowMs: number): Promise<void> {
  return changeKek(database, name, 'undelete kek', async (tx, kek) => {
    if (kek.deleted === 1) await tx.put(registryKeks, [{ ...kek, deleted: 0, changedMs: nowMs }])
  })
}

/** @throws RegistryError 40470, 42271 */
export async function readKek(
  tx: ReadTransaction,
  name: string,
  deleted: boolean,
): Promise<RegistryKekRow> {
  assertKeyName(name)
  const [row] = await tx.get(registryKeks, [[name]])
  if (row === undefined || (row.deleted === 1 && !deleted)) throw registryErrors.keyNotFound(name)
  return row
}

/** By name; with prefixes, those that have a data key of a subject that begins with one of them. */
export async function listKeks(
  tx: ReadTransaction,
  prefixes: readonly string[],
  deleted: boolean,
): Promise<string[]> {
  const all = await tx.scan(registryKeks, { prefix: [], limit: keksMax })
  const found = all.filter((row) => deleted || row.deleted === 0).map(({ kekName }) => kekName)
  if (prefixes.length === 0) return found
  const wanted: string[] = []
  for (const name of found) {
    const deks = await tx.scan(registryDeks, { prefix: [name], limit: pageRows })
    const isWanted = deks.some(
      (dek) =>
        (deleted || dek.deleted === 0) && prefixes.some((each) => dek.subject.startsWith(each)),
    )
    if (isWanted) wanted.push(name)
  }
  return wanted
}

/** Runs `change` under the lock of the key. @throws RegistryError 40470 */
export function changeKek<Result>(
  database: CatalogDatabase,
  name: string,
  what: string,
  change: (tx: Transaction, kek: RegistryKekRow) => Promise<Result>,
): Promise<Result> {
  assertKeyName(name)
  return database.transaction(what, async (tx) => change(tx, await lockKek(tx, name)))
}

async function lockKek(tx: Transaction, name: string): Promise<RegistryKekRow> {
  const [row] = await tx.lock(registryKeks, [[name]], 'exclusive')
  if (row === undefined) throw registryErrors.keyNotFound(name)
  return row
}

async function hasLiveDek(tx: ReadTransaction, name: string): Promise<boolean> {
  for (let after: readonly (string | number)[] | undefined; ;) {
    const from = after === undefined ? {} : { after }
    const page = await tx.scan(registryDeks, { prefix: [name], ...from, limit: pageRows })
    if (page.some(({ deleted }) => deleted === 0)) return true
    const last = page.at(-1)
    if (last === undefined || page.length < pageRows) return false
    after = [last.subject, last.algorithm, last.version]
  }
}

function rowOf(request: KekRequest, nowMs: number): RegistryKekRow {
  const { name, kmsKeyId, shared, doc = null } = request
  assertKeyName(name)
  assertNotShared(shared)
  const kmsType = serviceOf(request.kmsType)
  assertKeyId(kmsType, kmsKeyId)
  const kmsProps = propsText(request.kmsProps)
  const deleted = request.deleted ? 1 : 0
  const row = { kekName: name, kmsType, kmsKeyId, kmsProps, doc }
  assertDetails(row)
  return { ...row, deleted, deks: 0, changedMs: nowMs }
}

const propsText = (props: Readonly<Record<string, string>>): string =>
  JSON.stringify(Object.fromEntries(Object.entries(props).toSorted(([a], [b]) => (a < b ? -1 : 1))))

const isSame = (a: RegistryKekRow, b: RegistryKekRow): boolean =>
  a.kmsType === b.kmsType &&
  a.kmsKeyId === b.kmsKeyId &&
  a.kmsProps === b.kmsProps &&
  a.doc === b.doc

/** @throws RegistryError 42271 */
export function assertKeyName(name: string): void {
  if (name.length <= nameCharsMax && /^[\p{L}_][\p{L}\p{N}_-]*$/u.test(name)) return
  throw registryErrors.invalidKey(
    'name',
    `up to ${nameCharsMax} letters, digits, _ and -, and a letter or _ first`,
  )
}

/** @throws RegistryError 42271 */
function assertNotShared(shared: boolean): void {
  if (!shared) return
  throw registryErrors.invalidKey(
    'shared',
    'this registry asks no key management service, so that it never holds a key in the clear: ' +
      'set shared=false, and give clients access to the service',
  )
}

function assertDetails({ kmsProps, doc }: { kmsProps: string; doc: string | null }): void {
  if (kmsProps.length + (doc?.length ?? 0) <= detailCharsMax) return
  throw registryErrors.invalidKey(
    'kmsProps',
    `with doc it has more than ${detailCharsMax} characters`,
  )
}

function serviceOf(kmsType: string): string {
  const service = ['aws', 'azure', 'gcp'].find((each) => kmsType.toLowerCase().startsWith(each))
  if (kmsType === '') throw registryErrors.invalidKey('kmsType', 'it is empty')
  return service === undefined ? kmsType : `${service}-kms`
}

/** How a key's id begins at the services that clients know. */
const idStarts: Readonly<Record<string, readonly string[]>> = {
  'aws-kms': ['arn:aws:kms:'],
  'azure-kms': ['https://'],
  'gcp-kms': ['projects/'],
  hcvault: ['https://', 'http://'],
}

/** @throws RegistryError 42271 */
function assertKeyId(kmsType: string, kmsKeyId: string): void {
  if (kmsKeyId === '' || kmsKeyId.length > detailCharsMax) {
    throw registryErrors.invalidKey('kmsKeyId', 'it is empty, or too long')
  }
  const starts = idStarts[kmsType]
  if (starts === undefined || starts.some((each) => kmsKeyId.startsWith(each))) return
  throw registryErrors.invalidKey(
    'kmsKeyId',
    `one of ${kmsType} begins with ${starts.join(' or ')}`,
  )
}
