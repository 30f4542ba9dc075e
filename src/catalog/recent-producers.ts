/**
 * The few producers of a partition that wrote to it last, in the partition's own row: the commit
 * locks and writes that anyway, so that who has a handful of producers costs no other row. What
 * finds no place has a row in producer_state. A producer's state is in one place only. Pure.
 */
import { readInt32, readInt64, writeInt32, writeInt64 } from '../base/big-endian.ts'
import { Failure } from '../base/errors.ts'
import type { ProducerStateRow } from './schema.ts'

export type ProducerState = Omit<ProducerStateRow, 'partitionId'>

export interface RecentProducers {
  /** Nobody else has a state: who is not among these has none. */
  readonly isAll: boolean
  readonly states: readonly ProducerState[]
}

/** Some 70 bytes each: the row stays well below where databases move values out of it. */
export const recentProducersMax = 4

/**
 * Only who has been silent for so long makes room for another: where more producers than there is
 * room for take turns, they would replace each other with every commit.
 */
const silentMs = 30_000

const layout = 1
const flags = { transaction: 1, marker: 2 } as const
const headBytes = 2
/** Producer id, epoch, last time, flags, length of the window. */
const fixedBytes = 8 + 4 + 8 + 1 + 1
const windowBytesMax = 255

/** Of a partition that nobody has written to. */
export const nobodyYet: Uint8Array = encodeRecent({ isAll: true, states: [] })

/**
 * Persisted in partition.recent_producers: u8 layout, u8 whether these are all; for each i64
 * producer id, i32 epoch, i64 time of its last batch or marker, u8 flags, where flagged the i64
 * offset where its open transaction begins (1) and the i64 time of its last marker (2), u8 length
 * of its window, and that (see producer-window.ts).
 */
export function encodeRecent({ isAll, states }: RecentProducers): Uint8Array {
  let size = headBytes
  for (const state of states) size += sizeOf(state)
  const bytes = new Uint8Array(size)
  bytes[0] = layout
  bytes[1] = isAll ? 1 : 0
  let at = headBytes
  for (const state of states) at = write(bytes, at, state)
  return bytes
}

function sizeOf({ transactionOffset, markerMs, window }: ProducerState): number {
  const optional = (transactionOffset === null ? 0 : 8) + (markerMs === null ? 0 : 8)
  return fixedBytes + optional + window.length
}

function write(bytes: Uint8Array, from: number, state: ProducerState): number {
  const { transactionOffset, markerMs, window } = state
  writeInt64(bytes, from, state.producerId)
  writeInt32(bytes, from + 8, state.epoch)
  writeInt64(bytes, from + 12, state.lastMs)
  const hasTransaction = transactionOffset === null ? 0 : flags.transaction
  bytes[from + 20] = hasTransaction | (markerMs === null ? 0 : flags.marker)
  let at = from + 21
  for (const value of [transactionOffset, markerMs]) {
    if (value === null) continue
    writeInt64(bytes, at, value)
    at += 8
  }
  if (window.length > windowBytesMax) throw damaged(`a window of ${window.length} bytes`)
  bytes[at] = window.length
  bytes.set(window, at + 1)
  return at + 1 + window.length
}

/**
 * Null: written by a release that had no such place.
 *
 * @throws Failure 'corrupt'
 */
export function decodeRecent(bytes: Uint8Array | null): RecentProducers {
  if (bytes === null) return { isAll: false, states: [] }
  if (bytes[0] !== layout) throw damaged(`layout ${bytes[0]}`)
  const states: ProducerState[] = []
  let at = headBytes
  while (at < bytes.length) {
    const flagged = bytes[at + 20] ?? 0
    const [transactionAt, markerAt] = placesOf(at, flagged)
    const lengthAt = at + 21 + 8 * ((flagged & 1) + ((flagged >> 1) & 1))
    const windowAt = lengthAt + 1
    const end = windowAt + (bytes[lengthAt] ?? 0)
    if (windowAt > bytes.length || end > bytes.length) throw damaged('cut short')
    states.push({
      producerId: readInt64(bytes, at),
      epoch: readInt32(bytes, at + 8),
      lastMs: readInt64(bytes, at + 12),
      transactionOffset: transactionAt === undefined ? null : readInt64(bytes, transactionAt),
      markerMs: markerAt === undefined ? null : readInt64(bytes, markerAt),
      window: bytes.subarray(windowAt, end),
    })
    at = end
  }
  return { isAll: bytes[1] === 1, states }
}

function placesOf(at: number, flagged: number): [number | undefined, number | undefined] {
  const hasTransaction = (flagged & flags.transaction) !== 0
  const hasMarker = (flagged & flags.marker) !== 0
  const first = at + 21
  return [
    hasTransaction ? first : undefined,
    hasMarker ? first + (hasTransaction ? 8 : 0) : undefined,
  ]
}

function damaged(what: string): Failure {
  return new Failure('corrupt', `recent producers of a partition: ${what}`)
}

/** Where a changed state goes. */
export interface Placed {
  readonly recent: RecentProducers
  /** To be written as a row of its own: the state itself, or one that made room for it. */
  readonly toRow: ProducerState | undefined
}

/** `state` after a change: in its place, in a free one, in that of who is silent, or in a row. */
export function placeRecent({ isAll, states }: RecentProducers, state: ProducerState): Placed {
  const others = states.filter(({ producerId }) => producerId !== state.producerId)
  if (others.length < states.length || states.length < recentProducersMax) {
    return { recent: { isAll, states: [...others, state] }, toRow: undefined }
  }
  const oldest = others.reduce((a, b) => (b.lastMs < a.lastMs ? b : a))
  if (oldest.lastMs + silentMs > state.lastMs) {
    return { recent: { isAll: false, states }, toRow: state }
  }
  const left = others.filter((each) => each !== oldest)
  return { recent: { isAll: false, states: [...left, state] }, toRow: oldest }
}
