/**
 * Tokens that come back with time, for what happens in bursts (KIP-599): a client may use up a
 * whole bucket at once, also more than there is left, and then waits until the debt is paid.
 */
import type { WindowShape } from './windowed-rate.ts'

export class TokenBucket {
  readonly #seconds: number
  #tokens: number | undefined
  #filledMs = 0

  constructor({ windowCount, windowMs }: WindowShape) {
    this.#seconds = (windowCount * windowMs) / 1_000
  }

  /** Takes `amount`; the bucket may owe afterwards. */
  take(amount: number, perSecond: number, nowMs: number): void {
    const tokens = this.tokens(perSecond, nowMs) - amount
    this.#tokens = Math.min(tokens, perSecond * this.#seconds)
  }

  /** What is left, less than 0 where it owes. The bucket is full at first. */
  tokens(perSecond: number, nowMs: number): number {
    const most = perSecond * this.#seconds
    const earned = (perSecond * (nowMs - this.#filledMs)) / 1_000
    this.#tokens = this.#tokens === undefined ? most : Math.min(this.#tokens + earned, most)
    this.#filledMs = nowMs
    return this.#tokens
  }

  /** How long until nothing is owed, in milliseconds. */
  waitMs(perSecond: number, nowMs: number): number {
    return Math.max(Math.round((-this.tokens(perSecond, nowMs) / perSecond) * 1_000), 0)
  }
}
