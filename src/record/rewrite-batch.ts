/**
 * Makes a batch anew with some of its records, as log compaction wants it (KIP-534): offsets, keys,
 * values, headers and timestamps of what stays are as they were, and so is what the header says of
 * producer, sequence and place. The CRC is made anew.
 */
import { assert } from '../base/assert.ts'
import {
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  type BatchHeader,
  withCodec,
  withDeleteHorizon,
  writeBatchHeader,
} from './batch-header.ts'
import { CODECS } from './codec.ts'
import { compress } from './compression.ts'

/** Where a record that stays lies among the unpacked records of its batch. */
export interface KeptRecord {
  /** Where its length begins. */
  readonly from: number
  /** Behind its last byte. */
  readonly to: number
  /** As it stands in it: the difference to the batch's base timestamp. */
  readonly timestampDelta: number
}

/** A length and two deltas: three varints of at most 10 bytes, and a byte of attributes. */
const regrownBytesMax = 31
/** Timestamps and their differences are exact below; what is beyond is no time. Milliseconds. */
export const exactTimestampMsMax: number = 2 ** 51

/**
 * The batch of `header` with `kept` of its unpacked `records`, in their order: one at least. With
 * `horizonMs` that time stands in place of the base timestamp, and every record's own delta is
 * counted from there; all their times are below `exactTimestampMsMax` then.
 */
export function rewriteBatch(
  header: BatchHeader,
  records: Uint8Array,
  kept: readonly KeptRecord[],
  horizonMs?: number,
): Uint8Array {
  assert(kept.length > 0, 'a batch without records is made by emptyBatch')
  const shiftMs = horizonMs === undefined ? 0 : header.baseTimestamp - horizonMs
  const packed = compress(
    CODECS[header.codecId] ?? 'none',
    horizonMs === undefined ? copied(records, kept) : shifted(records, kept, shiftMs),
  )
  const latest = kept.reduce(
    (most, { timestampDelta }) => Math.max(most, header.baseTimestamp + timestampDelta),
    -1,
  )
  const { attributes } = header
  return assembled(packed, {
    ...header,
    attributes: horizonMs === undefined ? attributes : withDeleteHorizon(attributes),
    baseTimestamp: horizonMs ?? header.baseTimestamp,
    maxTimestamp: header.timestampType === 'log-append' ? header.maxTimestamp : latest,
    recordCount: kept.length,
  })
}

/**
 * The batch of `header` without any record: its offsets, producer and time stand for what it held,
 * as Kafka leaves the last batch that was cleaned.
 */
export function emptyBatch(header: BatchHeader): Uint8Array {
  return assembled(new Uint8Array(0), {
    ...header,
    attributes: withDeleteHorizon(withCodec(header.attributes, 0), false),
    baseTimestamp: -1,
    recordCount: 0,
  })
}

function assembled(packed: Uint8Array, header: BatchHeader): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + packed.length)
  bytes.set(packed, BATCH_HEADER_BYTES)
  writeBatchHeader(bytes, 0, { ...header, batchLength: bytes.length - BATCH_OVERHEAD_BYTES })
  return bytes
}

function copied(records: Uint8Array, kept: readonly KeptRecord[]): Uint8Array {
  const bytes = new Uint8Array(kept.reduce((sum, { from, to }) => sum + to - from, 0))
  let end = 0
  for (const { from, to } of kept) {
    bytes.set(records.subarray(from, to), end)
    end += to - from
  }
  return bytes
}

function shifted(records: Uint8Array, kept: readonly KeptRecord[], shiftMs: number): Uint8Array {
  const size = kept.reduce((sum, { from, to }) => sum + to - from + regrownBytesMax, 0)
  const bytes = Buffer.allocUnsafe(size)
  let end = 0
  for (const { from, to, timestampDelta } of kept) {
    const attributesAt = behindVarint(records, from)
    const restAt = behindVarint(records, attributesAt + 1)
    const delta = timestampDelta + shiftMs
    const bodyBytes = 1 + varintBytes(delta) + to - restAt
    end = writeVarint(bytes, end, bodyBytes)
    bytes[end++] = records[attributesAt]!
    end = writeVarint(bytes, end, delta)
    bytes.set(records.subarray(restAt, to), end)
    end += to - restAt
  }
  return bytes.subarray(0, end)
}

function behindVarint(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at]! >= 0x80) at++
  return at + 1
}

/** Zigzag, as a number that is exact up to 2^53. */
const zigzag = (value: number): number => (value < 0 ? -value * 2 - 1 : value * 2)

function varintBytes(value: number): number {
  let bytes = 1
  for (let rest = zigzag(value); rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++
  return bytes
}

function writeVarint(bytes: Uint8Array, from: number, value: number): number {
  let at = from
  let rest = zigzag(value)
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes[at++] = (rest % 0x80) | 0x80
  bytes[at++] = rest
  return at
}
