/** The aborted transactions of a range: from memory, else from the catalog, which knows them all. */
import type { CatalogDatabase } from '../catalog/database.ts'
import { readAborted } from '../catalog/read-transactions.ts'
import { readBatchHeader } from '../record/batch-header.ts'
import { forEachBatch } from '../record/batch-sequence.ts'
import { type AbortedRange, overlapping } from './log-transactions.ts'
import type { PartitionLog } from './partition-log.ts'

export type AbortedAnswer =
  | { readonly outcome: 'known'; readonly ranges: readonly AbortedRange[] }
  /** The log starts behind `from` by now: what is known of it may be gone. */
  | { readonly outcome: 'out-of-range' }
  /**
   * Compaction took ranges away since `log.rangesGone` was taken in, with what they were of: bytes
   * that were read before must be read again, once this broker has forgotten what it kept of them.
   */
  | { readonly outcome: 'outdated'; readonly rangesGone: number }

/**
 * Those that have an offset in [from, to), by first offset. `to` is not beyond a last stable offset
 * that was seen before the call: what is aborted later does not begin below it, so that an answer
 * that is newer than the records is right for them, too, as long as nothing was taken away between.
 *
 * @throws Failure 'unavailable'
 */
export async function abortedIn(
  database: CatalogDatabase,
  log: PartitionLog,
  from: number,
  to: number,
): Promise<AbortedAnswer> {
  const inMemory = ofMemory(log, from, to)
  if (inMemory !== undefined) return inMemory
  const { partitionId, transactions } = log
  const { knownFrom } = transactions
  const older = await readAborted(database, partitionId, from, knownFrom)
  if (older === undefined) return { outcome: 'out-of-range' }
  const { rangesGone } = older
  if (rangesGone !== log.rangesGone) return { outcome: 'outdated', rangesGone }
  if (older.isLast) transactions.learn(older.ranges, from, knownFrom)
  const learned = ofMemory(log, from, to)
  if (learned !== undefined) return learned
  const all = await readAborts(database, partitionId, from, to)
  if (all === undefined) return { outcome: 'out-of-range' }
  if (all.rangesGone !== rangesGone) return { outcome: 'outdated', rangesGone: all.rangesGone }
  return { outcome: 'known', ranges: all.ranges }
}

function ofMemory(log: PartitionLog, from: number, to: number): AbortedAnswer | undefined {
  const ranges = log.transactions.abortedIn(from, to)
  if (ranges === undefined) return undefined
  return from < log.logStart ? { outcome: 'out-of-range' } : { outcome: 'known', ranges }
}

/**
 * As `abortedIn`, from the catalog alone: more than memory may keep. Undefined where the log starts
 * behind `from`. `rangesGone` is that of the last page: an earlier page may say more.
 */
export async function readAborts(
  database: CatalogDatabase,
  partitionId: number,
  from: number,
  to: number,
): Promise<{ readonly ranges: readonly AbortedRange[]; readonly rangesGone: number } | undefined> {
  const all: AbortedRange[] = []
  let rangesGone = 0
  for (let next = from; ;) {
    const page = await readAborted(database, partitionId, next, Number.MAX_SAFE_INTEGER)
    if (page === undefined) return undefined
    all.push(...overlapping(page.ranges, next, to))
    ;({ rangesGone } = page)
    const last = page.ranges.at(-1)
    if (page.isLast || last === undefined || last.stableOffset >= to) break
    next = last.lastOffset + 1
  }
  return { ranges: all.toSorted((a, b) => a.firstOffset - b.firstOffset), rangesGone }
}

/**
 * Those of which a record, or the marker, is among the batches: consumers wait for the marker of
 * what they are told of, and compaction takes a marker away that has nothing left to say, while
 * what is known of it may be older than the batches.
 */
export function abortsOf(
  chunks: readonly Uint8Array[],
  ranges: readonly AbortedRange[],
): readonly AbortedRange[] {
  if (ranges.length === 0) return ranges
  const needed = new Set<AbortedRange>()
  const byProducer = Map.groupBy(ranges, ({ producerId }) => producerId)
  for (const chunk of chunks) {
    forEachBatch(chunk, (at) => {
      const header = readBatchHeader(chunk, at)
      const { producerId, baseOffset } = header
      if (!header.isTransactional || header.recordCount === 0) return
      for (const range of byProducer.get(producerId) ?? []) {
        const { firstOffset, lastOffset } = range
        const isRecord = firstOffset <= baseOffset && baseOffset < lastOffset
        if (header.isControl ? baseOffset === lastOffset : isRecord) needed.add(range)
      }
    })
  }
  return ranges.filter((range) => needed.has(range))
}
