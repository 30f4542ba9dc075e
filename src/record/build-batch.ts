/**
 * Builds record batches: for telemetry that arrives as something else, the command line, markers
 * and tests.
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import {
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  batchAttributes,
  type TimestampType,
  writeBatchHeader,
} from './batch-header.ts'
import { type Codec, codecIdOfName } from './codec.ts'
import { compress } from './compression.ts'
import type { RecordHeader } from './records.ts'

/**
 * Before compression. Bytes; far above any sensible max.message.bytes, far below what a length
 * field holds.
 */
export const BUILT_BATCH_BYTES_MAX: number = 256 * 1024 * 1024
/**
 * Timestamps beyond the year 73000 are not written, so that all differences stay exact.
 * Milliseconds.
 */
const TIMESTAMP_MS_MAX = 2 ** 51
const FIRST_CAPACITY_BYTES = 1024
/** Of the buffer's end, as a part of the whole: more unused than this is given back by a copy. */
const SLACK_MAX = 1 / 8

export type NewRecord = {
  readonly key: Uint8Array | null
  /** Null: a tombstone. */
  readonly value: Uint8Array | null
  readonly headers?: readonly RecordHeader[]
  /** Milliseconds since 1970; -1: none. */
  readonly timestampMs: number
  /** Where records were taken out before it; else one more than that of the record before. */
  readonly offsetDelta?: number
}

export type BatchOptions = {
  readonly codec?: Codec
  /** With 'log-append' all records get the largest of their timestamps. */
  readonly timestampType?: TimestampType
  readonly baseOffset?: number
  readonly leaderEpoch?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  /** Where records were taken out after the last one. */
  readonly lastOffsetDelta?: number
}

/**
 * Gathers records into one growing buffer; `finish` makes a batch of it. One builder makes one
 * batch.
 */
export class BatchBuilder {
  readonly #options: BatchOptions
  #bytes: Buffer
  #at = BATCH_HEADER_BYTES
  #count = 0
  #nextDelta = 0
  #baseTimestamp = -1
  #maxTimestamp = -1

  constructor(options: BatchOptions = {}, capacityBytes: number = FIRST_CAPACITY_BYTES) {
    this.#options = options
    this.#bytes = Buffer.allocUnsafeSlow(Math.max(capacityBytes, BATCH_HEADER_BYTES))
  }

  get recordCount(): number {
    return this.#count
  }

  /** Bytes of the batch so far, before compression. */
  get byteLength(): number {
    return this.#at
  }

  /**
   * Adds a record; its parts are copied.
   *
   * @throws Failure 'invalid': the batch would pass BUILT_BATCH_BYTES_MAX; the record was not
   *   added.
   */
  append(record: NewRecord): void {
    const { key, value, timestampMs, headers = [] } = record
    assert(
      Number.isInteger(timestampMs) && timestampMs >= -1 && timestampMs < TIMESTAMP_MS_MAX,
      'a timestamp is in milliseconds, or -1',
    )
    const offsetDelta = record.offsetDelta ?? this.#nextDelta
    assert(offsetDelta >= this.#nextDelta, 'offset deltas rise')
    const timestampDelta = this.#count === 0 ? 0 : timestampMs - this.#baseTimestamp
    let bodyBytes =
      1 +
      zigzagBytes(timestampDelta) +
      zigzagBytes(offsetDelta) +
      partBytes(key) +
      partBytes(value) +
      zigzagBytes(headers.length)
    for (const header of headers) {
      const keyBytes = Buffer.byteLength(header.key)
      bodyBytes += zigzagBytes(keyBytes) + keyBytes + partBytes(header.value)
    }
    this.#reserve(zigzagBytes(bodyBytes) + bodyBytes)
    const end = this.#at + zigzagBytes(bodyBytes) + bodyBytes
    this.#zigzag(bodyBytes)
    this.#bytes[this.#at++] = 0 // attributes: none is defined
    this.#zigzag(timestampDelta)
    this.#zigzag(offsetDelta)
    this.#part(key)
    this.#part(value)
    this.#zigzag(headers.length)
    for (const header of headers) {
      this.#zigzag(Buffer.byteLength(header.key))
      this.#at += this.#bytes.write(header.key, this.#at, 'utf8')
      this.#part(header.value)
    }
    assert(this.#at === end, 'a record takes the bytes that were counted')
    if (this.#count++ === 0) this.#baseTimestamp = timestampMs
    if (timestampMs > this.#maxTimestamp) this.#maxTimestamp = timestampMs
    this.#nextDelta = offsetDelta + 1
  }

  /**
   * The whole batch with its CRC. The builder is of no more use. A batch without records is one
   * that was emptied.
   */
  finish(): Uint8Array {
    const options = this.#options
    const codec = this.#count === 0 ? 'none' : (options.codec ?? 'none')
    const batch = codec === 'none' ? this.#trimmed() : this.#compressed(codec)
    const lastOffsetDelta = options.lastOffsetDelta ?? Math.max(this.#nextDelta - 1, 0)
    assert(lastOffsetDelta >= this.#nextDelta - 1, 'no record lies behind the last offset')
    writeBatchHeader(batch, 0, {
      baseOffset: options.baseOffset ?? 0,
      batchLength: batch.length - BATCH_OVERHEAD_BYTES,
      leaderEpoch: options.leaderEpoch ?? -1,
      attributes: batchAttributes({ ...options, codecId: codecIdOfName(codec) }),
      lastOffsetDelta,
      baseTimestamp: this.#baseTimestamp,
      maxTimestamp: this.#maxTimestamp,
      producerId: options.producerId ?? -1,
      producerEpoch: options.producerEpoch ?? -1,
      baseSequence: options.baseSequence ?? -1,
      recordCount: this.#count,
    })
    return batch
  }

  #trimmed(): Uint8Array {
    const slack = this.#bytes.length - this.#at
    const used = this.#bytes.subarray(0, this.#at)
    return slack > this.#bytes.length * SLACK_MAX ? new Uint8Array(used) : used
  }

  #compressed(codec: Codec): Uint8Array {
    const packed = compress(codec, this.#bytes.subarray(BATCH_HEADER_BYTES, this.#at))
    const batch = Buffer.allocUnsafeSlow(BATCH_HEADER_BYTES + packed.length)
    batch.set(packed, BATCH_HEADER_BYTES)
    return batch
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#bytes.length) return
    if (needed > BUILT_BATCH_BYTES_MAX) {
      throw new Failure('invalid', `a batch of ${needed} bytes, at most ${BUILT_BATCH_BYTES_MAX}`)
    }
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2))
    this.#bytes.copy(larger, 0, 0, this.#at)
    this.#bytes = larger
  }

  #part(part: Uint8Array | null): void {
    if (part === null) {
      this.#zigzag(-1)
      return
    }
    this.#zigzag(part.length)
    this.#bytes.set(part, this.#at)
    this.#at += part.length
  }

  #zigzag(value: number): void {
    const bytes = this.#bytes
    let at = this.#at
    let rest = value < 0 ? -value * 2 - 1 : value * 2
    for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
    for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80
    bytes[at++] = rest
    this.#at = at
  }
}

/**
 * A batch of `records`, in their order.
 *
 * @throws Failure 'invalid': it would pass BUILT_BATCH_BYTES_MAX.
 */
export function buildBatch(records: Iterable<NewRecord>, options: BatchOptions = {}): Uint8Array {
  const builder = new BatchBuilder(options)
  for (const record of records) builder.append(record)
  return builder.finish()
}

function partBytes(part: Uint8Array | null): number {
  return part === null ? 1 : zigzagBytes(part.length) + part.length
}

function zigzagBytes(value: number): number {
  let rest = value < 0 ? -value * 2 - 1 : value * 2
  let bytes = 1
  for (; rest > 0x7fff_ffff; rest = Math.floor(rest / 0x80)) bytes++
  for (; rest >= 0x80; rest >>>= 7) bytes++
  return bytes
}
