/**
 * Puts a backup into an empty catalog. From its first row on the catalog is in rescue: no broker
 * works with it before what happened after the backup has been looked for (see rescue.ts). A
 * restore that was cut off is repeated from its beginning.
 */
import { crc32c } from '../base/crc32c.ts'
import { Failure } from '../base/errors.ts'
import { backupPartId } from '../catalog/backup-key.ts'
import type { CatalogDatabase, Transaction } from '../catalog/database.ts'
import { schemaLevel } from '../catalog/migrations.ts'
import { readRescue, rescueFact, type RescueState, writeRescue } from '../catalog/rescue-state.ts'
import { catalogTables, type ClusterFactRow, clusterFacts, leases } from '../catalog/schema.ts'
import { brokers, placements } from '../catalog/schema-fleet.ts'
import { compareKeys, type Key, keyOf, keyText, type Table } from '../catalog/table.ts'
import { objectKey } from '../log/stored-runs.ts'
import type { BackupManifest, BackupPart } from './backup-manifest.ts'
import type { BackupPlace } from './catalog-backup.ts'
import { decodePart } from './table-part.ts'

type AnyTable = Table<never>

/** Rows written in one transaction: some ten milliseconds. */
const rowsPerStep = 1_000

/** What says who works with the catalog now: nobody does. */
const leftOut = [leases, brokers, placements] as readonly AnyTable[]

export interface Restored {
  readonly rows: number
  /** Rows whose guarding row is not in the backup: they meant nothing. */
  readonly dropped: number
}

/**
 * @throws Failure 'conflict': the catalog is not empty. 'invalid': the backup is of another release.
 *   'corrupt': a part of it is damaged; nothing can be done with what was written but another
 *   restore. 'unavailable' | 'unknown-outcome': restore again.
 */
export async function restore(
  database: CatalogDatabase,
  place: BackupPlace,
  manifest: BackupManifest,
  nowMs: number,
  progress: (text: () => string) => void,
): Promise<Restored> {
  const { backupId, createdMs } = manifest
  if (manifest.schemaLevel !== schemaLevel) {
    throw new Failure(
      'invalid',
      `backup ${backupId} has schema level ${manifest.schemaLevel}, and this release writes ` +
        `${schemaLevel}: restore it with the release that made it`,
    )
  }
  const state: RescueState = {
    reason: 'restored',
    backupId,
    backupMs: createdMs,
    sinceMs: nowMs,
    isLoaded: false,
    firstObject: -1,
  }
  await begin(database, state)
  const done = { rows: 0, dropped: 0 }
  for (const part of manifest.parts) {
    const table = catalogTables.find(({ name }) => name === part.table)
    if (table === undefined) throw new Failure('invalid', `backup ${backupId} has ${part.table}`)
    if (leftOut.includes(table)) continue
    await load(database, table, await readPart(place, backupId, part, table), done)
    progress(() => `${done.rows} rows restored`)
  }
  await writeRescue(database, { ...state, isLoaded: true })
  return done
}

/** Into an empty catalog, or one in which this restore was begun before. */
async function begin(database: CatalogDatabase, state: RescueState): Promise<void> {
  const before = await readRescue(database)
  if (before !== undefined && !before.isLoaded && before.backupId === state.backupId) return
  const isEmpty = await database.snapshot('is empty', async (tx) => {
    const facts = await tx.scan(clusterFacts, { prefix: [], limit: 1 })
    return facts.length === 0
  })
  if (!isEmpty) {
    throw new Failure(
      'conflict',
      'the catalog is not empty: name an empty database, or another schema of it (?schema=…)',
    )
  }
  await writeRescue(database, state)
}

async function readPart(
  { objects, clusterId }: BackupPlace,
  backupId: string,
  { part, bytes, checksum, rows }: BackupPart,
  table: AnyTable,
): Promise<object[]> {
  const key = objectKey(clusterId, backupPartId(backupId, part))
  const stored = await objects.read(key, 0, bytes)
  if (crc32c(stored) !== checksum) {
    throw new Failure('corrupt', `${key} is damaged: take another backup`)
  }
  const found = decodePart(table, stored)
  if (found.length === rows) return found
  throw new Failure('corrupt', `${key} has ${found.length} rows, not ${rows}: take another backup`)
}

async function load(
  database: CatalogDatabase,
  table: AnyTable,
  rows: readonly object[],
  done: { rows: number; dropped: number },
): Promise<void> {
  const isFacts = table === (clusterFacts as AnyTable)
  const kept = isFacts ? rows.filter((row) => (row as ClusterFactRow).name !== rescueFact) : rows
  for (let at = 0; at < kept.length; at += rowsPerStep) {
    const some = kept.slice(at, at + rowsPerStep)
    const written = await database.transaction('restore rows', (tx) => putRows(tx, table, some))
    done.rows += written
    done.dropped += some.length - written
  }
}

/** Under the locks that the order of the catalog wants. */
async function putRows(tx: Transaction, table: AnyTable, rows: readonly object[]): Promise<number> {
  const { guard } = table
  let sound = rows
  if (guard !== undefined) {
    const guarding = catalogTables.find(({ name }) => name === guard.table) as AnyTable
    const guardOf = (row: object): Key =>
      guard.columns.map((name) => (row as Record<string, never>)[name]!)
    const keys = new Map(rows.map((row) => [keyText(guardOf(row)), guardOf(row)]))
    const sorted = [...keys.values()].toSorted(compareKeys)
    const held = await tx.lock(guarding, sorted, 'exclusive')
    const there = new Set(held.map((row) => keyText(keyOf(guarding, row))))
    sound = rows.filter((row) => there.has(keyText(guardOf(row))))
  }
  if (sound.length > 0) await tx.put(table, sound as never[])
  return sound.length
}
