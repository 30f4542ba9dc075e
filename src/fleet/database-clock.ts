/**
 * The clock of a fleet: the database's, estimated from its answers. What brokers write for one
 * another is of one time (when a transaction began, when an object died, LogAppendTime), whatever
 * their machines say. A machine that says something else is told of.
 */
import type { Clock, Timer } from '../base/clock.ts'
import type { Log } from '../base/log.ts'

/** A machine whose clock is kept by NTP is within some ten milliseconds. */
const differenceToldMs = 5_000

export class DatabaseClock implements Clock {
  readonly #machine: Clock
  readonly #log: Log
  /** To be added to the monotonic clock; undefined before the first answer. */
  #offsetMs: number | undefined
  #latestMs = 0
  #isTold = false

  constructor(machine: Clock, log: Log) {
    this.#machine = machine
    this.#log = log
  }

  /** Never goes back. Before the first answer it is the machine's. */
  nowMs(): number {
    if (this.#offsetMs === undefined) return this.#machine.nowMs()
    const nowMs = Math.floor(this.#machine.monotonicMs() + this.#offsetMs)
    this.#latestMs = Math.max(this.#latestMs, nowMs)
    return this.#latestMs
  }

  monotonicMs(): number {
    return this.#machine.monotonicMs()
  }

  after(delayMs: number, run: () => void): Timer {
    return this.#machine.after(delayMs, run)
  }

  /** Asks for the database's time and takes it in. @throws what `ask` throws. */
  async asking(ask: () => Promise<number>): Promise<number> {
    const sentMs = this.#machine.monotonicMs()
    const databaseMs = await ask()
    this.#hear(databaseMs, sentMs)
    return databaseMs
  }

  /** By how much the database's clock is ahead of this machine's. */
  differenceMs(): number {
    return this.nowMs() - this.#machine.nowMs()
  }

  /** For people; undefined where the clocks agree. */
  told(): string | undefined {
    const differenceMs = this.differenceMs()
    if (Math.abs(differenceMs) < differenceToldMs) return undefined
    const seconds = Math.round(Math.abs(differenceMs) / 1_000)
    const where = differenceMs < 0 ? 'ahead of' : 'behind'
    return `this machine's clock is ${seconds} s ${where} the database's: set it, by NTP`
  }

  /**
   * The answer was true at some moment since `sentMs`: the estimate is moved only as far as that
   * asks.
   */
  #hear(databaseMs: number, sentMs: number): void {
    const least = databaseMs - this.#machine.monotonicMs()
    const most = databaseMs + 1 - sentMs
    const before = this.#offsetMs ?? (least + most) / 2
    this.#offsetMs = Math.min(Math.max(before, least), most)
    const told = this.told()
    if (told !== undefined && !this.#isTold) {
      const differenceMs = this.differenceMs()
      this.#log.warn({ differenceMs }, `${told}; until then the fleet goes by the database's`)
    } else if (told === undefined && this.#isTold) {
      this.#log.info({}, "this machine's clock and the database's agree again")
    }
    this.#isTold = told !== undefined
  }
}
