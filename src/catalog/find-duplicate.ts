/** A batch that is there already: for those who would refuse it before the commit could tell. */
import type { CatalogDatabase } from './database.ts'
import {
  decodeWindow,
  judgeSequence,
  type RememberedBatch,
  sequenceAfter,
} from './producer-window.ts'
import { producerStateOf } from './producer-states.ts'

export interface ProducedBatch {
  readonly partitionId: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly offsetCount: number
}

/**
 * Undefined: the partition does not remember it. Final where nothing can commit it any more.
 *
 * @throws Failure 'unavailable' | 'corrupt'
 */
export function findDuplicate(
  database: CatalogDatabase,
  { partitionId, producerId, producerEpoch: epoch, baseSequence, offsetCount }: ProducedBatch,
): Promise<RememberedBatch | undefined> {
  return database.snapshot('find batch', async (tx) => {
    const row = await producerStateOf(tx, partitionId, producerId)
    if (row === undefined) return undefined
    const lastSequence = sequenceAfter(baseSequence, offsetCount - 1)
    const window = decodeWindow(row.epoch, row.window)
    const judged = judgeSequence(window, { epoch, baseSequence, lastSequence })
    return judged.verdict === 'duplicate' ? judged.of : undefined
  })
}
