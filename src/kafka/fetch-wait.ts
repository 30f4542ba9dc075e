/** Waits until one of some partitions grows; armed from its making on, so that no growth is missed. */
import type { Clock } from '../base/clock.ts'
import type { PartitionLog } from '../log/partition-log.ts'

export class FetchWait {
  #isOver = false
  #wake: (() => void) | undefined
  readonly #disarms: (() => void)[]

  constructor(logs: readonly PartitionLog[]) {
    this.#disarms = logs.map((log) => log.onGrowth(() => this.#grown()))
  }

  /**
   * True when a partition has grown since this was made; false when `waitMs` are over or `signal`
   * aborts.
   */
  async until(clock: Clock, waitMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.#isOver) return true
    if (signal.aborted) return false
    const { promise, resolve } = Promise.withResolvers<boolean>()
    this.#wake = () => resolve(true)
    const giveUp = (): void => resolve(false)
    const timer = clock.after(waitMs, giveUp)
    signal.addEventListener('abort', giveUp, { once: true })
    try {
      return await promise
    } finally {
      timer.cancel()
      signal.removeEventListener('abort', giveUp)
    }
  }

  #grown(): void {
    this.#isOver = true
    this.#wake?.()
  }

  [Symbol.dispose](): void {
    for (const disarm of this.#disarms) disarm()
  }
}
