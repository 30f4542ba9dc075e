/**
 * Raises a partition's log start and lets go of the extents below it; an object that loses its last
 * extent becomes garbage in the same transaction. Every step is bounded and may be the last one
 * before a crash: what is left below a log start goes with the next call.
 */
import { noteChange } from './change-log.ts'
import type { CatalogDatabase, Transaction } from './database.ts'
import {
  type ExtentRow,
  extents,
  objects,
  objectUses,
  type PartitionRow,
  partitions,
} from './schema.ts'
import { abortedRanges } from './schema-transactions.ts'

/** Extents let go of in one transaction. */
export const extentsPerDrop = 1_000

export interface DroppedExtents {
  /** Where the log starts now; undefined where the partition is gone. */
  readonly logStart: number | undefined
  readonly extents: number
  readonly bytes: number
  /** Objects that nothing names any more. */
  readonly objects: number
  /** True where none is left to let go of. */
  readonly isDone: boolean
}

/**
 * Raises the log start to `offset` (never lowers it, never beyond the log end), and deletes the
 * extents that lie below it, at most `extentsPerDrop`. To be repeated until it is done.
 *
 * @throws Failure 'unavailable': nothing was written. 'unknown-outcome': call again.
 */
export function raiseLogStart(
  database: CatalogDatabase,
  partitionId: number,
  offset: number,
  nowMs: number,
): Promise<DroppedExtents> {
  return database.transaction('raise log start', async (tx) => {
    const [row] = await tx.lock(partitions, [[partitionId]], 'exclusive')
    if (row === undefined) {
      return { logStart: undefined, extents: 0, bytes: 0, objects: 0, isDone: true }
    }
    const logStart = Math.max(row.logStart, Math.min(offset, row.logEnd))
    if (logStart > row.logStart) await tx.put(partitions, [{ ...row, logStart }])
    const dropped = await dropExtents(tx, row, logStart, nowMs)
    const isNews = logStart > row.logStart || dropped.extents > 0
    await noteChange(tx, { kind: 'partition', names: isNews ? [partitionId] : [] })
    return { logStart, ...dropped }
  })
}

/**
 * Deletes extents that end at or below `offset`, and aborted ranges that end below it. The
 * partition's row is locked exclusively.
 */
export async function dropExtents(
  tx: Transaction,
  row: PartitionRow,
  offset: number,
  nowMs: number,
): Promise<Omit<DroppedExtents, 'logStart'>> {
  const dropped = await dropPage(tx, row, offset, nowMs)
  const isLast = await dropAborted(tx, row, offset)
  return { ...dropped, isDone: dropped.isDone && isLast }
}

/** Nobody asks for what ended before the log starts; false where there may be more of it. */
async function dropAborted(
  tx: Transaction,
  { partitionId }: PartitionRow,
  offset: number,
): Promise<boolean> {
  const limit = extentsPerDrop
  const gone = await tx.scan(abortedRanges, { prefix: [partitionId], before: [offset], limit })
  const keys = gone.map(({ lastOffset }) => [partitionId, lastOffset])
  if (keys.length > 0) await tx.delete(abortedRanges, keys)
  return gone.length < limit
}

async function dropPage(
  tx: Transaction,
  { partitionId }: PartitionRow,
  offset: number,
  nowMs: number,
): Promise<Omit<DroppedExtents, 'logStart'>> {
  const page = await tx.scan(extents, { prefix: [partitionId], limit: extentsPerDrop })
  const dropped = page.filter((extent) => extent.nextOffset <= offset)
  if (dropped.length === 0) return { extents: 0, bytes: 0, objects: 0, isDone: true }
  await tx.delete(
    extents,
    dropped.map(({ baseOffset }) => [partitionId, baseOffset]),
  )
  const garbage = await releaseExtents(tx, partitionId, dropped, nowMs)
  const bytes = dropped.reduce((sum, { length }) => sum + length, 0)
  const isDone = dropped.length < extentsPerDrop
  return { extents: dropped.length, bytes, objects: garbage, isDone }
}

/**
 * Counts the extents of a locked partition down that were let go of; what the partition names no
 * more may be named by nobody. Resolves with how many objects became garbage.
 */
export async function releaseExtents(
  tx: Transaction,
  partitionId: number,
  dropped: readonly ExtentRow[],
  nowMs: number,
): Promise<number> {
  const counts = new Map<string, number>()
  for (const { objectId } of dropped) counts.set(objectId, (counts.get(objectId) ?? 0) + 1)
  const keys = [...counts.keys()].toSorted().map((objectId) => [objectId, partitionId])
  const left: string[] = []
  for (const use of await tx.get(objectUses, keys)) {
    if (use === undefined) continue
    const count = use.extents - (counts.get(use.objectId) ?? 0)
    if (count > 0) await tx.put(objectUses, [{ ...use, extents: count }])
    else left.push(use.objectId)
  }
  if (left.length === 0) return 0
  await tx.delete(
    objectUses,
    left.map((objectId) => [objectId, partitionId]),
  )
  return discardUnnamed(tx, left, nowMs)
}

/**
 * Locked first, then looked at: of two transactions that each take away one of the last two names,
 * the second sees that nothing is left.
 */
async function discardUnnamed(
  tx: Transaction,
  objectIds: readonly string[],
  nowMs: number,
): Promise<number> {
  const rows = await tx.lock(
    objects,
    objectIds.map((objectId) => [objectId]),
    'exclusive',
  )
  let discarded = 0
  for (const row of rows) {
    const named = await tx.scan(objectUses, { prefix: [row.objectId], limit: 1 })
    if (named.length > 0 || row.state !== 'live') continue
    await tx.put(objects, [{ ...row, state: 'garbage', unnamedMs: nowMs }])
    discarded++
  }
  return discarded
}
