/**
 * Whether the bucket takes what this broker writes. Writes tell, those that fail and those that do
 * not end; while nothing is written any more, because clients were sent elsewhere, it is tried.
 */
import { type Clock, sleep } from '../base/clock.ts'
import { isFailure } from '../base/errors.ts'
import { Outage } from '../base/outage.ts'

/** A put with a hedge and retries takes this only where something is wrong. */
const hangMs = 5_000
const lookMs = 500
/** From one try to the next, and from the last write to the first try. */
const tryMs = 1_000

export class BucketHealth {
  readonly #clock: Clock
  readonly #outage: Outage
  readonly #attempt: () => Promise<void>
  #writing = 0
  /** Since when something is being written and nothing has been. */
  #waitingSinceMs = 0
  #endedMs = 0

  /** @param attempt writes something that does no harm; rejects with a Failure where it cannot. */
  constructor(clock: Clock, attempt: () => Promise<void>) {
    this.#clock = clock
    this.#outage = new Outage(clock, 'the bucket takes nothing')
    this.#attempt = attempt
  }

  /** Why it takes nothing, for people; undefined where it does. */
  told(): string | undefined {
    return this.#outage.told()
  }

  began(): void {
    if (this.#writing++ === 0) this.#waitingSinceMs = this.#clock.monotonicMs()
  }

  written(): void {
    this.#ended()
    this.#outage.ended()
  }

  failed(error: unknown): void {
    this.#ended()
    this.#outage.failed(error)
  }

  /**
   * Looks until `signal` aborts. While `isDoubted`, as others can write nothing, it is tried here
   * too where nobody writes: their clients shall not be sent to who does not know.
   */
  async run(signal: AbortSignal, isDoubted: () => boolean = () => false): Promise<void> {
    let triedMs = 0
    while (!signal.aborted) {
      await sleep(this.#clock, lookMs, signal)
      const nowMs = this.#clock.monotonicMs()
      const hangs = this.#writing > 0 && nowMs - this.#waitingSinceMs > hangMs
      // Where a write has failed already its reason says more.
      if (hangs && this.told() === undefined) {
        this.#outage.failed(new Error(`no write has ended for ${hangMs / 1_000} s`))
        continue
      }
      const isDue = this.#isQuiet(nowMs) && nowMs - triedMs > tryMs
      if (!isDue || (this.told() === undefined && !isDoubted())) continue
      triedMs = nowMs
      await this.#try()
    }
  }

  #isQuiet(nowMs: number): boolean {
    return this.#writing === 0 && nowMs - this.#endedMs > tryMs
  }

  async #try(): Promise<void> {
    try {
      await this.#attempt()
      this.#outage.ended()
    } catch (error) {
      if (!isFailure(error)) throw error
      this.#outage.failed(error)
    }
  }

  #ended(): void {
    this.#writing--
    this.#endedMs = this.#clock.monotonicMs()
    this.#waitingSinceMs = this.#endedMs
  }
}
