/** A request that names ten thousand things must not keep everybody else waiting until it is done. */
import { type Clock, sleep } from '../base/clock.ts'

/** Steps between two pauses: a step is at most a transaction of the catalog, about 1 ms. */
const stepsPerTurn = 20

/** Counts the steps of one request, and pauses it so that others come in between. */
export class Turns {
  readonly #clock: Clock
  readonly #deadlineMs: number
  #steps = 0

  /** `timeoutMs` as the client gave it. */
  constructor(clock: Clock, timeoutMs: number = Infinity) {
    this.#clock = clock
    this.#deadlineMs = clock.monotonicMs() + timeoutMs
  }

  /**
   * True when the client does not wait for further steps. The first step is always made: some
   * clients say 0 and mean that they do not care.
   */
  isOver(): boolean {
    return this.#steps > 0 && this.#clock.monotonicMs() >= this.#deadlineMs
  }

  /** To be awaited after every step. */
  async step(): Promise<void> {
    this.#steps++
    if (this.#steps % stepsPerTurn === 0) await sleep(this.#clock, 0)
  }
}
