/**
 * When a group is sealed whose write costs a request: not before it has gathered for a while,
 * because requests cost the same whatever their size, and more of them at once make the slowest
 * slower (measured: shorter lingers worsen the tail). Where appends come all the time groups are
 * sealed at a steady pace: what the first append was late does not make the group late. A group
 * that needs no request may be sealed earlier.
 */
import type { Clock, Timer } from '../base/clock.ts'
import type { Gathered, SealPolicy } from './seal-policy.ts'

/** When a group that needs no request is sealed. */
export interface EarlySeal {
  readonly lingerMs: number
  /** Asked whenever the group could be sealed. */
  readonly isReady: (open: Pick<Gathered, 'byteLength'>) => boolean
}

/**
 * A first append that comes within this part of the linger after a group was sealed is one of many:
 * its group counts from there. A group so gathers three quarters of the linger at the least.
 */
const steadyShare = 0.25

export class Linger implements SealPolicy {
  readonly #clock: Clock
  readonly #over: () => void
  readonly #lingerMs: number
  readonly #early: EarlySeal | undefined
  #timer: Timer | undefined
  #sealedMs = Number.NEGATIVE_INFINITY

  /** @param over called when the open group has waited long enough. */
  constructor(clock: Clock, lingerMs: number, over: () => void, early?: EarlySeal) {
    this.#clock = clock
    this.#lingerMs = lingerMs
    this.#over = over
    this.#early = early
  }

  answered(): void {
    // Whoever was answered comes again in its own time: the linger is long enough.
  }

  /** A group whose time passed while others took all the writes does not wait once more. */
  isDue({ begunMs, byteLength }: Pick<Gathered, 'begunMs' | 'byteLength'>): boolean {
    const nowMs = this.#clock.monotonicMs()
    const early = this.#early
    const isLate = early !== undefined && nowMs >= begunMs + early.lingerMs
    if (isLate && early.isReady({ byteLength })) return false
    const dueMs = this.#countsFrom(begunMs) + this.#lingerMs
    const lookMs = isLate || early === undefined ? dueMs : begunMs + early.lingerMs
    const leftMs = Math.min(lookMs, dueMs) - nowMs
    if (leftMs <= 0) return false
    this.#timer ??= this.#clock.after(leftMs, () => {
      this.#timer = undefined
      this.#over()
    })
    return true
  }

  #countsFrom(begunMs: number): number {
    const isSteady = begunMs - this.#sealedMs <= this.#lingerMs * steadyShare
    return isSteady ? Math.min(begunMs, this.#sealedMs) : begunMs
  }

  sealed(): void {
    this.#sealedMs = this.#clock.monotonicMs()
    this.#timer?.cancel()
    this.#timer = undefined
  }
}
