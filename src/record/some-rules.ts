/** Rules and batches for tests: a topic with Kafka's defaults, unless a test says otherwise. */
import { writeInt32 } from '../base/big-endian.ts'
import { computeBatchCrc } from './batch-header.ts'
import type { NewRecord } from './build-batch.ts'
import type { BatchRules } from './validate-batch.ts'

/** A time in 2025 that tests take for now. Milliseconds. */
export const SOME_NOW_MS = 1_760_000_000_000

export function someRules(changed: Partial<BatchRules> = {}): BatchRules {
  return {
    batchBytesMax: 1_048_588,
    timestampType: 'create',
    timestampBeforeMaxMs: Number.POSITIVE_INFINITY,
    timestampAfterMaxMs: 3_600_000,
    nowMs: SOME_NOW_MS,
    zstdAllowed: true,
    keysRequired: false,
    inspectRecords: false,
    decompressedBytesMax: 8 * 1024 * 1024,
    ...changed,
  }
}

/** Records that a codec can shorten, one millisecond apart. */
export function someRecords(count: number, valueBytes = 20): NewRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    key: Buffer.from(`key-${i}`),
    value: Buffer.alloc(valueBytes, `value ${i} `),
    headers: i % 3 === 0 ? [{ key: 'h', value: Buffer.from(`${i}`) }] : [],
    timestampMs: SOME_NOW_MS + i,
  }))
}

/**
 * Makes a batch that a test has damaged pass its checksum, so that the damage is met further
 * inside.
 */
export function withCrc(bytes: Uint8Array): Uint8Array {
  writeInt32(bytes, 17, computeBatchCrc(bytes, 0))
  return bytes
}
