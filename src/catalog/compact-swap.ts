/**
 * Puts compacted extents in the place of others: the one transaction of compaction that decides.
 * What it replaces is named and checked in it; where one of them is not there any more, it is void
 * and its object cancelled, so that nothing comes back that retention or another broker took away.
 */
import { noteChange } from './change-log.ts'
import type { CatalogDatabase, ReadTransaction, Transaction } from './database.ts'
import { Failure } from '../base/errors.ts'
import type { PackedExtent } from './pack-swap.ts'
import { releaseExtents } from './retain-extents.ts'
import { type ExtentRow, extents, objects, objectUses, partitions } from './schema.ts'
import { type CompactionRow, compactions, neverCompacted } from './schema-compaction.ts'
import { abortedRanges, openTransactions } from './schema-transactions.ts'

/** Extents named in one swap, old ones and new ones: some milliseconds on SQLite. */
export const swapCompactedMax = 500

/** What a pass begins with, of one snapshot. */
export interface CompactionBasis {
  readonly topicId: string
  readonly partitionIndex: number
  readonly logStart: number
  /** Below it everything is packed, and every transaction is decided. */
  readonly decidedEnd: number
  /** The first dirty offset. */
  readonly cleanEnd: number
  /** When the next tombstone or marker may go; null: none waits. */
  readonly horizonMs: number | null
}

/** Undefined where the partition is gone. @throws Failure 'unavailable' */
export function readCompactionBasis(
  database: CatalogDatabase,
  partitionId: number,
): Promise<CompactionBasis | undefined> {
  return database.snapshot('read compaction', async (tx) => {
    const [row] = await tx.get(partitions, [[partitionId]])
    if (row === undefined) return undefined
    const [state] = await tx.get(compactions, [[partitionId]])
    const [open] = await tx.scan(openTransactions, { prefix: [partitionId], limit: 1 })
    const { topicId, partitionIndex, logStart, packedEnd } = row
    const decidedEnd = Math.min(packedEnd, open?.firstOffset ?? packedEnd)
    const { cleanEnd, horizonMs } = state ?? neverCompacted
    return { topicId, partitionIndex, logStart, decidedEnd, cleanEnd, horizonMs }
  })
}

export interface CompactedPart {
  readonly partitionId: number
  /** Consecutive ones, in the order of offsets. */
  readonly replaced: readonly ExtentRow[]
  /** They tile the same range; one at least. */
  readonly extents: readonly PackedExtent[]
  /** Offsets of abort markers that are gone: their aborted ranges go with them. */
  readonly endedAborts: readonly number[]
}

/**
 * Replaces the extents, all or none. Swapping again after a lost answer tells what became of it.
 *
 * @throws Failure 'conflict': the object was cancelled; nothing was written.
 * @throws Failure 'unavailable': nothing was written. 'unknown-outcome': swap again.
 */
export function swapCompacted(
  database: CatalogDatabase,
  object: { readonly objectId: string; readonly size: number },
  part: CompactedPart,
  nowMs: number,
): Promise<'swapped' | 'void'> {
  const { objectId, size } = object
  const { partitionId, replaced, endedAborts } = part
  return database.transaction('swap compacted', async (tx) => {
    const [row] = await tx.lock(partitions, [[partitionId]], 'exclusive')
    const [before] = await tx.get(objects, [[objectId]])
    // An earlier call of the same, whose answer was lost.
    if (before?.state === 'live') return 'swapped'
    if (row === undefined || !(await areNamed(tx, replaced))) {
      await endClaim(tx, objectId, { state: 'cancelled', unnamedMs: nowMs })
      return 'void'
    }
    await tx.delete(
      extents,
      replaced.map(({ baseOffset }) => [partitionId, baseOffset]),
    )
    const createdMs = Math.max(...replaced.map((extent) => extent.createdMs))
    const named = part.extents.map((each) => ({ partitionId, objectId, createdMs, ...each }))
    await tx.put(extents, named)
    await tx.put(objectUses, [{ objectId, partitionId, extents: named.length }])
    if (endedAborts.length > 0) await forgetRanges(tx, partitionId, endedAborts)
    // In the order of locks: what is replaced was named before this object got its number.
    await releaseExtents(tx, partitionId, replaced, nowMs)
    await endClaim(tx, objectId, { state: 'live', size })
    await noteChange(tx, { kind: 'partition', names: [partitionId] })
    return 'swapped'
  })
}

async function forgetRanges(
  tx: Transaction,
  partitionId: number,
  markerOffsets: readonly number[],
): Promise<void> {
  const markers = markerOffsets.map((lastOffset) => [partitionId, lastOffset])
  await tx.delete(abortedRanges, markers)
  const [state = { ...neverCompacted, partitionId }] = await tx.get(compactions, [[partitionId]])
  await tx.put(compactions, [{ ...state, rangesGone: state.rangesGone + 1 }])
}

/** Whether every one of the extents is there as it was read. */
export async function areNamed(
  tx: ReadTransaction,
  expected: readonly ExtentRow[],
): Promise<boolean> {
  const keys = expected.map(({ partitionId, baseOffset }) => [partitionId, baseOffset])
  const rows = await tx.get(extents, keys)
  return expected.every((each, at) => {
    const row = rows[at]
    const isSamePlace = row?.objectId === each.objectId && row.position === each.position
    return isSamePlace && row.nextOffset === each.nextOffset && row.length === each.length
  })
}

async function endClaim(
  tx: Transaction,
  objectId: string,
  end:
    | { readonly state: 'live'; readonly size: number }
    | { readonly state: 'cancelled'; readonly unnamedMs: number },
): Promise<void> {
  const [claim] = await tx.lock(objects, [[objectId]], 'exclusive')
  if (claim?.state === 'writing') await tx.put(objects, [{ ...claim, ...end }])
  else if (end.state === 'live') {
    const state = claim?.state ?? 'gone'
    throw new Failure('conflict', `object ${objectId} is ${state}: its swap is void`)
  }
}

/**
 * Notes that a pass is complete that began with `before`; false where another one came first, or
 * the partition is gone.
 *
 * @throws Failure 'unavailable': nothing was written. 'unknown-outcome': note it again, or leave
 *   it.
 */
export function noteCompacted(
  database: CatalogDatabase,
  before: Pick<CompactionBasis, 'cleanEnd'>,
  after: Omit<CompactionRow, 'rangesGone'>,
): Promise<boolean> {
  const { partitionId } = after
  return database.transaction('note compacted', async (tx) => {
    const [row] = await tx.lock(partitions, [[partitionId]], 'exclusive')
    const [state] = await tx.get(compactions, [[partitionId]])
    const { cleanEnd, rangesGone } = state ?? neverCompacted
    if (row === undefined || cleanEnd !== before.cleanEnd) return false
    await tx.put(compactions, [{ ...after, rangesGone }])
    return true
  })
}
