/** Time as a port, so that a simulation runs hours in a second. `system-clock.ts` is the real one. */

export interface Timer {
  /** Harmless when the timer has fired or was cancelled already. */
  cancel(): void
}

export interface Clock {
  /** Wall time, milliseconds since 1970 (integer). May step; use it for what is stored or shown. */
  nowMs(): number
  /** Monotonic milliseconds (fractional) since an arbitrary start: to measure, and for deadlines. */
  monotonicMs(): number
  /** Calls `run` once, not before `delayMs` have passed. */
  after(delayMs: number, run: () => void): Timer
}

/** Resolves after `delayMs`, or at once when `signal` aborts: callers look at it themselves. */
export function sleep(clock: Clock, delayMs: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return Promise.resolve()
  const { promise, resolve } = Promise.withResolvers<void>()
  const wake = (): void => {
    timer.cancel()
    signal?.removeEventListener('abort', wake)
    resolve()
  }
  const timer = clock.after(delayMs, wake)
  signal?.addEventListener('abort', wake, { once: true })
  return promise
}
