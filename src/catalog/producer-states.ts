/** All that a partition remembers of producers, wherever it lies; for readers outside a commit. */
import type { ReadTransaction } from './database.ts'
import { RecentProducers } from './recent-producers.ts'
import { scanBelow } from './scan-below.ts'
import { type PartitionRow, partitions, type ProducerStateRow, producerStates } from './schema.ts'

/** @throws Failure 'unavailable' | 'corrupt' */
export async function producerStateOf(
  tx: ReadTransaction,
  partitionId: number,
  producerId: number,
): Promise<ProducerStateRow | undefined> {
  const [[partition], [row]] = await Promise.all([
    tx.get(partitions, [[partitionId]]),
    tx.get(producerStates, [[partitionId, producerId]]),
  ])
  if (partition === undefined) return undefined
  const state = RecentProducers.of(partition.recentProducers).find(producerId)
  return state === undefined ? row : { partitionId, ...state }
}

export function recentRows({ partitionId, recentProducers }: PartitionRow): ProducerStateRow[] {
  const states = RecentProducers.of(recentProducers).states()
  return states.map((state) => ({ partitionId, ...state }))
}

/**
 * In the order of producer ids, so many at most.
 *
 * @throws Failure 'unavailable' | 'corrupt'
 */
export async function producerStatesOf(
  tx: ReadTransaction,
  partition: PartitionRow,
  most: number = Infinity,
): Promise<ProducerStateRow[]> {
  const recent = recentRows(partition)
  const isRecent = new Set(recent.map(({ producerId }) => producerId))
  const rows = await scanBelow(tx, producerStates, [partition.partitionId], most)
  const found = [...recent, ...rows.filter(({ producerId }) => !isRecent.has(producerId))]
  return found.toSorted((a, b) => a.producerId - b.producerId).slice(0, most)
}
