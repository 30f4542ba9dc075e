/** Groups for tests: batches with a true CRC, whose bytes tell which group they are of. */
import {
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  writeBatchHeader,
} from '../record/batch-header.ts'
import type { GroupPlace, JournalGroup, KnownGroup } from './journal.ts'

export const someCluster: Uint8Array = new Uint8Array(16).fill(0xc1)

const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'

function someBatch(seed: number, recordBytes: number): Uint8Array {
  const batch = Buffer.alloc(BATCH_HEADER_BYTES + recordBytes)
  for (let at = BATCH_HEADER_BYTES; at < batch.length; at++) batch[at] = (seed * 31 + at) & 0xff
  writeBatchHeader(batch, 0, {
    baseOffset: 0,
    batchLength: batch.length - BATCH_OVERHEAD_BYTES,
    leaderEpoch: 0,
    attributes: 0,
    lastOffsetDelta: 0,
    baseTimestamp: 0,
    maxTimestamp: 0,
    producerId: -1,
    producerEpoch: -1,
    baseSequence: -1,
    recordCount: 1,
  })
  return batch
}

/** A group of one batch per size given, each in a run of its own. */
export function someGroup(groupNumber: number, recordBytes: readonly number[]): JournalGroup {
  const chunks = recordBytes.map((bytes, index) => someBatch(groupNumber * 7 + index, bytes))
  return {
    id: { incarnation: 1, groupNumber },
    createdMs: 1_795_000_000_000,
    runs: chunks.map(({ length }, partitionIndex) => ({
      topicId,
      partitionIndex,
      length,
      batches: 1,
    })),
    chunks,
    byteLength: chunks.reduce((sum, { length }) => sum + length, 0),
  }
}

export const bytesOf = ({ chunks }: JournalGroup): Buffer => Buffer.concat(chunks)

export const knownAs = (group: JournalGroup, place: GroupPlace): KnownGroup & GroupPlace => ({
  ...place,
  id: group.id,
})
