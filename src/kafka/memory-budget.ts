/**
 * Memory for requests under way, in bytes, taken before their bodies are read. Requests that
 * produce have their own share: when it is used up only connections that produce wait, heartbeats
 * and fetches go on. Of each share a part is for small requests alone, so that clients that
 * announce much and send nothing are not in everybody's way.
 */

interface Waiting {
  readonly bytes: number
  readonly granted: () => void
}

/** A part of a budget that only requests up to a size may use. */
export interface SmallShare {
  readonly bytes: number
  readonly requestBytesMax: number
}

export class MemoryBudget {
  readonly limitBytes: number
  readonly #requestBytesMax: number
  /** What small requests use first; and for that part, whose it is. */
  readonly #small: MemoryBudget | undefined
  #whole: MemoryBudget | undefined
  #usedBytes = 0
  /** In the order of asking. */
  readonly #waiting = new Set<Waiting>()

  constructor(limitBytes: number, small: SmallShare = { bytes: 0, requestBytesMax: 0 }) {
    this.limitBytes = limitBytes
    this.#requestBytesMax = small.requestBytesMax
    if (small.bytes === 0) return
    this.#small = new MemoryBudget(small.bytes)
    this.#small.#whole = this
  }

  get usedBytes(): number {
    return this.#usedBytes + (this.#small?.usedBytes ?? 0)
  }

  /** True where somebody waits for what others have taken. */
  get isAwaited(): boolean {
    return this.#waiting.size > 0 || this.#whole?.isAwaited === true
  }

  /** Takes `bytes` of what is kept for small requests: give them back to the one that is returned. */
  tryTakeSmall(bytes: number): MemoryBudget | undefined {
    if (bytes > this.#requestBytesMax) return undefined
    const small = this.#small
    return small !== undefined &&
      small.#usedBytes + bytes <= small.limitBytes &&
      small.tryTake(bytes)
      ? small
      : undefined
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
    const limitBytes = this.limitBytes - (this.#small?.limitBytes ?? 0)
    return this.#usedBytes === 0 || this.#usedBytes + bytes <= limitBytes
  }
}
