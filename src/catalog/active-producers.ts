/** Who produces to a partition, as the commit remembers it (KIP-664). */
import type { CatalogDatabase } from './database.ts'
import { producerStatesOf } from './producer-states.ts'
import { decodeWindow } from './producer-window.ts'
import { partitions, type ProducerStateRow } from './schema.ts'

export interface ActiveProducer {
  readonly producerId: number
  readonly epoch: number
  /** -1 where it has sent nothing under its epoch. */
  readonly lastSequence: number
  readonly lastTimestampMs: number
  /** Where its open transaction begins in the partition; -1 where none is open. */
  readonly transactionOffset: number
  /** A transaction of it has ended in the partition. */
  readonly hasMarker: boolean
}

/** Told of one partition, by producer id: an answer stays below some megabytes. */
export const activeProducersMax = 50_000

/**
 * One snapshot of all of them.
 *
 * @throws Failure 'unavailable' | 'corrupt'
 */
export function readActiveProducers(
  database: CatalogDatabase,
  partitionId: number,
): Promise<ActiveProducer[]> {
  return database.snapshot('read producers', async (tx) => {
    const [partition] = await tx.get(partitions, [[partitionId]])
    if (partition === undefined) return []
    const rows = await producerStatesOf(tx, partition, activeProducersMax)
    return rows.map((row) => toActive(row))
  })
}

function toActive(row: ProducerStateRow): ActiveProducer {
  const { producerId, epoch, lastMs, markerMs } = row
  const newest = decodeWindow(epoch, row.window).batches[0]
  const isMarkerLast = markerMs === lastMs
  return {
    producerId,
    epoch,
    lastSequence: newest?.lastSequence ?? -1,
    lastTimestampMs: isMarkerLast ? lastMs : (newest?.timestampMs ?? lastMs),
    transactionOffset: row.transactionOffset ?? -1,
    hasMarker: markerMs !== null,
  }
}
