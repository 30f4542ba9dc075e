/**
 * When a group is sealed whose write costs a request: not before it has gathered for a while,
 * because requests cost the same whatever their size, and more of them at once make the slowest
 * slower (measured: shorter lingers worsen the tail).
 */
import type { Clock, Timer } from '../base/clock.ts'
import type { SealPolicy } from './seal-policy.ts'

export class Linger implements SealPolicy {
  readonly #clock: Clock
  readonly #over: () => void
  readonly #lingerMs: number
  /** Runs from when the open group got its first append. */
  #timer: Timer | undefined
  #isOver = false

  /** @param over called when the open group has waited long enough. */
  constructor(clock: Clock, lingerMs: number, over: () => void) {
    this.#clock = clock
    this.#lingerMs = lingerMs
    this.#over = over
  }

  answered(): void {
    // Whoever was answered comes again in its own time: the linger is long enough.
  }

  isDue(): boolean {
    if (this.#isOver) return false
    this.#timer ??= this.#clock.after(this.#lingerMs, () => {
      this.#isOver = true
      this.#over()
    })
    return true
  }

  sealed(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#isOver = false
  }
}
