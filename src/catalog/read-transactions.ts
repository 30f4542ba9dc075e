/** What readers take from the catalog of a partition's transactions, beside memory. */
import type { CatalogDatabase, ReadTransaction } from './database.ts'
import { type PartitionRow, partitions } from './schema.ts'
import { compactions, neverCompacted } from './schema-compaction.ts'
import { type AbortedRangeRow, abortedRanges, openTransactions } from './schema-transactions.ts'

/** Aborted ranges read at once. */
export const abortedPerPage = 1_000

/** A partition's row, and up to where all is decided: its last stable offset. */
export interface PartitionEnds {
  readonly row: PartitionRow
  readonly stableEnd: number
}

/**
 * One snapshot of them (R1); undefined where there is no such partition.
 *
 * @throws Failure 'unavailable'
 */
export function readPartitionEnds(
  database: CatalogDatabase,
  partitionIds: readonly number[],
): Promise<(PartitionEnds | undefined)[]> {
  const keys = partitionIds.map((id) => [id])
  return database.snapshot('read ends', async (tx) => {
    const found: (PartitionEnds | undefined)[] = []
    for (const row of await tx.get(partitions, keys)) {
      found.push(row && { row, stableEnd: await stableEndOf(tx, row) })
    }
    return found
  })
}

async function stableEndOf(tx: ReadTransaction, row: PartitionRow): Promise<number> {
  const { partitionId, logStart, logEnd } = row
  const [oldest] = await tx.scan(openTransactions, { prefix: [partitionId], limit: 1 })
  return oldest === undefined ? logEnd : Math.max(oldest.firstOffset, logStart)
}

export interface AbortedPage {
  readonly ranges: readonly AbortedRangeRow[]
  readonly isLast: boolean
  /** See CompactionRow.rangesGone. */
  readonly rangesGone: number
}

/**
 * Aborted ranges whose markers stand in [from, before), by marker: one page, and whether it is the
 * last. Undefined where the log starts behind `from`, or is gone: ranges may be gone, too.
 *
 * @throws Failure 'unavailable'
 */
export function readAborted(
  database: CatalogDatabase,
  partitionId: number,
  from: number,
  before: number,
): Promise<AbortedPage | undefined> {
  const limit = abortedPerPage
  return database.snapshot('read aborted', async (tx) => {
    const [row] = await tx.get(partitions, [[partitionId]])
    if (row === undefined || row.logStart > from) return undefined
    const [compaction] = await tx.get(compactions, [[partitionId]])
    const { rangesGone } = compaction ?? neverCompacted
    if (from >= before) return { ranges: [], isLast: true, rangesGone }
    const range = { prefix: [partitionId], from: [from], before: [before], limit }
    const ranges = await tx.scan(abortedRanges, range)
    return { ranges, isLast: ranges.length < limit, rangesGone }
  })
}
