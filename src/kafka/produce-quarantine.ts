/**
 * Writes what was taken out of a batch to its quarantine topic, once the batch has its offsets and
 * before its producer hears of it: what is acknowledged is in one topic or the other. A retry finds
 * its batch written, and writes the same records under the same keys again.
 */
import { toStored } from '../contract/quarantine/quarantine-record.ts'
import type { SetAside } from '../contract/topic-contracts.ts'
import type { Broker } from './broker.ts'

export interface WrittenBatch {
  readonly topic: string
  readonly topicId: string
  readonly partition: number
  readonly baseOffset: number
}

/** @throws Failure as LogSink.append: the batch is written, and not all of what it lost. */
export async function setAside(
  { sink, clock }: Broker,
  { topic, topicId, partition, baseOffset }: WrittenBatch,
  { taken, quarantine, contract, revision }: SetAside,
): Promise<void> {
  const setAsideMs = clock.nowMs()
  const records = taken.map((record) => {
    const offset = baseOffset + record.offsetDelta
    const place = { topic, topicId, partition, offset, contract, revision, setAsideMs }
    return toStored(record, place)
  })
  await sink.append(quarantine, records)
}
