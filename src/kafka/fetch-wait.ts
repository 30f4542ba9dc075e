/**
 * Waits until one of some partitions grows, as far as the reader may see; armed from its making on,
 * so that no growth is missed.
 */
import type { Clock } from '../base/clock.ts'
import type { Isolation, PartitionLog } from '../log/partition-log.ts'

export class FetchWait {
  #isOver = false
  #wake: (() => void) | undefined
  readonly #disarms: (() => void)[]

  /** Once per partition, however often it is named. */
  constructor(
    targets: readonly { readonly log: PartitionLog | undefined }[],
    isolation: Isolation,
  ) {
    const grown = (): void => this.#grown()
    this.#disarms = targets.flatMap(({ log }) => log?.onGrowth(grown, isolation) ?? [])
  }

  /**
   * True when a partition has grown since this was made; false when `waitMs` are over or `signal`
   * aborts.
   */
  async until(clock: Clock, waitMs: number, signal: AbortSignal): Promise<boolean> {
    if (this.#isOver) return true
    if (signal.aborted) return false
    const woken = Promise.withResolvers<void>()
    this.#wake = woken.resolve
    await orOver(woken, clock, waitMs, signal)
    return this.#isOver
  }

  #grown(): void {
    this.#isOver = true
    this.#wake?.()
  }

  [Symbol.dispose](): void {
    for (const disarm of this.#disarms) disarm()
  }
}

/** Passes `pauseMs`, less where `signal` aborts. */
export async function pause(clock: Clock, pauseMs: number, signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await orOver(Promise.withResolvers<void>(), clock, pauseMs, signal)
}

/** Until what is waited for comes, time is up, or `signal` aborts. */
async function orOver(
  { promise, resolve }: PromiseWithResolvers<void>,
  clock: Clock,
  waitMs: number,
  signal: AbortSignal,
): Promise<void> {
  const over = (): void => resolve()
  const timer = clock.after(waitMs, over)
  signal.addEventListener('abort', over, { once: true })
  await promise
  timer.cancel()
  signal.removeEventListener('abort', over)
}
