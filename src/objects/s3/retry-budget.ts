/**
 * How many retries a store may be asked for: a tenth of what succeeds, and a few for quiet times.
 * When everything fails, tries go on and retries end, so that a store that is down meets little
 * more than its usual load.
 */
import type { Clock } from '../../base/clock.ts'

/** Retries that may come at once after a quiet time. */
const fullTokens = 50
const tokensPerSuccess = 0.1
/** For brokers that ask seldom: one retry in two seconds is no load. */
const tokensPerSecond = 0.5

export class RetryBudget {
  readonly #clock: Clock
  #tokens = fullTokens
  #filledMs: number

  constructor(clock: Clock) {
    this.#clock = clock
    this.#filledMs = clock.monotonicMs()
  }

  succeeded(): void {
    this.#add(tokensPerSuccess)
  }

  /** Takes one retry; false where none is left. */
  take(): boolean {
    const nowMs = this.#clock.monotonicMs()
    this.#add(((nowMs - this.#filledMs) / 1_000) * tokensPerSecond)
    this.#filledMs = nowMs
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  #add(tokens: number): void {
    this.#tokens = Math.min(fullTokens, this.#tokens + tokens)
  }
}
