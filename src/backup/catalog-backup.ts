/**
 * Copies the whole catalog into the store, as of one snapshot: parts of bounded size, and last the
 * manifest that makes them a backup. Rows are packed while they are read, so that the snapshot is
 * short and nothing but its own statements is waited for; what is stored then is no affair of the
 * database's.
 */
import { crc32c } from '../base/crc32c.ts'
import { Failure, isFailure } from '../base/errors.ts'
import { formatIsoTime } from '../base/iso-time.ts'
import {
  backupManifestId,
  backupManifests,
  backupPartId,
  backupParts,
} from '../catalog/backup-key.ts'
import type { CatalogReader, ReadTransaction } from '../catalog/database.ts'
import { schemaLevel } from '../catalog/migrations.ts'
import { catalogTables } from '../catalog/schema.ts'
import { type Key, keyOf, type Table } from '../catalog/table.ts'
import { objectKey } from '../log/stored-runs.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import {
  type BackupManifest,
  backupIdOf,
  type BackupPart,
  decodeManifestFile,
  encodeManifestFile,
} from './backup-manifest.ts'
import { encodePart, rowLine } from './table-part.ts'

/** Rows of one statement: some milliseconds of this thread. */
const pageRows = 2_000
/** A part before it is compressed, unless one row is larger: some milliseconds to pack. */
const partBytesMax = 1024 * 1024
/** Kept in memory, compressed, until the snapshot is over: some ten million rows. */
const heldBytesMax = 512 * 1024 * 1024
/** A manifest of 100,000 parts. */
const manifestBytesMax = 16 * 1024 * 1024
/** Keys deleted or listed together. */
const listMax = 1_000

export interface BackupPlace {
  readonly objects: ObjectStore
  readonly clusterId: string
}

interface HeldPart extends BackupPart {
  readonly stored: Uint8Array
}

/**
 * Resolves with the manifest once the backup is whole.
 *
 * @throws Failure 'overloaded': the catalog is too large for this. 'unavailable' | 'unknown-outcome':
 *   no backup was made; what was stored of it goes with the next.
 */
export async function backUp(
  catalog: CatalogReader,
  { objects, clusterId }: BackupPlace,
  nowMs: number,
): Promise<BackupManifest> {
  const held = await catalog.snapshot('back up', readAll)
  const backupId = backupIdOf(formatIsoTime(nowMs))
  for (const { part, stored } of held) {
    await objects.put(objectKey(clusterId, backupPartId(backupId, part)), [stored])
  }
  const parts = held.map(({ part, table, rows, bytes, checksum }) => {
    return { part, table, rows, bytes, checksum }
  })
  const manifest = { backupId, clusterId, schemaLevel, createdMs: nowMs, parts }
  const file = encodeManifestFile(manifest)
  await objects.put(objectKey(clusterId, backupManifestId(backupId)), [file])
  return { format: 1, ...manifest }
}

async function readAll(tx: ReadTransaction): Promise<HeldPart[]> {
  const held: HeldPart[] = []
  let heldBytes = 0
  for (const table of catalogTables) {
    let lines: string[] = []
    let plainBytes = 0
    const close = (): void => {
      if (lines.length === 0) return
      const stored = encodePart(table, lines)
      const part = { part: held.length, table: table.name, rows: lines.length }
      held.push({ ...part, bytes: stored.length, checksum: crc32c(stored), stored })
      heldBytes += stored.length
      if (heldBytes > heldBytesMax) throw tooLarge()
      lines = []
      plainBytes = 0
    }
    for await (const row of rowsIn(tx, table)) {
      const line = rowLine(table, row)
      lines.push(line)
      plainBytes += line.length
      if (plainBytes >= partBytesMax) close()
    }
    close()
  }
  return held
}

async function* rowsIn<Row extends object>(
  tx: ReadTransaction,
  table: Table<Row>,
): AsyncGenerator<Row, void, undefined> {
  for (let after: Key | undefined; ;) {
    const range = { prefix: [], limit: pageRows }
    const page = await tx.scan(table, after === undefined ? range : { ...range, after })
    yield* page
    const last = page.at(-1)
    if (last === undefined || page.length < pageRows) return
    after = keyOf(table, last)
  }
}

const tooLarge = (): Failure =>
  new Failure(
    'overloaded',
    `the catalog takes more than ${heldBytesMax} bytes, compressed: back it up with the ` +
      'database’s own means (docs/runbooks/catalog-backup.md)',
  )

export interface BackupList {
  /** The newest first. */
  readonly whole: readonly BackupManifest[]
  /** One for each manifest that is damaged or of a later release: it names it. */
  readonly unreadable: readonly Failure[]
}

/** One that is dropped meanwhile is not there. @throws Failure 'unavailable' */
export async function listBackups({ objects, clusterId }: BackupPlace): Promise<BackupList> {
  const whole: BackupManifest[] = []
  const unreadable: Failure[] = []
  for await (const key of keysOf(objects, objectKey(clusterId, backupManifests))) {
    try {
      whole.push(await readManifestAt(objects, key))
    } catch (error) {
      if (isFailure(error, 'corrupt') || isFailure(error, 'invalid')) unreadable.push(error)
      // A broker keeps the newest few and deletes others, also between the list and this read.
      else if (!isFailure(error, 'not-found')) throw error
    }
  }
  return { whole: whole.toReversed(), unreadable }
}

/** @throws Failure 'not-found': there is no such backup. 'corrupt' | 'invalid' | 'unavailable'. */
export async function readManifest(
  { objects, clusterId }: BackupPlace,
  backupId: string,
): Promise<BackupManifest> {
  const key = objectKey(clusterId, backupManifestId(backupId))
  const found = await readManifestAt(objects, key)
  if (found.clusterId === clusterId) return found
  throw new Failure('conflict', `backup ${backupId} is of cluster ${found.clusterId}`)
}

async function readManifestAt(objects: ObjectStore, key: string): Promise<BackupManifest> {
  const stored = await objects.stat(key)
  if (stored === undefined) throw new Failure('not-found', `there is no backup ${key}`)
  if (stored.size > manifestBytesMax) throw new Failure('corrupt', `${key} is no manifest`)
  return decodeManifestFile(await objects.read(key, 0, stored.size), key)
}

/** The id of the newest backup; undefined where there is none. @throws Failure 'unavailable' */
export async function newestBackup({
  objects,
  clusterId,
}: BackupPlace): Promise<string | undefined> {
  const prefix = objectKey(clusterId, backupManifests)
  let newest: string | undefined
  for await (const key of keysOf(objects, prefix)) newest = backupIdIn(key, prefix)
  return newest
}

const backupIdIn = (key: string, prefix: string): string =>
  key.slice(prefix.length, -'.json'.length)

/**
 * Deletes all but the newest `kept` backups, and parts of backups that never became whole.
 * Resolves with how many backups went.
 *
 * @throws Failure 'unavailable': the rest goes the next time.
 */
export async function dropOldBackups(place: BackupPlace, kept: number): Promise<number> {
  const { objects, clusterId } = place
  const prefix = objectKey(clusterId, backupManifests)
  const keys: string[] = []
  for await (const key of keysOf(objects, prefix)) keys.push(key)
  const ids = keys.map((key) => backupIdIn(key, prefix))
  const staying = new Set(ids.slice(-kept))
  // The manifest first: a backup whose parts are going is none any more.
  for (const [at, id] of ids.entries()) {
    if (!staying.has(id)) await objects.delete(keys[at] as string)
  }
  const newest = ids.at(-1)
  const partsPrefix = objectKey(clusterId, backupParts('')).replace(/\/$/, '')
  for await (const key of keysOf(objects, partsPrefix)) {
    const id =
      key
        .slice(partsPrefix.length)
        .split('/')
        .find((word) => word !== '') ?? ''
    // Parts that are newer than every manifest may be of a backup under way.
    if (!staying.has(id) && newest !== undefined && id < newest) await objects.delete(key)
  }
  return ids.length - staying.size
}

async function* keysOf(
  objects: ObjectStore,
  prefix: string,
): AsyncGenerator<string, void, undefined> {
  for (let after: string | undefined; ;) {
    const page = await objects.list(prefix, after, listMax)
    for (const { key } of page) yield key
    after = page.at(-1)?.key
    if (page.length < listMax) return
  }
}
