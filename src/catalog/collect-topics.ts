/**
 * What a deleted topic leaves: its partitions' extents, object uses, producer states and
 * transactions, then the partitions, then the topic's row. In bounded steps, each of which may be
 * the last one before a crash.
 */
import { catalogLimits, type CatalogDatabase } from './database.ts'
import { dropExtents } from './retain-extents.ts'
import { partitions, producerStates, topics } from './schema.ts'
import { compactions } from './schema-compaction.ts'
import { openTransactions } from './schema-transactions.ts'
import { toTopic, type Topic } from './topics.ts'

/** Producer states, and open transactions, deleted in one transaction. */
const statesPerStep = 1_000

/** Topics that are deleted and not gone yet. @throws Failure 'unavailable' */
export async function readDeletedTopics(database: CatalogDatabase): Promise<Topic[]> {
  const found: Topic[] = []
  const limit = catalogLimits.scanRowsMax
  for (let after: string | undefined; ;) {
    const range = { prefix: [], limit }
    const page = await database.snapshot('read deleted topics', (tx) =>
      tx.scan(topics, after === undefined ? range : { ...range, after: [after] }),
    )
    for (const row of page) if (row.deletedMs !== null) found.push(toTopic(row))
    after = page.at(-1)?.topicId
    if (page.length < limit) return found
  }
}

export interface PartitionStep {
  readonly extents: number
  readonly bytes: number
  /** True where the partition is gone. */
  readonly isGone: boolean
}

/**
 * One step towards the end of a partition of a deleted topic; to be repeated until it is gone.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': call again.
 */
export function shrinkPartition(
  database: CatalogDatabase,
  partitionId: number,
  nowMs: number,
): Promise<PartitionStep> {
  return database.transaction('shrink partition', async (tx) => {
    const [row] = await tx.lock(partitions, [[partitionId]], 'exclusive')
    if (row === undefined) return { extents: 0, bytes: 0, isGone: true }
    const dropped = await dropExtents(tx, row, Number.MAX_SAFE_INTEGER, nowMs)
    const { extents, bytes } = dropped
    if (!dropped.isDone) return { extents, bytes, isGone: false }
    const range = { prefix: [partitionId], limit: statesPerStep }
    const states = await tx.scan(producerStates, range)
    await tx.delete(
      producerStates,
      states.map(({ producerId }) => [partitionId, producerId]),
    )
    const open = await tx.scan(openTransactions, range)
    await tx.delete(
      openTransactions,
      open.map(({ firstOffset }) => [partitionId, firstOffset]),
    )
    const isDone = states.length < statesPerStep && open.length < statesPerStep
    if (!isDone) return { extents, bytes, isGone: false }
    await tx.delete(compactions, [[partitionId]])
    await tx.delete(partitions, [[partitionId]])
    return { extents, bytes, isGone: true }
  })
}

/**
 * Deletes the row of a deleted topic once all its partitions are gone; true where it is gone.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': call again.
 */
export function forgetTopic(database: CatalogDatabase, topicId: string): Promise<boolean> {
  return database.transaction('forget topic', async (tx) => {
    const [row] = await tx.lock(topics, [[topicId]], 'exclusive')
    if (row === undefined) return true
    if (row.deletedMs === null) return false
    const { partitionIds } = toTopic(row)
    const left = await tx.get(
      partitions,
      partitionIds.map((partitionId) => [partitionId]),
    )
    if (left.some((partition) => partition !== undefined)) return false
    await tx.delete(topics, [[topicId]])
    return true
  })
}
