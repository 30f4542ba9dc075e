/**
 * What a broker asks of a batch before it takes it: the rules of Kafka's produce path, in order of
 * cost, so that what is refused is refused early. See README.md for what is looked at in compressed
 * batches, and what that costs.
 */
import { isFailure } from '../base/errors.ts'
import {
  BATCH_HEADER_BYTES,
  BATCH_MAGIC,
  BATCH_OVERHEAD_BYTES,
  type BatchHeader,
  batchBytesOf,
  computeBatchCrc,
  crcOf,
  magicOf,
  readBatchHeader,
} from './batch-header.ts'
import { type Codec, CODECS, codecOf } from './codec.ts'
import { decompress } from './compression.ts'
import { RECORD_BYTES_MIN, RecordCursor } from './record-cursor.ts'

/** Errors told per record; beyond it only their number is told, so that an answer stays small. */
export const RECORD_ERRORS_MAX = 100

/** The rules of one topic at one moment. */
export type BatchRules = {
  /** `max.message.bytes`: of the whole batch as sent, its overhead included. */
  readonly batchBytesMax: number
  /**
   * `message.timestamp.type`: with 'log-append' the producer's timestamps are not judged, they get
   * replaced.
   */
  readonly timestampType: 'create' | 'log-append'
  /** `message.timestamp.before.max.ms` and `.after.max.ms`, against `nowMs`. Infinity: no bound. */
  readonly timestampBeforeMaxMs: number
  readonly timestampAfterMaxMs: number
  readonly nowMs: number
  /** False for clients that speak a Produce version older than zstd (below 7). */
  readonly zstdAllowed: boolean
  /** Log-compacted topics: every record has a key. Implies `inspectRecords`. */
  readonly keysRequired: boolean
  /** Unpack compressed batches and look at every record. */
  readonly inspectRecords: boolean
  /** Look at every record of uncompressed batches: costs little (README.md). Not set: true. */
  readonly walkUncompressed?: boolean
  /** Most bytes that a compressed batch may unpack to, when it is inspected. */
  readonly decompressedBytesMax: number
}

export type RefusalReason =
  /** The bytes are not what they claim to be: damaged on the way, worth sending again. */
  | 'corrupt'
  /** The producer built something that no log may hold: sending it again cannot help. */
  | 'invalid-record'
  /** Too large as sent or unpacked: a producer may split it and try again. */
  | 'message-too-large'
  | 'invalid-timestamp'
  | 'unsupported-compression'

export type RecordError = { readonly batchIndex: number; readonly message: string }

export type Refusal = {
  readonly ok: false
  readonly reason: RefusalReason
  readonly message: string
  /** At most RECORD_ERRORS_MAX, in order; empty where the batch as a whole is at fault. */
  readonly recordErrors: readonly RecordError[]
}

export type ValidBatch = {
  readonly ok: true
  readonly header: BatchHeader
  readonly codec: Codec
  /** Every record was looked at: counts, deltas and lengths fit, `maxTimestamp` is the truth. */
  readonly inspected: boolean
  /**
   * Of the records where they were inspected, else as the header says. -1: no timestamp. Where it
   * differs from `header.maxTimestamp`, `patchMaxTimestamp` corrects the batch, as Kafka would.
   */
  readonly maxTimestamp: number
}

/**
 * Judges `bytes`, the records of one partition in a produce request, which must be exactly one v2
 * batch. Nothing is changed. @throws Failure 'overloaded' only: a codec could not get its working
 * memory. Rules: Kafka's LogValidator and ProduceRequest (4.x).
 */
export function validateBatch(bytes: Uint8Array, rules: BatchRules): ValidBatch | Refusal {
  const header = validateHeader(bytes, rules)
  if ('ok' in header) return header
  const codec = CODECS[header.codecId]!
  const walks = codec === 'none' && rules.walkUncompressed !== false
  if (walks || rules.inspectRecords || rules.keysRequired) {
    return judgeRecords(bytes, header, codec, rules)
  }
  const { maxTimestamp } = header
  return (
    judgeTimestamps(header, rules) ?? { ok: true, header, codec, inspected: false, maxTimestamp }
  )
}

/** The part of `validateBatch` that is said without the records and their times. */
export function validateHeader(bytes: Uint8Array, rules: BatchRules): BatchHeader | Refusal {
  const misframed = judgeFrame(bytes, rules)
  if (misframed !== undefined) return misframed
  if (computeBatchCrc(bytes, 0) !== crcOf(bytes, 0)) {
    return refuse('corrupt', 'CRC-32C of the batch does not match: it was damaged on its way')
  }
  const header = readBatchHeader(bytes)
  const codec = codecOf(header.codecId)
  if (codec === undefined || (codec === 'zstd' && !rules.zstdAllowed)) {
    return refuseCodec(header.codecId)
  }
  return judgeHeader(header) ?? header
}

const magicAt = 16
/** Of the smallest format that there was (magic 0). */
const anyHeaderBytes = 14

/** What stands outside the CRC: framing, magic and size. In Kafka's order, with its codes. */
function judgeFrame(bytes: Uint8Array, rules: BatchRules): Refusal | undefined {
  if (bytes.length === 0) return refuse('invalid-record', 'no record batch')
  if (bytes.length <= magicAt) return refuse('invalid-record', 'less than the header of a batch')
  const [size, magic] = [batchBytesOf(bytes, 0), magicOf(bytes, 0)]
  const length = `batch length ${size - BATCH_OVERHEAD_BYTES}`
  if (size < BATCH_OVERHEAD_BYTES + anyHeaderBytes) {
    return refuse('corrupt', `${length} is less than any header`)
  }
  if (magic < 0 || magic > BATCH_MAGIC) return refuse('corrupt', `magic ${magic} is unknown`)
  if (size > bytes.length) {
    const there = bytes.length - BATCH_OVERHEAD_BYTES
    return refuse('invalid-record', `${length}, but ${there} bytes are there`)
  }
  if (magic !== BATCH_MAGIC) {
    return refuse('invalid-record', `magic ${magic}: only record batches of magic 2`)
  }
  if (size < BATCH_HEADER_BYTES) return refuse('corrupt', `${length} is less than its header`)
  if (size < bytes.length) {
    return refuse(
      'invalid-record',
      'more than one record batch for a partition, exactly one may be',
    )
  }
  if (size > rules.batchBytesMax) {
    const limit = `max.message.bytes is ${rules.batchBytesMax}`
    return refuse('message-too-large', `batch of ${size} bytes, ${limit}`)
  }
  return undefined
}

function judgeHeader(header: BatchHeader): Refusal | undefined {
  const { baseOffset, recordCount, lastOffsetDelta, producerId, baseSequence } = header
  if (baseOffset !== 0) return refuse('invalid-record', `base offset ${baseOffset}, must be 0`)
  if (recordCount <= 0)
    return refuse('invalid-record', `${recordCount} records, must be at least 1`)
  if (lastOffsetDelta + 1 !== recordCount) {
    const counts = `last offset delta ${lastOffsetDelta} and ${recordCount} records`
    return refuse('invalid-record', `${counts} do not fit together`)
  }
  if (header.isControl) {
    return refuse('invalid-record', 'control batches are written by brokers only')
  }
  if (header.hasDeleteHorizon) {
    return refuse('invalid-record', 'a delete horizon is set by brokers only')
  }
  if (producerId >= 0 && (baseSequence < 0 || header.producerEpoch < 0)) {
    const numbers = `sequence ${baseSequence} and epoch ${header.producerEpoch}`
    return refuse('invalid-record', `${numbers} of producer ${producerId} must not be negative`)
  }
  if (producerId < 0 && header.isTransactional) {
    return refuse('invalid-record', 'transactional without a producer id')
  }
  if (header.timestampType === 'log-append') {
    return refuse('invalid-timestamp', 'only brokers set the timestamp type to LogAppendTime')
  }
  return undefined
}

/** What the header tells of the records' timestamps: the first one and the largest. */
function judgeTimestamps(header: BatchHeader, rules: BatchRules): Refusal | undefined {
  if (rules.timestampType === 'log-append') return undefined
  const wrong =
    timestampError(header.baseTimestamp, rules) ?? timestampError(header.maxTimestamp, rules)
  return wrong === undefined ? undefined : refuse('invalid-timestamp', wrong)
}

function judgeRecords(
  bytes: Uint8Array,
  header: BatchHeader,
  codec: Codec,
  rules: BatchRules,
): ValidBatch | Refusal {
  try {
    if (codec === 'none') {
      const cursor = new RecordCursor(bytes, BATCH_HEADER_BYTES)
      return validateRecords(cursor, header, codec, rules)
    }
    const packed = bytes.subarray(BATCH_HEADER_BYTES)
    const records = decompress(codec, packed, rules.decompressedBytesMax)
    return validateRecords(new RecordCursor(records), header, codec, rules)
  } catch (error) {
    return refusalOf(error)
  }
}

/** What a batch is refused with whose records could not be read. @throws error: any other. */
export function refusalOf(error: unknown): Refusal {
  if (isFailure(error, 'corrupt')) return refuse('invalid-record', error.message)
  if (isFailure(error, 'invalid')) return refuse('message-too-large', error.message)
  throw error
}

/**
 * The part of `validateBatch` that looks at every record; the cursor stands before the first.
 *
 * @throws Failure 'corrupt': see `refusalOf`.
 */
export function validateRecords(
  cursor: RecordCursor,
  header: BatchHeader,
  codec: Codec,
  rules: BatchRules,
): ValidBatch | Refusal {
  const { recordCount, baseTimestamp } = header
  if (recordCount > (cursor.end - cursor.at) / RECORD_BYTES_MIN) {
    return refuse('invalid-record', `${recordCount} records do not fit into the batch`)
  }
  const judgesTime = rules.timestampType === 'create'
  const errors: RecordError[] = []
  let wrongCount = 0
  let reason: RefusalReason = 'invalid-timestamp'
  let maxTimestamp = -1
  for (let i = 0; i < recordCount; i++) {
    cursor.next()
    const timestamp = baseTimestamp + cursor.timestampDelta
    if (timestamp > maxTimestamp) maxTimestamp = timestamp
    let wrong: string | undefined
    if (cursor.offsetDelta !== i) wrong = `offset delta ${cursor.offsetDelta}, must be ${i}`
    else if (rules.keysRequired && cursor.keyLength < 0)
      wrong = 'no key, but the topic is compacted'
    if (wrong !== undefined) reason = 'invalid-record'
    else if (judgesTime) wrong = timestampError(timestamp, rules)
    if (wrong === undefined) continue
    if (wrongCount++ < RECORD_ERRORS_MAX) errors.push({ batchIndex: i, message: wrong })
  }
  if (!cursor.atEnd) {
    return refuse('invalid-record', `bytes are left after ${recordCount} records`)
  }
  if (wrongCount > 0) {
    const first = errors[0]!
    const which = `record ${first.batchIndex}: ${first.message}`
    const message = `${wrongCount} of ${recordCount} records refused; ${which}`
    return refuse(reason, message, errors)
  }
  return {
    ok: true,
    header,
    codec,
    inspected: true,
    maxTimestamp: Math.min(maxTimestamp, Number.MAX_SAFE_INTEGER),
  }
}

/** -1 means that the producer gave none, which is always right. */
function timestampError(timestamp: number, rules: BatchRules): string | undefined {
  const age = rules.nowMs - timestamp
  if (
    timestamp === -1 ||
    (age <= rules.timestampBeforeMaxMs && -age <= rules.timestampAfterMaxMs)
  ) {
    return undefined
  }
  const side = age > 0 ? `${age} ms before` : `${-age} ms after`
  const limit =
    age > 0
      ? `message.timestamp.before.max.ms is ${rules.timestampBeforeMaxMs}`
      : `message.timestamp.after.max.ms is ${rules.timestampAfterMaxMs}`
  return `timestamp ${timestamp} is ${side} the broker's time, ${limit}`
}

function refuseCodec(codecId: number): Refusal {
  const what =
    codecId === 4
      ? 'zstd needs Produce version 7 or later'
      : `codec ${codecId} is unknown; none, gzip, snappy, lz4 and zstd (0 to 4) are known`
  return refuse('unsupported-compression', what)
}

export function refuse(
  reason: RefusalReason,
  message: string,
  recordErrors: readonly RecordError[] = [],
): Refusal {
  return { ok: false, reason, message, recordErrors }
}
