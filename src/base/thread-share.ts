/**
 * Work that blocks the thread takes turns with everybody else: promises alone never let a socket be
 * read or a timer fire, however long their chain is.
 */
import { type Clock, sleep } from './clock.ts'

/** Others wait so long at most before it is their turn, and once for every such piece of work. */
const turnMs = 10

export class ThreadShare {
  readonly #clock: Clock
  /** When the work of this turn began; undefined where the event loop has turned since. */
  #begunMs: number | undefined

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** To be awaited before each piece of work; undefined where it may begin at once. */
  pass(): Promise<void> | undefined {
    const nowMs = this.#clock.monotonicMs()
    if (this.#begunMs === undefined) {
      this.#begunMs = nowMs
      this.#clock.after(0, () => (this.#begunMs = undefined))
      return undefined
    }
    return nowMs - this.#begunMs < turnMs ? undefined : sleep(this.#clock, 0)
  }
}
