/**
 * The header of a Kafka v2 record batch (KIP-98), read and patched in place: most batches are never
 * parsed further. Fields before the CRC (base offset, length, leader epoch, magic) may change
 * without touching it.
 */
import { assert } from '../base/assert.ts'
import { crc32c } from '../base/crc32c.ts'
import { Failure } from '../base/errors.ts'
import {
  readInt16,
  readInt32,
  readInt64,
  readUint32,
  writeInt16,
  writeInt32,
  writeInt64,
} from '../base/big-endian.ts'

/** Bytes of the header; the records (or the compressed block of them) follow. */
export const BATCH_HEADER_BYTES = 61
/** Base offset and length: what `batchLength` does not count. */
export const BATCH_OVERHEAD_BYTES = 12
/** The only magic that is stored or accepted. */
export const BATCH_MAGIC = 2

const AT_BATCH_LENGTH = 8
const AT_LEADER_EPOCH = 12
const AT_MAGIC = 16
const AT_CRC = 17
const AT_ATTRIBUTES = 21
const AT_LAST_OFFSET_DELTA = 23
const AT_BASE_TIMESTAMP = 27
const AT_MAX_TIMESTAMP = 35
const AT_PRODUCER_ID = 43
const AT_PRODUCER_EPOCH = 51
const AT_BASE_SEQUENCE = 53
const AT_RECORD_COUNT = 57

const CODEC_BITS = 0x07
const LOG_APPEND_TIME_BIT = 0x08
const TRANSACTIONAL_BIT = 0x10
const CONTROL_BIT = 0x20
const DELETE_HORIZON_BIT = 0x40

/** Timestamps of records: as their producer set them, or all as the batch's max timestamp. */
export type TimestampType = 'create' | 'log-append'

/** What stands in a header, beside its magic and its CRC. */
export type BatchFields = {
  readonly baseOffset: number
  /** Bytes after this field; the whole batch takes BATCH_OVERHEAD_BYTES more. */
  readonly batchLength: number
  readonly leaderEpoch: number
  readonly attributes: number
  readonly lastOffsetDelta: number
  readonly baseTimestamp: number
  readonly maxTimestamp: number
  readonly producerId: number
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly recordCount: number
}

export type BatchHeader = BatchFields & {
  readonly magic: number
  readonly crc: number
  /** The number on the wire; `codecOf` names it. */
  readonly codecId: number
  readonly timestampType: TimestampType
  readonly isTransactional: boolean
  readonly isControl: boolean
  /** Set by compaction: `baseTimestamp` is then the delete horizon (KIP-534). */
  readonly hasDeleteHorizon: boolean
}

// One reader per field, for paths that need one or two of them. `at` is where the batch begins.
export function baseOffsetOf(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at)
}
/**
 * All bytes of the batch, overhead included. Not checked against what is there: see
 * `checkedBatchBytes`.
 */
export function batchBytesOf(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + AT_BATCH_LENGTH) + BATCH_OVERHEAD_BYTES
}
export function leaderEpochOf(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + AT_LEADER_EPOCH)
}
export function magicOf(bytes: Uint8Array, at: number): number {
  return (bytes[at + AT_MAGIC]! << 24) >> 24
}
export function crcOf(bytes: Uint8Array, at: number): number {
  return readUint32(bytes, at + AT_CRC)
}
export function attributesOf(bytes: Uint8Array, at: number): number {
  return readInt16(bytes, at + AT_ATTRIBUTES)
}
/** The number on the wire; `codecOf` names it. */
/** Of any bytes: what is no whole header is not transactional. */
export function isTransactionalBatch(bytes: Uint8Array): boolean {
  if (bytes.length < BATCH_HEADER_BYTES || magicOf(bytes, 0) !== BATCH_MAGIC) return false
  return (attributesOf(bytes, 0) & TRANSACTIONAL_BIT) !== 0
}
export function codecIdOf(bytes: Uint8Array, at: number): number {
  return attributesOf(bytes, at) & CODEC_BITS
}
export function lastOffsetDeltaOf(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + AT_LAST_OFFSET_DELTA)
}
export function baseTimestampOf(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + AT_BASE_TIMESTAMP)
}
export function maxTimestampOf(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + AT_MAX_TIMESTAMP)
}
export function producerIdOf(bytes: Uint8Array, at: number): number {
  return readInt64(bytes, at + AT_PRODUCER_ID)
}
export function producerEpochOf(bytes: Uint8Array, at: number): number {
  return readInt16(bytes, at + AT_PRODUCER_EPOCH)
}
export function baseSequenceOf(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + AT_BASE_SEQUENCE)
}
export function recordCountOf(bytes: Uint8Array, at: number): number {
  return readInt32(bytes, at + AT_RECORD_COUNT)
}

/**
 * The header of the batch at `at`; only the presence of its bytes is checked.
 *
 * @throws Failure 'corrupt': fewer bytes than a header are left.
 */
export function readBatchHeader(bytes: Uint8Array, at = 0): BatchHeader {
  if (at + BATCH_HEADER_BYTES > bytes.length) throw cutShort(bytes, at)
  const attributes = attributesOf(bytes, at)
  return {
    baseOffset: baseOffsetOf(bytes, at),
    batchLength: readInt32(bytes, at + AT_BATCH_LENGTH),
    leaderEpoch: leaderEpochOf(bytes, at),
    magic: magicOf(bytes, at),
    crc: crcOf(bytes, at),
    attributes,
    codecId: attributes & CODEC_BITS,
    timestampType: (attributes & LOG_APPEND_TIME_BIT) === 0 ? 'create' : 'log-append',
    isTransactional: (attributes & TRANSACTIONAL_BIT) !== 0,
    isControl: (attributes & CONTROL_BIT) !== 0,
    hasDeleteHorizon: (attributes & DELETE_HORIZON_BIT) !== 0,
    lastOffsetDelta: lastOffsetDeltaOf(bytes, at),
    baseTimestamp: baseTimestampOf(bytes, at),
    maxTimestamp: maxTimestampOf(bytes, at),
    producerId: producerIdOf(bytes, at),
    producerEpoch: producerEpochOf(bytes, at),
    baseSequence: baseSequenceOf(bytes, at),
    recordCount: recordCountOf(bytes, at),
  }
}

/**
 * Writes a whole header at `at`, with the CRC over what follows it: the records must be in place
 * already.
 */
export function writeBatchHeader(bytes: Uint8Array, at: number, header: BatchFields): void {
  const { batchLength } = header
  assert(at + BATCH_OVERHEAD_BYTES + batchLength <= bytes.length, 'the batch lies in its buffer')
  writeInt64(bytes, at, header.baseOffset)
  writeInt32(bytes, at + AT_BATCH_LENGTH, batchLength)
  writeInt32(bytes, at + AT_LEADER_EPOCH, header.leaderEpoch)
  bytes[at + AT_MAGIC] = BATCH_MAGIC
  writeInt16(bytes, at + AT_ATTRIBUTES, header.attributes)
  writeInt32(bytes, at + AT_LAST_OFFSET_DELTA, header.lastOffsetDelta)
  writeInt64(bytes, at + AT_BASE_TIMESTAMP, header.baseTimestamp)
  writeInt64(bytes, at + AT_MAX_TIMESTAMP, header.maxTimestamp)
  writeInt64(bytes, at + AT_PRODUCER_ID, header.producerId)
  writeInt16(bytes, at + AT_PRODUCER_EPOCH, header.producerEpoch)
  writeInt32(bytes, at + AT_BASE_SEQUENCE, header.baseSequence)
  writeInt32(bytes, at + AT_RECORD_COUNT, header.recordCount)
  writeInt32(bytes, at + AT_CRC, computeBatchCrc(bytes, at))
}

/** The attribute bits of a batch that is being built. */
export function batchAttributes(flags: {
  readonly codecId?: number
  readonly timestampType?: TimestampType
  readonly isTransactional?: boolean
  readonly isControl?: boolean
  readonly hasDeleteHorizon?: boolean
}): number {
  return (
    (flags.codecId ?? 0) |
    (flags.timestampType === 'log-append' ? LOG_APPEND_TIME_BIT : 0) |
    (flags.isTransactional === true ? TRANSACTIONAL_BIT : 0) |
    (flags.isControl === true ? CONTROL_BIT : 0) |
    (flags.hasDeleteHorizon === true ? DELETE_HORIZON_BIT : 0)
  )
}

/** The same attributes of a batch that another codec has packed. */
export function withCodec(attributes: number, codecId: number): number {
  return (attributes & ~CODEC_BITS) | codecId
}

/** The same attributes of a batch whose base timestamp is a delete horizon now, or none any more. */
export function withDeleteHorizon(attributes: number, hasHorizon = true): number {
  return hasHorizon ? attributes | DELETE_HORIZON_BIT : attributes & ~DELETE_HORIZON_BIT
}

/** CRC-32C from the attributes to the end of the batch, which must be whole. */
export function computeBatchCrc(bytes: Uint8Array, at: number): number {
  return crc32c(bytes.subarray(at + AT_ATTRIBUTES, at + batchBytesOf(bytes, at)))
}

/** Gives the batch its place in the log: base offset and leader epoch, both outside the CRC. */
export function patchBatch(
  bytes: Uint8Array,
  at: number,
  baseOffset: number,
  leaderEpoch: number,
): void {
  assert(at + BATCH_HEADER_BYTES <= bytes.length, 'a whole header is patched')
  writeInt64(bytes, at, baseOffset)
  writeInt32(bytes, at + AT_LEADER_EPOCH, leaderEpoch)
}

/**
 * Stamps a batch of a LogAppendTime topic: its max timestamp becomes every record's. Costs one CRC
 * over the batch.
 */
export function patchLogAppendTime(bytes: Uint8Array, at: number, timestampMs: number): void {
  assert(at + batchBytesOf(bytes, at) <= bytes.length, 'a whole batch is stamped')
  writeInt16(bytes, at + AT_ATTRIBUTES, attributesOf(bytes, at) | LOG_APPEND_TIME_BIT)
  writeInt64(bytes, at + AT_MAX_TIMESTAMP, timestampMs)
  writeInt32(bytes, at + AT_CRC, computeBatchCrc(bytes, at))
}

/**
 * Corrects the max timestamp of a producer that counted wrong, as Kafka does. Costs one CRC over
 * the batch.
 */
export function patchMaxTimestamp(bytes: Uint8Array, at: number, timestampMs: number): void {
  assert(at + batchBytesOf(bytes, at) <= bytes.length, 'a whole batch is corrected')
  writeInt64(bytes, at + AT_MAX_TIMESTAMP, timestampMs)
  writeInt32(bytes, at + AT_CRC, computeBatchCrc(bytes, at))
}

/** The failure of every reader that finds less than it was promised. */
export function cutShort(bytes: Uint8Array, at: number): Failure {
  return new Failure('corrupt', `record batch at ${at}: cut short, ${bytes.length - at} bytes left`)
}
