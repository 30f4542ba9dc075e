/** Time that passes when a test says so: hours in a moment, and the same way every time. */
import type { Clock, Timer } from '../../src/base/clock.ts'

interface Due {
  readonly atMs: number
  readonly order: number
  readonly run: () => void
}

export class VirtualClock implements Clock {
  #elapsedMs = 0
  #order = 0
  readonly #startMs: number
  readonly #timers = new Set<Due>()

  /** Wall time begins at `startMs`. */
  constructor(startMs = 1_700_000_000_000) {
    this.#startMs = startMs
  }

  /** How many timers wait to fire. */
  get pending(): number {
    return this.#timers.size
  }

  nowMs(): number {
    return this.#startMs + Math.floor(this.#elapsedMs)
  }

  monotonicMs(): number {
    return this.#elapsedMs
  }

  after(delayMs: number, run: () => void): Timer {
    const due: Due = { atMs: this.#elapsedMs + Math.max(delayMs, 0), order: ++this.#order, run }
    this.#timers.add(due)
    return { cancel: () => void this.#timers.delete(due) }
  }

  /** Lets every promise that can settle without time passing do so. */
  async settle(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve))
  }

  /**
   * Passes `ms`, firing what comes due in order, each after what the one before set off has
   * settled.
   */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#elapsedMs + ms
    await this.settle()
    for (let next = this.#next(untilMs); next !== undefined; next = this.#next(untilMs)) {
      this.#timers.delete(next)
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs)
      next.run()
      await this.settle()
    }
    this.#elapsedMs = untilMs
  }

  #next(untilMs: number): Due | undefined {
    let next: Due | undefined
    for (const due of this.#timers) {
      if (due.atMs > untilMs) continue
      const isEarlier =
        next === undefined ||
        due.atMs < next.atMs ||
        (due.atMs === next.atMs && due.order < next.order)
      if (isEarlier) next = due
    }
    return next
  }
}
