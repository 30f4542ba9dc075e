/** DeleteRecords (KIP-107): raises a log start to where a client says, in one transaction. */
import { noteChange } from './change-log.ts'
import type { CatalogDatabase } from './database.ts'
import { dropExtents } from './retain-extents.ts'
import { partitions, topics } from './schema.ts'

export type DeletedRecords =
  | {
      readonly outcome: 'deleted'
      /** Where the log starts now: as asked, or later where it did before. */
      readonly logStart: number
    }
  /** The offset is negative, or beyond the log end. */
  | { readonly outcome: 'out-of-range' }
  | { readonly outcome: 'unknown-partition' }

/**
 * Raises the log start to `before`, or to the log end. Extents below go in the same transaction as
 * far as its bound allows; retention takes the rest away.
 *
 * @throws Failure 'unavailable': nothing was written. 'unknown-outcome': call again.
 */
export function deleteRecordsBefore(
  database: CatalogDatabase,
  partitionId: number,
  before: number | 'log-end',
  nowMs: number,
): Promise<DeletedRecords> {
  return database.transaction('delete records', async (tx) => {
    const [row] = await tx.lock(partitions, [[partitionId]], 'exclusive')
    const [topic] = row === undefined ? [] : await tx.get(topics, [[row.topicId]])
    if (row === undefined || topic?.deletedMs !== null) return { outcome: 'unknown-partition' }
    const offset = before === 'log-end' ? row.logEnd : before
    if (offset < 0 || offset > row.logEnd) return { outcome: 'out-of-range' }
    if (offset <= row.logStart) return { outcome: 'deleted', logStart: row.logStart }
    await tx.put(partitions, [{ ...row, logStart: offset }])
    await dropExtents(tx, row, offset, nowMs)
    await noteChange(tx, { kind: 'partition', names: [partitionId] })
    return { outcome: 'deleted', logStart: offset }
  })
}
