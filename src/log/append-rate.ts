/** Bytes a second that come, over about the last second: old ones fade. */
import type { Clock } from '../base/clock.ts'

/** After so long a byte counts for 1/e of itself. */
const fadeMs = 1_000

export class AppendRate {
  readonly #clock: Clock
  #bytes = 0
  #seenMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#seenMs = clock.monotonicMs()
  }

  came(byteLength: number): void {
    this.#fade()
    this.#bytes += byteLength
  }

  get bytesPerSecond(): number {
    this.#fade()
    return (this.#bytes * 1_000) / fadeMs
  }

  #fade(): void {
    const nowMs = this.#clock.monotonicMs()
    this.#bytes *= Math.exp((this.#seenMs - nowMs) / fadeMs)
    this.#seenMs = nowMs
  }
}
