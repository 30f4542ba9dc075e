/**
 * Whether the bucket takes what this broker writes. Writes tell, those that fail and those that do
 * not end. Once they do, and while other brokers say that they can write nothing, it is tried
 * beside them: clients may have gone elsewhere, and then nobody else would tell.
 */
import { type Clock, sleep } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import { Outage } from '../base/outage.ts'

/** A put with a hedge and retries takes this only where something is wrong. */
const hangMs = 5_000
const lookMs = 500
/** From the end of one try to the next; after so many in a row, ten times as long. */
const tryMs = 1_000
const quickTries = 60
/** Where writes of clients failed so lately, that a small one works says nothing. */
const failedLatelyMs = 1_000
/** A try that takes longer has failed: one small put, at the 99th percentile of S3 150 ms. */
const tryMsMax = 1_500

export class BucketHealth {
  readonly #clock: Clock
  readonly #outage: Outage
  readonly #attempt: (signal: AbortSignal) => Promise<void>
  #writing = 0
  /** Since when something is being written and nothing has been. */
  #waitingSinceMs = 0
  #writes = 0
  #failedMs = -Infinity

  /**
   * @param attempt writes something that does no harm; rejects with a Failure where it cannot. It
   *   is given up where `signal` aborts.
   */
  constructor(clock: Clock, attempt: (signal: AbortSignal) => Promise<void>) {
    this.#clock = clock
    this.#outage = new Outage(clock, 'the bucket takes nothing')
    this.#attempt = attempt
  }

  /** Why it takes nothing, for people; undefined where it does. */
  told(): string | undefined {
    return this.#outage.told()
  }

  /** How many writes have ended well. */
  get writes(): number {
    return this.#writes
  }

  began(): void {
    if (this.#writing++ === 0) this.#waitingSinceMs = this.#clock.monotonicMs()
  }

  written(): void {
    this.#ended()
    this.#writes++
    this.#outage.ended()
  }

  failed(error: unknown): void {
    this.#ended()
    this.#failedMs = this.#clock.monotonicMs()
    this.#outage.failed(error)
  }

  /** Looks until `signal` aborts. `isDoubted`: true while others can write nothing. */
  async run(signal: AbortSignal, isDoubted: () => boolean = () => false): Promise<void> {
    await Promise.all([this.#watch(signal), this.#tryOften(signal, isDoubted)])
  }

  async #watch(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await sleep(this.#clock, lookMs, signal)
      // Where a write has failed already its reason says more.
      if (!this.#hangs() || this.told() !== undefined) continue
      this.#outage.failed(new Error(`no write has ended for ${hangMs / 1_000} s`))
    }
  }

  async #tryOften(signal: AbortSignal, isDoubted: () => boolean): Promise<void> {
    let tries = 0
    while (!signal.aborted) {
      await sleep(this.#clock, tries < quickTries ? tryMs : 10 * tryMs, signal)
      if (signal.aborted) return
      if (this.told() === undefined && !isDoubted()) tries = 0
      else {
        tries++
        await this.#try(signal)
      }
    }
  }

  /** One that fails finds nothing: real writes have more time, and are tried again. */
  async #try(signal: AbortSignal): Promise<void> {
    const late = new AbortController()
    const timer = this.#clock.after(tryMsMax, () => late.abort())
    const given = AbortSignal.any([late.signal, signal])
    try {
      await unlessAborted(this.#attempt(given), given)
      // What hangs is larger, or on another connection: it must end itself.
      const hasFailed = this.#clock.monotonicMs() - this.#failedMs < failedLatelyMs
      if (this.#hangs() || hasFailed) return
      this.#writes++
      this.#outage.ended()
    } catch (error) {
      if (!isFailure(error)) throw error
      if (this.told() !== undefined) this.#outage.failed(error)
    } finally {
      timer.cancel()
    }
  }

  #hangs(): boolean {
    return this.#writing > 0 && this.#clock.monotonicMs() - this.#waitingSinceMs > hangMs
  }

  #ended(): void {
    this.#writing--
    this.#waitingSinceMs = this.#clock.monotonicMs()
  }
}

/** Whoever asks need not wait for a store that does not heed its signal. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  const { promise, reject } = Promise.withResolvers<never>()
  const abort = (): void => {
    reject(new Failure('unavailable', `no small write has ended within ${tryMsMax / 1_000} s`))
  }
  if (signal.aborted) abort()
  signal.addEventListener('abort', abort, { once: true })
  work.catch(() => undefined)
  try {
    await Promise.race([work, promise])
  } finally {
    signal.removeEventListener('abort', abort)
  }
}
