/**
 * Writes a log that was put together again, in one transaction: its extents, which tile it, markers
 * that end what was open, and an end beyond every offset that can have been given.
 */
import type { CatalogDatabase, Transaction } from '../catalog/database.ts'
import { encodeManifest, markerRun, type Run, type RunMarker } from '../catalog/manifest.ts'
import { encodeOutcomes } from '../catalog/outcomes.ts'
import { recentRows } from '../catalog/producer-states.ts'
import {
  type CommitLogRow,
  commitLog,
  type ExtentRow,
  extents,
  objects,
  objectUses,
  partitions,
  producerStates,
} from '../catalog/schema.ts'
import { compactions } from '../catalog/schema-compaction.ts'
import { abortedRanges, openTransactions } from '../catalog/schema-transactions.ts'
import type { GroupId } from '../journal/journal.ts'
import type { RescuedLog } from './rescue-log.ts'

/**
 * Offsets that are passed over: more than a partition can have been given since a backup, at a
 * million a second for an hour (pitfall C2).
 */
export const offsetGap: number = 2 ** 32

/** Producer epochs are 16 bits. */
const epochMax = 32_767

export interface WriteParts {
  readonly database: CatalogDatabase
  readonly leaderEpoch: number
  /** Of the group that holds the markers. */
  readonly groupId: GroupId
  /** Has no transactions: its marker is what leads readers over the gap. */
  readonly producerId: number
  readonly nowMs: number
  /** Sizes of packed objects that may be named for the first time. */
  readonly sizes: ReadonlyMap<string, number>
}

export interface WrittenLog {
  readonly logStart: number
  readonly logEnd: number
  /** Transactions that were ended because nothing told how they had. */
  readonly aborted: number
}

/** @throws Failure 'unavailable' | 'unknown-outcome': run the rescue again. */
export async function writeLog(
  parts: WriteParts,
  log: RescuedLog,
  copied: readonly Run[],
): Promise<WrittenLog> {
  const { database, leaderEpoch, groupId, producerId, nowMs } = parts
  const { row, replay } = log
  const open = replay.open()
  const logEnd = Math.max(log.end, row.logEnd) + offsetGap
  const packedEnd = logEnd - open.length - 1
  const markers = open.map(({ producerId: id, epoch }, index) => {
    const marker = markerOf(id, Math.min(epoch + 1, epochMax), nowMs)
    replay.marker(packedEnd + index, marker)
    return markerRun(row.partitionId, packedEnd + index, marker, leaderEpoch)
  })
  const last = markerOf(producerId, 0, nowMs)
  markers.push(markerRun(row.partitionId, logEnd - 1, last, leaderEpoch))
  const all = [...log.kept, ...copied].toSorted((a, b) => a.baseOffset - b.baseOffset)
  const named = tiled(all, packedEnd).map((run) => extentOf(run, nowMs))
  const logStart = Math.max(row.logStart, Math.min(named[0]?.baseOffset ?? packedEnd, packedEnd))
  // Who wrote since the catalog was of this state may have been lost with it.
  const producersKnownFrom = Math.max(row.producersKnownFrom, producerId)
  const ends = { logStart, logEnd, packedEnd, leaderEpoch }
  const after = { ...row, ...ends, producersKnownFrom, recentProducers: null }
  await database.transaction('rescue log', async (tx) => {
    await tx.insert(commitLog, [markerGroup(groupId, markers, nowMs)])
    await tx.lock(partitions, [[row.partitionId]], 'exclusive')
    await tx.put(partitions, [after])
    await writeProducers(tx, log)
    await writeExtents(tx, log, named)
    await writeUses(tx, log, named, parts)
  })
  return { logStart, logEnd, aborted: open.length }
}

const markerOf = (producerId: number, producerEpoch: number, timestampMs: number): RunMarker => ({
  type: 'abort',
  producerId,
  producerEpoch,
  coordinatorEpoch: 0,
  timestampMs,
  transactionVersion: 0,
})

function markerGroup(
  { incarnation, groupNumber }: GroupId,
  markers: readonly Run[],
  createdMs: number,
): CommitLogRow {
  return {
    incarnation,
    groupNumber,
    state: 'committed',
    objectId: '',
    position: 0,
    length: 0,
    createdMs,
    manifest: encodeManifest(markers, 0),
    outcomes: encodeOutcomes([]),
    changes: null,
  }
}

/** Each reaches to the next: what is lost in between is passed over, as what was compacted away. */
function tiled(runs: readonly Run[], end: number): Run[] {
  return runs.map((run, index) => {
    return { ...run, nextOffset: runs[index + 1]?.baseOffset ?? end }
  })
}

function extentOf(run: Run, createdMs: number): ExtentRow {
  const { marker: _, ...place } = run
  return { ...place, createdMs }
}

async function writeProducers(tx: Transaction, { row, replay, open }: RescuedLog): Promise<void> {
  const { partitionId } = row
  const states = replay.states()
  const changed = new Set(states.map(({ producerId }) => producerId))
  // Nobody has a place in the partition's row now: commits give them anew.
  states.push(...recentRows(row).filter(({ producerId }) => !changed.has(producerId)))
  if (states.length > 0) await tx.put(producerStates, states)
  const ended = open.map(({ firstOffset }) => [partitionId, firstOffset])
  if (ended.length > 0) await tx.delete(openTransactions, ended)
  if (replay.aborted.length > 0) await tx.put(abortedRanges, replay.aborted)
}

async function writeExtents(
  tx: Transaction,
  { row, extents: before }: RescuedLog,
  named: readonly ExtentRow[],
): Promise<void> {
  const known = new Map(before.map((extent) => [extent.baseOffset, extent]))
  const bases = new Set(named.map(({ baseOffset }) => baseOffset))
  const gone = before.filter(({ baseOffset }) => !bases.has(baseOffset))
  if (gone.length > 0) {
    await tx.delete(
      extents,
      gone.map(({ baseOffset }) => [row.partitionId, baseOffset]),
    )
  }
  const changed = named.filter(({ baseOffset, nextOffset, objectId, position }) => {
    const old = known.get(baseOffset)
    const isSame = old?.objectId === objectId && old.position === position
    return !isSame || old.nextOffset !== nextOffset
  })
  const kept = changed.map((extent) => {
    const old = known.get(extent.baseOffset)
    const isMoved = old?.objectId !== extent.objectId
    return isMoved ? extent : { ...extent, createdMs: old.createdMs }
  })
  if (kept.length > 0) await tx.put(extents, kept)
  // What was clean may have been replaced by what was not.
  const [compaction] = await tx.get(compactions, [[row.partitionId]])
  const firstNew = changed[0]?.baseOffset
  if (compaction === undefined || firstNew === undefined) return
  const cleanEnd = Math.min(compaction.cleanEnd, firstNew)
  await tx.put(compactions, [{ ...compaction, cleanEnd }])
}

/** Counts anew what the partition names, under the locks of all objects it named or names. */
async function writeUses(
  tx: Transaction,
  { row, uses, extents: before }: RescuedLog,
  named: readonly ExtentRow[],
  { sizes, nowMs }: WriteParts,
): Promise<void> {
  const { partitionId } = row
  const counts = new Map<string, number>()
  for (const { objectId } of [...uses, ...before]) counts.set(objectId, 0)
  for (const { objectId } of named) counts.set(objectId, (counts.get(objectId) ?? 0) + 1)
  const ids = [...counts.keys()].toSorted()
  if (ids.length === 0) return
  const rows = await tx.lock(
    objects,
    ids.map((id) => [id]),
    'exclusive',
  )
  const gone = ids.filter((id) => counts.get(id) === 0)
  const using = ids.filter((id) => counts.get(id) !== 0)
  const found = using.map((objectId) => {
    return { objectId, partitionId, extents: counts.get(objectId) ?? 0 }
  })
  if (found.length > 0) await tx.put(objectUses, found)
  if (gone.length > 0) {
    await tx.delete(
      objectUses,
      gone.map((id) => [id, partitionId]),
    )
  }
  for (const object of rows) {
    const isUsed = (counts.get(object.objectId) ?? 0) > 0
    if (isUsed && object.state !== 'live') {
      const size = sizes.get(object.objectId) ?? object.size
      await tx.put(objects, [{ ...object, state: 'live', size, unnamedMs: null }])
    }
    if (isUsed || object.state !== 'live') continue
    const others = await tx.scan(objectUses, { prefix: [object.objectId], limit: 1 })
    if (others.length > 0) continue
    await tx.put(objects, [{ ...object, state: 'garbage', unnamedMs: nowMs }])
  }
}

/** Rows of objects that are about to be named, as packers claim them. */
export async function claimFound(
  database: CatalogDatabase,
  found: readonly {
    readonly objectId: string
    readonly size: number
    readonly modifiedMs: number
  }[],
): Promise<void> {
  const some = 500
  const sorted = found.toSorted((a, b) => (a.objectId < b.objectId ? -1 : 1))
  for (let at = 0; at < sorted.length; at += some) {
    await database.transaction('claim found', (tx) =>
      tx.insert(
        objects,
        sorted.slice(at, at + some).map(({ objectId, size, modifiedMs: createdMs }) => {
          const row = { objectId, kind: 'packed', state: 'writing', size } as const
          return { ...row, createdMs, unnamedMs: null }
        }),
      ),
    )
  }
}
