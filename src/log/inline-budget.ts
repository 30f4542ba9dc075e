/**
 * How many bytes a broker may put into the catalog instead of the object store: so much a second,
 * its share of what all brokers may, and nothing while what was put there is not taken out again.
 * Beyond it appends go the standard way; none is refused for that.
 */
import type { Clock } from '../base/clock.ts'

export interface InlineLimits {
  /** `journal.inline.bytes.per.second`: of one broker; 0: nothing goes inline. */
  readonly bytesPerSecond: number
  /** `journal.inline.total.bytes.per.second`: of all brokers together. */
  readonly totalBytesPerSecond: number
  /** Bytes in the catalog that are not packed; at this many the packer stands still. */
  readonly unpackedBytesMax: number
}

export interface InlineStats {
  groups: number
  bytes: number
  /** Appends, or groups of the standard lane, that were small enough and went the standard way. */
  refused: number
}

/** Beyond the rate for so long at once: clients send in bursts. */
const burstMs = 1_000
/** The part of a burst that is kept for batches of the class low: they have nowhere else to be fast. */
const keptForLow = 0.5
/** After a batch is refused all are for so long: partitions shall not go to and fro between lanes. */
const pauseMs = 1_000

export class InlineBudget {
  readonly #clock: Clock
  readonly #limits: InlineLimits
  /** Bytes in the catalog that are not packed yet, of all brokers, as far as this one knows. */
  readonly #unpackedBytes: () => number
  readonly stats: InlineStats = { groups: 0, bytes: 0, refused: 0 }
  /** Brokers that live, for the share of the total. */
  #brokers = 1
  /** Bytes that may be taken now, as of `#filledMs`. */
  #left: number
  #filledMs: number
  #pausedUntilMs = -Infinity

  constructor(clock: Clock, limits: InlineLimits, unpackedBytes: () => number) {
    this.#clock = clock
    this.#limits = limits
    this.#unpackedBytes = unpackedBytes
    this.#filledMs = clock.monotonicMs()
    this.#left = this.#burstBytes
  }

  share(brokers: number): void {
    this.#fill()
    this.#brokers = Math.max(1, brokers)
  }

  /** Bytes that this broker may put into the catalog in a second. */
  get bytesPerSecond(): number {
    const { bytesPerSecond, totalBytesPerSecond } = this.#limits
    return Math.min(bytesPerSecond, totalBytesPerSecond / this.#brokers)
  }

  get unpackedBytes(): number {
    return this.#unpackedBytes()
  }

  get #burstBytes(): number {
    return (this.bytesPerSecond * burstMs) / 1_000
  }

  /** Whether a group of the standard lane could take so many bytes now. */
  mayStandard(byteLength: number): boolean {
    return this.#may(byteLength + this.#burstBytes * keptForLow)
  }

  /** Takes the bytes of a group where it may go inline; false, and counted, where it may not. */
  takeStandard(byteLength: number): boolean {
    return this.#take(byteLength, this.mayStandard(byteLength))
  }

  /** Takes the bytes of a batch of the class low, and pauses where it may not go inline. */
  takeLow(byteLength: number): boolean {
    const isTaken = this.#take(byteLength, !this.#isPaused && this.#may(byteLength))
    if (!isTaken && !this.#isPaused) this.#pausedUntilMs = this.#clock.monotonicMs() + pauseMs
    return isTaken
  }

  get #isPaused(): boolean {
    return this.#clock.monotonicMs() < this.#pausedUntilMs
  }

  #may(byteLength: number): boolean {
    this.#fill()
    return byteLength <= this.#left && this.#unpackedBytes() < this.#limits.unpackedBytesMax
  }

  #take(byteLength: number, may: boolean): boolean {
    if (may) this.#left -= byteLength
    else if (this.bytesPerSecond > 0) this.stats.refused++ // else nobody asked for it
    return may
  }

  /** A group was put into the catalog. */
  went(byteLength: number): void {
    this.stats.groups++
    this.stats.bytes += byteLength
  }

  #fill(): void {
    const nowMs = this.#clock.monotonicMs()
    const gained = ((nowMs - this.#filledMs) * this.bytesPerSecond) / 1_000
    this.#left = Math.min(this.#burstBytes, this.#left + gained)
    this.#filledMs = nowMs
  }
}
