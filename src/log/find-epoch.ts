/** Where a leader epoch ends in a log (KIP-101): what consumers ask to find truncation (KIP-320). */
import type { PartitionRow } from '../catalog/schema.ts'
import type { LogReader } from './log-reader.ts'
import type { PartitionLog } from './partition-log.ts'

export interface EpochEnd {
  /** The largest epoch that is not above the one asked for; -1 where nothing is known of it. */
  readonly leaderEpoch: number
  /** The offset behind its last record; -1 where nothing is known of it. */
  readonly endOffset: number
}

const unknown: EpochEnd = { leaderEpoch: -1, endOffset: -1 }

/**
 * `row` was read after the question came: what ends is never older than what a consumer has seen.
 * Epochs never fall from one offset to the next, so that a few looks at the index find the border.
 *
 * @throws Failure 'unavailable'
 */
export async function findEpochEnd(
  reader: Pick<LogReader, 'findRun'>,
  log: PartitionLog,
  { leaderEpoch, logStart, logEnd }: PartitionRow,
  epoch: number,
): Promise<EpochEnd> {
  if (epoch < 0 || epoch > leaderEpoch) return unknown
  if (epoch === leaderEpoch) return { leaderEpoch, endOffset: logEnd }
  let low = logStart
  let high = logEnd
  let floor = epoch
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2)
    const run = await reader.findRun(log, middle)
    if (run === undefined || run.leaderEpoch > epoch) {
      high = middle
    } else {
      floor = run.leaderEpoch
      low = Math.max(run.nextOffset, middle + 1)
    }
  }
  return { leaderEpoch: floor, endOffset: Math.min(low, logEnd) }
}
