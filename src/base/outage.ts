/** What fails at the moment, since when and why, for people who ask how a broker is. */
import type { Clock } from './clock.ts'

/** What failed once, and is not tried again by anybody, is no news any more. */
const forgottenMs = 60_000

export class Outage {
  readonly #clock: Clock
  readonly #what: string
  readonly #leastMs: number
  #sinceMs = 0
  #lastMs = 0
  #why: string | undefined

  /**
   * @param what fails, as a sentence begins: 'the bucket takes nothing'.
   * @param leastMs it is told of only once failures have gone on for so long, nothing else between.
   */
  constructor(clock: Clock, what: string, leastMs = 0) {
    this.#clock = clock
    this.#what = what
    this.#leastMs = leastMs
  }

  failed(error: unknown): void {
    this.#lastMs = this.#clock.monotonicMs()
    if (this.#why === undefined) this.#sinceMs = this.#lastMs
    this.#why = error instanceof Error ? error.message : String(error)
  }

  ended(): void {
    this.#why = undefined
  }

  /** Undefined where nothing fails. */
  told(): string | undefined {
    const nowMs = this.#clock.monotonicMs()
    if (this.#why === undefined || nowMs - this.#lastMs > forgottenMs) return undefined
    if (this.#lastMs - this.#sinceMs < this.#leastMs) return undefined
    const seconds = Math.round((nowMs - this.#sinceMs) / 1_000)
    return `${this.#what} since ${seconds} s: ${this.#why}`
  }
}
