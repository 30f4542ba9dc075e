/**
 * Packs a produced batch as its topic wants it (`compression.type`): its records stay as they are,
 * byte for byte, and so does all that its header says of them. Takes milliseconds for each
 * megabyte: see log/repacker.ts for where that is spent.
 */
import {
  BATCH_HEADER_BYTES,
  BATCH_OVERHEAD_BYTES,
  type BatchHeader,
  readBatchHeader,
  withCodec,
  writeBatchHeader,
} from './batch-header.ts'
import { type Codec, CODECS, codecIdOfName } from './codec.ts'
import { compress, decompress } from './compression.ts'
import { RecordCursor } from './record-cursor.ts'
import {
  type BatchRules,
  type Refusal,
  refusalOf,
  refuse,
  validateHeader,
  validateRecords,
  type ValidBatch,
} from './validate-batch.ts'

/** How batches are to be packed. */
export type Packing = {
  readonly codec: Codec
  /** See `compress`. */
  readonly level?: number
}

export type RepackedBatch = ValidBatch & { readonly bytes: Uint8Array<ArrayBuffer> }

/**
 * Judges `bytes` as `validateBatch` does where records are inspected, and makes a batch of them as
 * `packing` says, with the true largest timestamp. Its size is judged by `batchBytesMax` as that of
 * the batch that was sent. Nothing of `bytes` is changed. @throws Failure 'overloaded'.
 */
export function repackBatch(
  bytes: Uint8Array,
  rules: BatchRules,
  packing: Packing,
): RepackedBatch | Refusal {
  const header = validateHeader(bytes, rules)
  if ('ok' in header) return header
  try {
    const records = unpack(bytes, header, rules)
    if (records.length > rules.decompressedBytesMax) {
      return refuse('message-too-large', `${records.length} bytes of records could not be unpacked`)
    }
    const valid = validateRecords(new RecordCursor(records), header, packing.codec, rules)
    return valid.ok ? pack(records, valid, rules, packing) : valid
  } catch (error) {
    return refusalOf(error)
  }
}

function unpack(bytes: Uint8Array, { codecId }: BatchHeader, rules: BatchRules): Uint8Array {
  const packed = bytes.subarray(BATCH_HEADER_BYTES)
  return decompress(CODECS[codecId]!, packed, rules.decompressedBytesMax)
}

function pack(
  records: Uint8Array,
  valid: ValidBatch,
  { batchBytesMax }: BatchRules,
  { codec, level }: Packing,
): RepackedBatch | Refusal {
  const packed = compress(codec, records, level)
  const size = BATCH_HEADER_BYTES + packed.length
  if (size > batchBytesMax) {
    const limit = `max.message.bytes is ${batchBytesMax}`
    return refuse('message-too-large', `batch of ${size} bytes when packed as ${codec}, ${limit}`)
  }
  const bytes = new Uint8Array(size)
  bytes.set(packed, BATCH_HEADER_BYTES)
  const { header, maxTimestamp } = valid
  writeBatchHeader(bytes, 0, {
    ...header,
    batchLength: size - BATCH_OVERHEAD_BYTES,
    attributes: withCodec(header.attributes, codecIdOfName(codec)),
    maxTimestamp,
  })
  return { ...valid, header: readBatchHeader(bytes), bytes }
}
