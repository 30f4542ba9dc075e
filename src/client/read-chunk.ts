/** What a broker sent of one partition, as records: those of aborted transactions are left out. */
import { Failure, isFailure } from '../base/errors.ts'
import { batchBytesOf, type BatchHeader, readBatchHeader } from '../record/batch-header.ts'
import { checkBatchCrc } from '../record/batch-sequence.ts'
import { readMarker } from '../record/control.ts'
import { type BatchRecord, recordsIn } from '../record/records.ts'
import type { TopicPartition } from './partition-offsets.ts'

export interface ReadChunk extends TopicPartition {
  readonly records: readonly BatchRecord[]
  /** Where to go on once the records are dealt with; control batches and holes are behind it. */
  readonly nextOffset: number
}

/** As brokers tell them to those who read what is committed (KIP-98). */
export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** Base offset and length of a batch. */
const prefixBytes = 12

/** Whole batches only: brokers may cut the last one short. Records before `offset` are left out. */
export function chunkIn(
  place: TopicPartition,
  offset: number,
  bytes: Uint8Array,
  aborted: readonly AbortedTransaction[] = [],
): ReadChunk {
  const found: BatchRecord[] = []
  const left = new LeftOut(aborted)
  let nextOffset = offset
  for (let at = 0; at + prefixBytes <= bytes.length;) {
    const size = batchBytesOf(bytes, at)
    if (at + size > bytes.length) break
    try {
      checkBatchCrc(bytes, at)
      const header = readBatchHeader(bytes, at)
      if (!left.has(header, bytes, at)) {
        for (const record of recordsIn(bytes, at)) if (record.offset >= offset) found.push(record)
      }
      nextOffset = Math.max(nextOffset, header.baseOffset + header.lastOffsetDelta + 1)
    } catch (error) {
      if (!isFailure(error)) throw error
      const where = `${place.topic}:${place.partition}, fetched at offset ${offset}`
      throw new Failure(error.kind, `${where}: ${error.message}`, error)
    }
    at += size
  }
  return { ...place, records: found, nextOffset }
}

/** Batches come in order: an aborted transaction lasts from its first offset to its marker. */
class LeftOut {
  readonly #coming: AbortedTransaction[]
  readonly #producers = new Set<number>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#coming = aborted.toSorted((a, b) => a.firstOffset - b.firstOffset)
  }

  /** True for what no reader is to see. */
  has(header: BatchHeader, bytes: Uint8Array, at: number): boolean {
    const { baseOffset, lastOffsetDelta, producerId, isControl, isTransactional } = header
    while ((this.#coming[0]?.firstOffset ?? Infinity) <= baseOffset + lastOffsetDelta) {
      const next = this.#coming.shift()
      if (next !== undefined) this.#producers.add(next.producerId)
    }
    if (!isControl) return isTransactional && this.#producers.has(producerId)
    if (this.#producers.has(producerId) && readMarker(bytes, at)?.type === 'abort') {
      this.#producers.delete(producerId)
    }
    return true
  }
}
