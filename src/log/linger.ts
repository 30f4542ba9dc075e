/**
 * When a group is sealed whose write costs a request: not before it has gathered for a while,
 * because requests cost the same whatever their size, and more of them at once make the slowest
 * slower (measured: shorter lingers worsen the tail).
 */
import type { Clock, Timer } from '../base/clock.ts'
import type { Gathered, SealPolicy } from './seal-policy.ts'

export class Linger implements SealPolicy {
  readonly #clock: Clock
  readonly #over: () => void
  readonly #lingerMs: number
  #timer: Timer | undefined

  /** @param over called when the open group has waited long enough. */
  constructor(clock: Clock, lingerMs: number, over: () => void) {
    this.#clock = clock
    this.#lingerMs = lingerMs
    this.#over = over
  }

  answered(): void {
    // Whoever was answered comes again in its own time: the linger is long enough.
  }

  /** A group whose time passed while others took all the writes does not wait once more. */
  isDue({ begunMs }: Pick<Gathered, 'begunMs'>): boolean {
    const leftMs = begunMs + this.#lingerMs - this.#clock.monotonicMs()
    if (leftMs <= 0) return false
    this.#timer ??= this.#clock.after(leftMs, () => {
      this.#timer = undefined
      this.#over()
    })
    return true
  }

  sealed(): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
