/**
 * Memory for requests under way, in bytes, taken before their bodies are read. Requests that
 * produce have their own share: when it is used up only connections that produce wait, heartbeats
 * and fetches go on.
 */

export class MemoryBudget {
  readonly limitBytes: number
  #usedBytes = 0
  #waiting: (() => void)[] = []

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /**
   * True where `bytes` are taken now. A request larger than the whole budget is let in when nothing
   * else is under way: it could never be otherwise.
   */
  tryTake(bytes: number): boolean {
    if (this.#usedBytes > 0 && this.#usedBytes + bytes > this.limitBytes) return false
    this.#usedBytes += bytes
    return true
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes
    for (const wake of this.#waiting.splice(0)) wake()
  }

  /** Calls `wake` once when something was given back: try again then. */
  onGiven(wake: () => void): void {
    this.#waiting.push(wake)
  }
}
