/** Time that passes when a test says so: hours in a moment, and the same way every time. */
import type { Clock, Timer } from '../../src/base/clock.ts'

import { TimerHeap } from './timer-heap.ts'

export class VirtualClock implements Clock {
  #elapsedMs = 0
  readonly #startMs: number
  readonly #timers = new TimerHeap()

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
    return this.#timers.add(this.#elapsedMs + Math.max(delayMs, 0), run)
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
    for (let next = this.#timers.take(untilMs); next !== undefined;) {
      this.#elapsedMs = Math.max(this.#elapsedMs, next.atMs)
      next.run()
      await this.settle()
      next = this.#timers.take(untilMs)
    }
    this.#elapsedMs = untilMs
  }
}
