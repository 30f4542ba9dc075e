/**
 * What a broker knows of a partition's transactions: which are open, and which were aborted. With
 * the log end it is one version (T3): it changes with the commit that moves the end, in one step.
 */
import type { TransactionChange } from '../catalog/commit-groups.ts'

/** Batches of `producerId` from `firstOffset` to the marker at `lastOffset` never were. */
export interface AbortedRange {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
  /**
   * The last stable offset behind this abort: what ends later does not begin below it, so that a
   * search may end here.
   */
  readonly stableOffset: number
}

export interface OpenTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

/** Kept in memory of one partition, about 60 bytes each; older ones are read from the catalog. */
export const abortedKeptMax = 1_000

const none: readonly never[] = []

export class LogTransactions {
  /** The log end that this belongs to; -1: not known yet. */
  #asOf: number
  /** By first offset. */
  #open: readonly OpenTransaction[] = none
  /** By last offset. */
  #aborted: AbortedRange[] = []
  /** Every abort whose marker stands here or later is in `#aborted`. */
  #knownFrom: number

  constructor(logEnd: number) {
    this.#asOf = logEnd === 0 ? 0 : -1
    this.#knownFrom = logEnd
  }

  /** Where the oldest open transaction begins. */
  get firstOpen(): number | undefined {
    return this.#open[0]?.firstOffset
  }

  /** Takes in what the catalog says is open at `logEnd`, where that is newer. */
  restore(open: readonly OpenTransaction[], logEnd: number): void {
    if (this.#asOf >= logEnd) return
    this.#open = open.toSorted((a, b) => a.firstOffset - b.firstOffset)
    this.#aborted = []
    this.#knownFrom = logEnd
    this.#asOf = logEnd
  }

  /** Takes in what a commit changed, in its order; the log ends at `logEnd` then. */
  apply(changes: readonly TransactionChange[], logEnd: number): void {
    for (const change of changes) {
      if (change.change === 'written') this.#written(change)
      else this.#ended(change)
    }
    this.#asOf = logEnd
  }

  #written({ producerId, firstOffset }: OpenTransaction): void {
    if (this.#open.some((each) => each.producerId === producerId)) return
    this.#open = [...this.#open, { producerId, firstOffset }]
  }

  #ended(end: Extract<TransactionChange, { readonly markerOffset: number }>): void {
    const { producerId, markerOffset: lastOffset } = end
    const known = this.#open.find((each) => each.producerId === producerId)
    const firstOffset = known?.firstOffset ?? end.firstOffset
    if (known !== undefined) this.#open = this.#open.filter((each) => each !== known)
    if (end.change === 'committed' || firstOffset === null) return
    const stableOffset = this.firstOpen ?? lastOffset + 1
    this.#aborted.push({ producerId, firstOffset, lastOffset, stableOffset })
    if (this.#aborted.length <= abortedKeptMax) return
    const forgotten = this.#aborted.splice(0, abortedKeptMax / 2)
    this.#knownFrom = (forgotten.at(-1)?.lastOffset ?? 0) + 1
  }

  /**
   * Aborted ranges that have an offset in [from, to), by first offset; undefined where memory does
   * not reach back to `from`. `to` is not beyond the last stable offset.
   */
  abortedIn(from: number, to: number): AbortedRange[] | undefined {
    return from < this.#knownFrom ? undefined : overlapping(this.#aborted, from, to)
  }

  /** Where memory begins: what the catalog says of what is below can be given to `learn`. */
  get knownFrom(): number {
    return this.#knownFrom
  }

  /** Keeps all aborts whose markers stand in [from, knownFrom), where there is room for them. */
  learn(older: readonly AbortedRange[], from: number, knownFrom: number): void {
    if (this.#knownFrom !== knownFrom || from >= knownFrom) return
    if (older.length + this.#aborted.length > abortedKeptMax) return
    this.#aborted = [...older, ...this.#aborted]
    this.#knownFrom = from
  }

  /** Nobody reads below `logStart` any more. */
  forgetBelow(logStart: number): void {
    const kept = this.#aborted.findIndex(({ lastOffset }) => lastOffset >= logStart)
    if (kept !== 0) this.#aborted.splice(0, kept === -1 ? this.#aborted.length : kept)
  }
}

/** Of ranges by last offset those that have an offset in [from, to), by first offset. */
export function overlapping(
  ranges: readonly AbortedRange[],
  from: number,
  to: number,
): AbortedRange[] {
  const found: AbortedRange[] = []
  if (from >= to) return found
  for (let at = firstFrom(ranges, from); at < ranges.length; at++) {
    const range = ranges[at] as AbortedRange
    if (range.firstOffset < to) found.push(range)
    if (range.stableOffset >= to) break
  }
  return found.toSorted((a, b) => a.firstOffset - b.firstOffset)
}

/** Index of the first range that ends at or behind `from`. */
function firstFrom(ranges: readonly AbortedRange[], from: number): number {
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((ranges[middle] as AbortedRange).lastOffset >= from) high = middle
    else low = middle + 1
  }
  return low
}
