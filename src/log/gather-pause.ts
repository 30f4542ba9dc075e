/**
 * Whether the next group waits a moment. For producers that were just answered: those with several
 * requests under way split into two halves otherwise: while one is written, the other gathers, and
 * groups stay half as large as they could be. And for batches that are known to come, because they
 * are being checked: they trickle in, and each would be a group of its own. A group costs about
 * 0.7 ms of CPU whatever its size.
 */
import type { Clock, Timer } from '../base/clock.ts'
import type { Gathered, SealPolicy } from './seal-policy.ts'

/** From here on a group's bytes cost more than the group itself: waiting would leave the disk idle. */
const gatherBytesMax = 512 * 1024

/** The pause ends at the latest. Timers are no finer; it is the price of a wrong guess. */
const pauseMsMax = 1

/** A group waits so long for those that are known to come: as long as two small groups take. */
const followMsMax = 3

/** Groups sealed without a pause after a wrong guess: doubled by each one, halved by a right one. */
const skipMin = 1
const skipMax = 1_024

export class GatherPause implements SealPolicy {
  readonly #clock: Clock
  readonly #over: () => void
  /** Appends that the open group will have once all that were answered have come again; 0: no pause. */
  #expected = 0
  #timer: Timer | undefined
  #followTimer: Timer | undefined
  #beganMs = 0
  /** When the last group was sealed, and how long it took from there to the answers. */
  #sealedMs = 0
  #flightMs = 0
  #hasPaid = false
  #skip = skipMin
  #skipLeft = 0

  /** @param over called when a pause ends without what it waited for. */
  constructor(clock: Clock, over: () => void) {
    this.#clock = clock
    this.#over = over
  }

  /** A group was answered while `waiting` appends had come for the next one. */
  answered(count: number, waiting: number): void {
    if (waiting === 0 && !this.#hasPaid) return
    if (this.#skipLeft > 0) {
      this.#skipLeft--
      return
    }
    this.#flightMs = this.#clock.monotonicMs() - this.#sealedMs
    this.#expected = waiting + count
  }

  /** True where the open group shall wait; who appends to it asks again. */
  isDue(open: Gathered): boolean {
    if (open.byteLength >= gatherBytesMax) return false
    if (open.isFollowed) return this.#awaitsFollowing(open)
    if (open.count >= this.#expected) return false
    if (this.#timer !== undefined) return true
    this.#beganMs = this.#clock.monotonicMs()
    this.#timer = this.#clock.after(pauseMsMax, () => {
      this.#end(false)
      this.#over()
    })
    return true
  }

  /** Instead of a pause, which has been neither right nor wrong then. */
  #awaitsFollowing({ begunMs }: Gathered): boolean {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#expected = 0
    const leftMs = begunMs + followMsMax - this.#clock.monotonicMs()
    if (leftMs <= 0) return false
    this.#followTimer ??= this.#clock.after(leftMs, () => {
      this.#followTimer = undefined
      this.#over()
    })
    return true
  }

  /** A group was sealed: a pause, if there was one, has got what it waited for. */
  sealed(): void {
    this.#followTimer?.cancel()
    this.#followTimer = undefined
    this.#sealedMs = this.#clock.monotonicMs()
    if (this.#timer === undefined) this.#expected = 0
    else this.#end(this.#sealedMs - this.#beganMs <= this.#flightMs)
  }

  /** It paid where it was shorter than the write and the commit that it saved. */
  #end(hasPaid: boolean): void {
    this.#hasPaid = hasPaid
    this.#timer?.cancel()
    this.#timer = undefined
    this.#expected = 0
    this.#skip = hasPaid ? Math.max(skipMin, this.#skip / 2) : Math.min(skipMax, this.#skip * 2)
    this.#skipLeft = hasPaid && this.#skip === skipMin ? 0 : this.#skip
  }
}
