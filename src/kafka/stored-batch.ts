/** A batch as it was written, for who has to know what became of it. */
import { Failure } from '../base/errors.ts'
import { batchesIn } from '../record/batch-sequence.ts'
import { readBatchHeader } from '../record/batch-header.ts'
import type { Broker } from './broker.ts'

/**
 * With bytes of its own. Undefined: it is not there any more.
 *
 * @throws Failure 'unavailable': this broker cannot tell yet. 'overloaded' | 'corrupt' as
 *   BrokerLog.read.
 */
export async function storedBatch(
  { logs }: Broker,
  partitionId: number,
  baseOffset: number,
): Promise<Uint8Array | undefined> {
  const log = logs.index.get(partitionId)
  if (log === undefined) throw new Failure('unavailable', 'the partition is not known here yet')
  const read = await logs.read(log, baseOffset, 1)
  if (read.outcome === 'out-of-range') return undefined
  try {
    const [chunk] = read.chunks
    const [first] = chunk === undefined ? [] : batchesIn(chunk)
    if (chunk === undefined || first === undefined) {
      throw new Failure('unavailable', `offset ${baseOffset} is not known here yet`)
    }
    const bytes = chunk.slice(first.at, first.at + first.size)
    return readBatchHeader(bytes).baseOffset === baseOffset ? bytes : undefined
  } finally {
    read.release()
  }
}
