/**
 * Memory for requests under way, in bytes, taken before their bodies are read. Requests that
 * produce have their own share: when it is used up only connections that produce wait, heartbeats
 * and fetches go on.
 */

interface Waiting {
  readonly bytes: number
  readonly granted: () => void
}

export class MemoryBudget {
  readonly limitBytes: number
  #usedBytes = 0
  /** In the order of asking. */
  readonly #waiting = new Set<Waiting>()

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes
  }

  get usedBytes(): number {
    return this.#usedBytes
  }

  /** True where somebody waits for what others have taken. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0
  }

  /**
   * True where `bytes` are taken now. A request larger than the whole budget is let in when nothing
   * else is under way: it could never be otherwise. Nobody overtakes those who wait, or large
   * requests would wait for ever.
   */
  tryTake(bytes: number): boolean {
    if (this.#waiting.size > 0 || !this.#fits(bytes)) return false
    this.#usedBytes += bytes
    return true
  }

  /**
   * Calls `granted` once, when `bytes` are taken for who asks; the returned function takes the
   * asking back.
   */
  wait(bytes: number, granted: () => void): () => void {
    const waiting = { bytes, granted }
    this.#waiting.add(waiting)
    return () => {
      if (this.#waiting.delete(waiting)) this.#grant()
    }
  }

  give(bytes: number): void {
    this.#usedBytes -= bytes
    this.#grant()
  }

  #grant(): void {
    for (const waiting of this.#waiting) {
      if (!this.#fits(waiting.bytes)) return
      this.#waiting.delete(waiting)
      this.#usedBytes += waiting.bytes
      waiting.granted()
    }
  }

  #fits(bytes: number): boolean {
    return this.#usedBytes === 0 || this.#usedBytes + bytes <= this.limitBytes
  }
}
