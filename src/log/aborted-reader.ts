/** The aborted transactions of a range: from memory, else from the catalog, which knows them all. */
import type { CatalogDatabase } from '../catalog/database.ts'
import { readAborted } from '../catalog/read-transactions.ts'
import { readBatchHeader } from '../record/batch-header.ts'
import { forEachBatch } from '../record/batch-sequence.ts'
import { type AbortedRange, overlapping } from './log-transactions.ts'
import type { PartitionLog } from './partition-log.ts'

/**
 * Those that have an offset in [from, to), by first offset. `to` is not beyond a last stable offset
 * that was seen before the call: what is aborted later does not begin below it, so that an answer
 * that is newer than the records is right for them, too. Undefined where the log starts behind
 * `from` by now: what is known of it may be gone.
 *
 * @throws Failure 'unavailable'
 */
export async function abortedIn(
  database: CatalogDatabase,
  log: PartitionLog,
  from: number,
  to: number,
): Promise<readonly AbortedRange[] | undefined> {
  const inMemory = log.transactions.abortedIn(from, to)
  if (inMemory !== undefined) return from < log.logStart ? undefined : inMemory
  const { partitionId, transactions } = log
  const { knownFrom } = transactions
  const older = await readAborted(database, partitionId, from, knownFrom)
  if (older === undefined) return undefined
  if (older.isLast) transactions.learn(older.ranges, from, knownFrom)
  const learned = transactions.abortedIn(from, to)
  if (learned !== undefined) return from < log.logStart ? undefined : learned
  return readAborts(database, partitionId, from, to)
}

/** As `abortedIn`, from the catalog alone: more than memory may keep. */
export async function readAborts(
  database: CatalogDatabase,
  partitionId: number,
  from: number,
  to: number,
): Promise<AbortedRange[] | undefined> {
  const all: AbortedRange[] = []
  for (let next = from; ;) {
    const page = await readAborted(database, partitionId, next, Number.MAX_SAFE_INTEGER)
    if (page === undefined) return undefined
    all.push(...overlapping(page.ranges, next, to))
    const last = page.ranges.at(-1)
    if (page.isLast || last === undefined || last.stableOffset >= to) break
    next = last.lastOffset + 1
  }
  return all.toSorted((a, b) => a.firstOffset - b.firstOffset)
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
