/** A line now and then for whoever waits. */
import type { Clock } from '../base/clock.ts'

const everyMs = 5_000

export class Progress {
  readonly #clock: Clock
  readonly #err: (text: string) => void
  #toldMs: number

  constructor(clock: Clock, err: (text: string) => void) {
    this.#clock = clock
    this.#err = err
    this.#toldMs = clock.monotonicMs()
  }

  /** Prints what `text` says, if the last time is long ago. */
  tell(text: () => string): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - this.#toldMs < everyMs) return
    this.#toldMs = nowMs
    this.#err(`${text()}\n`)
  }
}
