/**
 * The few producers of a partition that wrote to it last, in the partition's own row: the commit
 * locks and writes that anyway, so that who has a handful of producers costs no other row. What
 * finds no place has a row in producer_state. A producer's state is in one place only. Pure.
 */
import { readInt32, readInt64, writeInt32, writeInt64 } from '../base/big-endian.ts'
import { Failure } from '../base/errors.ts'
import type { ProducerStateRow } from './schema.ts'

export type ProducerState = Omit<ProducerStateRow, 'partitionId'>

/** Some 60 bytes each: the row stays well below where databases move values out of it. */
export const recentProducersMax = 4

/**
 * Only who has been silent for so long makes room for another: where more producers than there is
 * room for take turns, they would replace each other with every commit.
 */
const silentMs = 30_000

const layout = 1
const flags = { transaction: 1, marker: 2 } as const
const headBytes = 2
/** Producer id, epoch, last time, flags. */
const fixedBytes = 8 + 4 + 8 + 1
const windowBytesMax = 255

/** Where a changed state goes. */
export interface Placed {
  readonly recent: RecentProducers
  /** To be written as a row of its own: the state itself, or one that made room for it. */
  readonly toRow: ProducerState | undefined
}

/**
 * Persisted in partition.recent_producers: u8 layout (1), u8 whether these are all (1); for each
 * i64 producer id, i32 epoch, i64 time of its last batch or marker, u8 flags, where flagged the i64
 * offset where its open transaction begins (1) and the i64 time of its last marker (2), u8 length
 * of its window, and that (see producer-window.ts). A commit reads one of each of hundreds of
 * partitions: the others stay bytes.
 */
export class RecentProducers {
  readonly bytes: Uint8Array
  /** Nobody else has a state: who is not among these has none. */
  readonly isAll: boolean
  /** Where each begins, and the end. */
  readonly #places: readonly number[]

  private constructor(bytes: Uint8Array, places: readonly number[]) {
    this.bytes = bytes
    this.isAll = bytes[1] === 1
    this.#places = places
  }

  /**
   * Null: written by a release that had no such place.
   *
   * @throws Failure 'corrupt'
   */
  static of(bytes: Uint8Array | null): RecentProducers {
    if (bytes === null) return RecentProducers.from(false, [])
    if (bytes[0] !== layout || bytes.length < headBytes) throw damaged(`layout ${bytes[0]}`)
    const places = [headBytes]
    for (let at = headBytes; at < bytes.length; places.push(at)) {
      const lengthAt = windowAt(bytes, at) - 1
      if (lengthAt >= bytes.length) throw damaged('cut short')
      at = lengthAt + 1 + (bytes[lengthAt] ?? 0)
      if (at > bytes.length) throw damaged('cut short')
    }
    return new RecentProducers(bytes, places)
  }

  static from(isAll: boolean, states: readonly ProducerState[]): RecentProducers {
    let size = headBytes
    for (const state of states) size += sizeOf(state)
    const bytes = new Uint8Array(size)
    bytes[0] = layout
    bytes[1] = isAll ? 1 : 0
    let at = headBytes
    for (const state of states) {
      write(bytes, at, state)
      at += sizeOf(state)
    }
    return RecentProducers.of(bytes)
  }

  get count(): number {
    return this.#places.length - 1
  }

  find(producerId: number): ProducerState | undefined {
    const index = this.#indexOf(producerId)
    return index < 0 ? undefined : decode(this.bytes, this.#places[index] as number)
  }

  states(): ProducerState[] {
    return this.#places.slice(0, -1).map((at) => decode(this.bytes, at))
  }

  /** `state` after a change: in its place, in a free one, in that of who is silent, or in a row. */
  place(state: ProducerState): Placed {
    const index = this.#indexOf(state.producerId)
    if (index >= 0 || this.count < recentProducersMax) {
      return { recent: this.#replaced(index < 0 ? this.count : index, state), toRow: undefined }
    }
    const oldest = this.#oldest()
    if (lastMsAt(this.bytes, this.#places[oldest] as number) + silentMs > state.lastMs) {
      return { recent: this.isAll ? this.#notAll() : this, toRow: state }
    }
    const toRow = decode(this.bytes, this.#places[oldest] as number)
    return { recent: this.#replaced(oldest, state).#notAll(), toRow }
  }

  #indexOf(producerId: number): number {
    for (let index = 0; index < this.count; index++) {
      if (readInt64(this.bytes, this.#places[index] as number) === producerId) return index
    }
    return -1
  }

  #oldest(): number {
    let oldest = 0
    for (let index = 1; index < this.count; index++) {
      const [at, least] = [this.#places[index] as number, this.#places[oldest] as number]
      if (lastMsAt(this.bytes, at) < lastMsAt(this.bytes, least)) oldest = index
    }
    return oldest
  }

  /** The others keep their places: what does not change is not logged again by databases. */
  #replaced(index: number, state: ProducerState): RecentProducers {
    const { bytes } = this
    const from = this.#places[index] as number
    const to = this.#places[index + 1] ?? from
    const behind = from + sizeOf(state)
    const all = Buffer.allocUnsafe(bytes.length - to + behind) // of the pool, see encodeWindow
    all.set(bytes.subarray(0, from))
    write(all, from, state)
    if (to < bytes.length) all.set(bytes.subarray(to), behind)
    return RecentProducers.of(all)
  }

  #notAll(): RecentProducers {
    const bytes = new Uint8Array(this.bytes)
    bytes[1] = 0
    return new RecentProducers(bytes, this.#places)
  }
}

/** Of a partition that nobody has written to. */
export const nobodyYet: Uint8Array = RecentProducers.from(true, []).bytes

function sizeOf({ transactionOffset, markerMs, window }: ProducerState): number {
  const optional = (transactionOffset === null ? 0 : 8) + (markerMs === null ? 0 : 8)
  return fixedBytes + optional + 1 + window.length
}

function write(bytes: Uint8Array, from: number, state: ProducerState): void {
  const { transactionOffset, markerMs, window } = state
  if (window.length > windowBytesMax) throw damaged(`a window of ${window.length} bytes`)
  writeInt64(bytes, from, state.producerId)
  writeInt32(bytes, from + 8, state.epoch)
  writeInt64(bytes, from + 12, state.lastMs)
  const hasTransaction = transactionOffset === null ? 0 : flags.transaction
  bytes[from + 20] = hasTransaction | (markerMs === null ? 0 : flags.marker)
  let at = from + fixedBytes
  if (transactionOffset !== null) {
    writeInt64(bytes, at, transactionOffset)
    at += 8
  }
  if (markerMs !== null) {
    writeInt64(bytes, at, markerMs)
    at += 8
  }
  bytes[at] = window.length
  bytes.set(window, at + 1)
}

function decode(bytes: Uint8Array, at: number): ProducerState {
  const flagged = bytes[at + 20] ?? 0
  const hasTransaction = (flagged & flags.transaction) !== 0
  const hasMarker = (flagged & flags.marker) !== 0
  const from = windowAt(bytes, at)
  return {
    producerId: readInt64(bytes, at),
    epoch: readInt32(bytes, at + 8),
    lastMs: lastMsAt(bytes, at),
    transactionOffset: hasTransaction ? readInt64(bytes, at + fixedBytes) : null,
    markerMs: hasMarker ? readInt64(bytes, at + fixedBytes + (hasTransaction ? 8 : 0)) : null,
    window: bytes.subarray(from, from + (bytes[from - 1] ?? 0)),
  }
}

const lastMsAt = (bytes: Uint8Array, at: number): number => readInt64(bytes, at + 12)

/** Where the window of the state at `at` begins; its length stands before it. */
function windowAt(bytes: Uint8Array, at: number): number {
  const flagged = bytes[at + 20] ?? 0
  const optional = (flagged & flags.transaction) + ((flagged & flags.marker) >> 1)
  return at + fixedBytes + 8 * optional + 1
}

function damaged(what: string): Failure {
  return new Failure('corrupt', `recent producers of a partition: ${what}`)
}
