/**
 * What a partition remembers of an idempotent producer, and how it judges the next batch (KIP-98).
 * Pure; the state is read and written by the commit, under the partition's lock.
 *
 * Without a transactional id the epoch is known per (producer id, partition) only: clients raise it
 * by themselves, so a higher one is taken if it begins at sequence 0.
 */
import { Failure } from '../base/errors.ts'
import { readInt32, readInt64, writeInt32, writeInt64 } from '../base/big-endian.ts'

export interface RememberedBatch {
  readonly baseSequence: number
  readonly lastSequence: number
  readonly baseOffset: number
  readonly timestampMs: number
}

export interface ProducerWindow {
  readonly epoch: number
  /** Newest first, at most five. */
  readonly batches: readonly RememberedBatch[]
}

export interface SequencedBatch {
  readonly epoch: number
  readonly baseSequence: number
  readonly lastSequence: number
}

export type SequenceVerdict =
  | { readonly verdict: 'next' }
  | { readonly verdict: 'duplicate'; readonly of: RememberedBatch }
  | { readonly verdict: 'stale-producer-epoch' }
  | { readonly verdict: 'out-of-order-sequence' }

/** Kafka's clients have at most five batches in flight per connection. */
const batchesMax = 5
const sequenceMax = 2 ** 31 - 1
const entryBytes = 24

/** The sequence `count` records behind `sequence`; it wraps from 2^31 - 1 to 0. */
export function sequenceAfter(sequence: number, count: number): number {
  const after = sequence + count
  return after > sequenceMax ? after - sequenceMax - 1 : after
}

export function judgeSequence(
  window: ProducerWindow | undefined,
  batch: SequencedBatch,
): SequenceVerdict {
  if (window === undefined) return { verdict: 'next' }
  if (batch.epoch < window.epoch) return { verdict: 'stale-producer-epoch' }
  if (batch.epoch > window.epoch) {
    return batch.baseSequence === 0 ? { verdict: 'next' } : { verdict: 'out-of-order-sequence' }
  }
  const of = window.batches.find(
    (known) =>
      known.baseSequence === batch.baseSequence && known.lastSequence === batch.lastSequence,
  )
  if (of !== undefined) return { verdict: 'duplicate', of }
  const newest = window.batches[0]
  // Without any batch the epoch is a marker's: that began it anew.
  const follows = batch.baseSequence === (newest ? sequenceAfter(newest.lastSequence, 1) : 0)
  return follows ? { verdict: 'next' } : { verdict: 'out-of-order-sequence' }
}

/** The window after `batch`, judged 'next', got `baseOffset`. */
export function rememberBatch(
  window: ProducerWindow | undefined,
  batch: SequencedBatch,
  baseOffset: number,
  timestampMs: number,
): ProducerWindow {
  const known = window?.epoch === batch.epoch ? window.batches.slice(0, batchesMax - 1) : []
  const { epoch, baseSequence, lastSequence } = batch
  return { epoch, batches: [{ baseSequence, lastSequence, baseOffset, timestampMs }, ...known] }
}

/**
 * Persisted in producer_state.window: per batch i32 base, i32 last sequence, i64 offset, i64
 * timestamp.
 */
export function encodeWindow(window: ProducerWindow): Uint8Array {
  const bytes = new Uint8Array(window.batches.length * entryBytes)
  for (const [index, batch] of window.batches.entries()) {
    const at = index * entryBytes
    writeInt32(bytes, at, batch.baseSequence)
    writeInt32(bytes, at + 4, batch.lastSequence)
    writeInt64(bytes, at + 8, batch.baseOffset)
    writeInt64(bytes, at + 16, batch.timestampMs)
  }
  return bytes
}

/** @throws Failure 'corrupt': not whole entries, or more than five. */
export function decodeWindow(epoch: number, bytes: Uint8Array): ProducerWindow {
  const count = bytes.length / entryBytes
  if (!Number.isInteger(count) || count > batchesMax) {
    throw new Failure('corrupt', `producer window of ${bytes.length} bytes`)
  }
  const batches = Array.from({ length: count }, (_, index) => ({
    baseSequence: readInt32(bytes, index * entryBytes),
    lastSequence: readInt32(bytes, index * entryBytes + 4),
    baseOffset: readInt64(bytes, index * entryBytes + 8),
    timestampMs: readInt64(bytes, index * entryBytes + 16),
  }))
  return { epoch, batches }
}
