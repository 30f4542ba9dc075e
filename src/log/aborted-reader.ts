/** The aborted transactions of a range: from memory, else from the catalog, which knows them all. */
import type { CatalogDatabase } from '../catalog/database.ts'
import { readAborted } from '../catalog/read-transactions.ts'
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
