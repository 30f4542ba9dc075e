/** Who produces to a partition, as the commit remembers it (KIP-664). */
import { catalogLimits, type CatalogDatabase } from './database.ts'
import { decodeWindow } from './producer-window.ts'
import { producerStates } from './schema.ts'

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
  const limit = catalogLimits.scanRowsMax
  return database.snapshot('read producers', async (tx) => {
    const found: ActiveProducer[] = []
    for (let after: readonly [number] | undefined; found.length < activeProducersMax;) {
      const range = { prefix: [partitionId], limit, ...(after === undefined ? {} : { after }) }
      const rows = await tx.scan(producerStates, range)
      for (const { producerId, epoch, window, lastMs, markerMs, ...row } of rows) {
        const newest = decodeWindow(epoch, window).batches[0]
        const lastSequence = newest?.lastSequence ?? -1
        const isMarkerLast = markerMs === lastMs
        const lastTimestampMs = isMarkerLast ? lastMs : (newest?.timestampMs ?? lastMs)
        const transactionOffset = row.transactionOffset ?? -1
        const told = { producerId, epoch, lastSequence, lastTimestampMs, transactionOffset }
        found.push({ ...told, hasMarker: markerMs !== null })
      }
      const last = rows.at(-1)
      if (last === undefined || rows.length < limit) break
      after = [last.producerId]
    }
    return found
  })
}
