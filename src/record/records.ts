/**
 * The records of one stored batch as objects, for those who need what is in them: searches, the
 * command line, views. Keys and values are views of the unpacked bytes: copy what shall outlive
 * them.
 */
import { Failure } from '../base/errors.ts'
import { BATCH_HEADER_BYTES, type BatchHeader, readBatchHeader } from './batch-header.ts'
import { checkedBatchBytes } from './batch-sequence.ts'
import { codecOf } from './codec.ts'
import { DECOMPRESSED_BYTES_MAX, decompress } from './compression.ts'
import { RECORD_BYTES_MIN, RecordCursor } from './record-cursor.ts'

export type RecordHeader = { readonly key: string; readonly value: Uint8Array | null }

export type BatchRecord = {
  readonly offset: number
  /** Milliseconds since 1970; -1: none. */
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
}

/** One batch, unpacked, its records not yet read. */
export type OpenBatch = { readonly header: BatchHeader; readonly cursor: RecordCursor }

/**
 * Unpacks the batch at `at`; `cursor` then yields `header.recordCount` records. The CRC is not
 * looked at.
 *
 * @throws Failure 'corrupt': cut short, an unknown codec, or not what its codec writes.
 * @throws Failure 'invalid': unpacks to more than `bytesMax`.
 */
export function openBatch(
  bytes: Uint8Array,
  at = 0,
  bytesMax: number = DECOMPRESSED_BYTES_MAX,
): OpenBatch {
  const end = at + checkedBatchBytes(bytes, at)
  const header = readBatchHeader(bytes, at)
  const codec = codecOf(header.codecId)
  if (codec === undefined) {
    throw new Failure('corrupt', `record batch at ${at}: unknown codec ${header.codecId}`)
  }
  const from = at + BATCH_HEADER_BYTES
  // A batch that compaction has emptied holds nothing, not even what a codec makes of nothing.
  const cursor =
    codec === 'none' || from === end
      ? new RecordCursor(bytes, from, end)
      : new RecordCursor(decompress(codec, bytes.subarray(from, end), bytesMax))
  const { recordCount } = header
  if (recordCount < 0 || recordCount > (cursor.end - cursor.at) / RECORD_BYTES_MIN) {
    throw new Failure('corrupt', `record batch at ${at}: cannot hold ${recordCount} records`)
  }
  return { header, cursor }
}

/**
 * The records of the batch at `at`, read one by one. What breaks in the middle breaks the loop
 * there.
 *
 * @throws Failure 'corrupt' and 'invalid' as `openBatch`, and 'corrupt' for a record that does not
 *   fit.
 */
export function* recordsIn(
  bytes: Uint8Array,
  at = 0,
  bytesMax: number = DECOMPRESSED_BYTES_MAX,
): Generator<BatchRecord, void, undefined> {
  const { header, cursor } = openBatch(bytes, at, bytesMax)
  for (let i = 0; i < header.recordCount; i++) {
    cursor.next()
    yield recordAt(header, cursor)
  }
  if (!cursor.atEnd) throw new Failure('corrupt', `record batch at ${at}: bytes after its records`)
}

/** The timestamp of the cursor's record; -1: none. */
export function timestampAt(header: BatchHeader, cursor: RecordCursor): number {
  if (header.timestampType === 'log-append') return header.maxTimestamp
  const timestamp = header.baseTimestamp + cursor.timestampDelta
  return Math.min(Math.max(timestamp, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
}

/** The cursor's record as an object. */
export function recordAt(header: BatchHeader, cursor: RecordCursor): BatchRecord {
  return {
    offset: header.baseOffset + cursor.offsetDelta,
    timestampMs: timestampAt(header, cursor),
    key: part(cursor.bytes, cursor.keyAt, cursor.keyLength),
    value: part(cursor.bytes, cursor.valueAt, cursor.valueLength),
    headers: cursor.headerCount === 0 ? NO_HEADERS : readHeaders(cursor),
  }
}

const NO_HEADERS: readonly RecordHeader[] = []

function part(bytes: Uint8Array, at: number, length: number): Uint8Array | null {
  return length < 0 ? null : bytes.subarray(at, at + length)
}

/**
 * `next` has proven the headers' bounds; they are walked on a cursor of their own, so that the
 * first stays where it is.
 */
function readHeaders(record: RecordCursor): readonly RecordHeader[] {
  const cursor = new RecordCursor(record.bytes, record.headersAt, record.at)
  const take = (): Uint8Array | null => {
    const length = cursor.varint()
    const taken = part(cursor.bytes, cursor.at, length)
    cursor.at += Math.max(length, 0)
    return taken
  }
  const headers: RecordHeader[] = []
  for (let i = 0; i < record.headerCount; i++) {
    const key = take()
    headers.push({ key: key === null ? '' : utf8.decode(key), value: take() })
  }
  return headers
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })
