/** Time that passes when a test says so: hours in a moment, and the same way every time. */
import type { Clock, Timer } from '../../src/base/clock.ts'

import { TimerHeap } from './timer-heap.ts'

/** Then the event loop has its turn: garbage that waits for it is let go. */
const settlesPerTurn = 1_000

/**
 * How promises are let settle. By a turn of the event loop, which costs a system call. By a tick:
 * when it comes all microtasks have run; but of what itself waits for ticks, as streams do, only
 * the first.
 */
export type Settling = 'turn' | 'tick'

export class VirtualClock implements Clock {
  #elapsedMs = 0
  readonly #startMs: number
  readonly #timers = new TimerHeap()

  readonly #settling: Settling
  #settles = 0

  /** Wall time begins at `startMs`. */
  constructor(startMs = 1_700_000_000_000, settling: Settling = 'turn') {
    this.#startMs = startMs
    this.#settling = settling
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

  /** Lets every promise that can settle without time passing do so, as far as `Settling` says. */
  async settle(): Promise<void> {
    const isTurn = this.#settling === 'turn' || ++this.#settles % settlesPerTurn === 0
    await new Promise<void>((resolve) => {
      if (isTurn) setImmediate(resolve)
      else process.nextTick(resolve)
    })
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
