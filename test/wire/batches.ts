/** Batches that clients send, and such that none should. */
import { computeBatchCrc } from '../../src/record/batch-header.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import type { BatchOptions } from '../../src/record/build-batch.ts'

/** When the first record was made: so lately that no retention takes it, the same on both brokers. */
export const bornMs: number = Math.floor(Date.now() / 1000) * 1000 - 60_000

/** Offsets of fields in a batch of format 2. */
export const field = {
  baseOffset: 0,
  batchLength: 8,
  leaderEpoch: 12,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  maxTimestamp: 35,
  producerId: 43,
  producerEpoch: 51,
  baseSequence: 53,
  recordCount: 57,
} as const

/** A record for each value, one second apart. Null is a tombstone. */
export function batch(values: readonly (string | null)[], options: BatchOptions = {}): Uint8Array {
  const records = values.map((value, at) => ({
    key: Buffer.from(`k${at}`),
    value: value === null ? null : Buffer.from(value),
    timestampMs: bornMs + at * 1000,
  }))
  return buildBatch(records, options)
}

export function keyless(value: string, options: BatchOptions = {}): Uint8Array {
  return buildBatch([{ key: null, value: Buffer.from(value), timestampMs: bornMs }], options)
}

/** One record of a time. */
export function batchAt(timestampMs: number): Uint8Array {
  return buildBatch([{ key: Buffer.from('k'), value: Buffer.from('v'), timestampMs }])
}

/** A copy that was changed behind the checksum's back, or with a checksum that is right again. */
export function changed(
  batchBytes: Uint8Array,
  change: (bytes: Buffer) => void,
  isChecked: 'checksum kept' | 'checksum right' = 'checksum right',
): Uint8Array {
  const bytes = Buffer.from(batchBytes)
  change(bytes)
  if (isChecked === 'checksum right') bytes.writeUInt32BE(computeBatchCrc(bytes, 0), field.crc)
  return bytes
}
