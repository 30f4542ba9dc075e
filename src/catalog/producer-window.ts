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

/** How a window is written. Persisted. */
const layouts = { near: 1, whole: 2 } as const

/** A varint of 32 bits takes so many bytes at most; the rest of a near batch is three of them. */
const varintBytesMax = 5
const nearBytesMax = 3 * varintBytesMax
/** Between two batches of a window, in offsets and in milliseconds: above, it is written whole. */
const nearMax = 2 ** 30

/**
 * Persisted in producer_state.window and in partition.recent_producers; each commit reads and
 * writes one for each of its producers: u8 layout, then the newest batch, i32 base and last
 * sequence, i64 offset, i64 timestamp. Layout 2: older ones alike. Layout 1, where each follows the
 * one before it: varints of its last less its base sequence, how far its offset lies below the
 * newer one's, and, zigzag, its timestamp.
 */
export function encodeWindow({ batches }: ProducerWindow): Uint8Array {
  const [newest, ...older] = batches
  if (newest === undefined) return new Uint8Array(0)
  const isNear = older.every((batch, index) => isNearTo(batches[index] as RememberedBatch, batch))
  const each = isNear ? nearBytesMax : entryBytes
  // Of the pool: memory of its own for each of hundreds of windows is a tenth of a commit.
  const bytes = Buffer.allocUnsafe(1 + entryBytes + older.length * each)
  bytes[0] = isNear ? layouts.near : layouts.whole
  let at = writeWhole(bytes, 1, newest)
  for (const [index, batch] of older.entries()) {
    at = isNear
      ? writeNear(bytes, at, batches[index] as RememberedBatch, batch)
      : writeWhole(bytes, at, batch)
  }
  return bytes.subarray(0, at)
}

function isNearTo(newer: RememberedBatch, batch: RememberedBatch): boolean {
  const { baseSequence, lastSequence, baseOffset, timestampMs } = batch
  const distance = newer.baseOffset - baseOffset
  return (
    sequenceAfter(lastSequence, 1) === newer.baseSequence &&
    baseSequence <= lastSequence &&
    distance >= 0 &&
    distance < nearMax &&
    Math.abs(newer.timestampMs - timestampMs) < nearMax
  )
}

function writeWhole(bytes: Uint8Array, at: number, batch: RememberedBatch): number {
  writeInt32(bytes, at, batch.baseSequence)
  writeInt32(bytes, at + 4, batch.lastSequence)
  writeInt64(bytes, at + 8, batch.baseOffset)
  writeInt64(bytes, at + 16, batch.timestampMs)
  return at + entryBytes
}

function writeNear(
  bytes: Uint8Array,
  from: number,
  newer: RememberedBatch,
  { baseSequence, lastSequence, baseOffset, timestampMs }: RememberedBatch,
): number {
  const later = newer.timestampMs - timestampMs
  let at = writeVarint(bytes, from, lastSequence - baseSequence)
  at = writeVarint(bytes, at, newer.baseOffset - baseOffset)
  return writeVarint(bytes, at, (later << 1) ^ (later >> 31))
}

function writeVarint(bytes: Uint8Array, from: number, value: number): number {
  let [at, rest] = [from, value >>> 0]
  for (; rest >= 0x80; rest >>>= 7) bytes[at++] = (rest & 0x7f) | 0x80
  bytes[at++] = rest
  return at
}

/** @throws Failure 'corrupt': it is not one window of at most five batches. */
export function decodeWindow(epoch: number, bytes: Uint8Array): ProducerWindow {
  if (bytes.length === 0) return { epoch, batches: [] }
  const [layout] = bytes
  const isNear = layout === layouts.near
  const isKnown = (isNear || layout === layouts.whole) && bytes.length > entryBytes
  const batches: RememberedBatch[] = []
  const cursor = { at: 1 }
  while (isKnown && cursor.at < bytes.length && batches.length < batchesMax) {
    const newer = batches.at(-1)
    if (newer !== undefined && isNear) batches.push(readNear(bytes, cursor, newer))
    else {
      if (cursor.at + entryBytes > bytes.length) break
      batches.push(readWhole(bytes, cursor.at))
      cursor.at += entryBytes
    }
  }
  if (!isKnown || cursor.at !== bytes.length) {
    throw new Failure('corrupt', `producer window of ${bytes.length} bytes, layout ${layout}`)
  }
  return { epoch, batches }
}

function readWhole(bytes: Uint8Array, at: number): RememberedBatch {
  return {
    baseSequence: readInt32(bytes, at),
    lastSequence: readInt32(bytes, at + 4),
    baseOffset: readInt64(bytes, at + 8),
    timestampMs: readInt64(bytes, at + 16),
  }
}

/** Where a reader of varints stands: one for all of a window, as each commit reads many. */
interface Cursor {
  at: number
}

/** The batch before `newer`; beyond the bytes the cursor tells that it was none. */
function readNear(bytes: Uint8Array, cursor: Cursor, newer: RememberedBatch): RememberedBatch {
  const span = readVarint(bytes, cursor)
  const distance = readVarint(bytes, cursor)
  const zigzag = readVarint(bytes, cursor)
  const lastSequence = newer.baseSequence === 0 ? sequenceMax : newer.baseSequence - 1
  const later = (zigzag >>> 1) ^ -(zigzag & 1)
  return {
    baseSequence: lastSequence - span,
    lastSequence,
    baseOffset: newer.baseOffset - distance,
    timestampMs: newer.timestampMs - later,
  }
}

function readVarint(bytes: Uint8Array, cursor: Cursor): number {
  let value = 0
  for (let shift = 0; shift < varintBytesMax * 7; shift += 7) {
    const byte = bytes[cursor.at++] ?? 0
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) break
  }
  return value >>> 0
}
