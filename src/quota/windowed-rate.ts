/**
 * A rate over the last few windows of time, as Kafka computes it for quotas: clients that are
 * tuned to Kafka's throttling must meet the same pauses here.
 */

/** `quota.window.num` windows of `quota.window.size.seconds` each. */
export interface WindowShape {
  readonly windowCount: number
  readonly windowMs: number
}

interface Window {
  startMs: number
  lastMs: number
  sum: number
}

/** Times may be fractional; they must not go back. */
export class WindowedRate {
  readonly #shape: WindowShape
  /** A ring: one more than is looked back on, since the oldest may overlap the begin. */
  readonly #windows: Window[] = []
  #current = 0

  constructor(shape: WindowShape) {
    this.#shape = shape
  }

  /** Less than 0 takes back what was recorded and did not happen. */
  record(amount: number, nowMs: number): void {
    let window = this.#windows[this.#current]
    if (window === undefined) this.#windows.push((window = empty(nowMs)))
    else if (nowMs - window.startMs >= this.#shape.windowMs) window = this.#advance(nowMs)
    window.sum += amount
    window.lastMs = nowMs
  }

  /** Per second, over `spanMs`. */
  rate(nowMs: number): number {
    const spanMs = this.spanMs(nowMs)
    return this.#windows.reduce((sum, window) => sum + window.sum, 0) / (spanMs / 1_000)
  }

  /**
   * The time that the rate is over: at least all windows but one, or the first second of a client
   * would be taken for its habit.
   */
  spanMs(nowMs: number): number {
    const { windowCount, windowMs } = this.#shape
    let oldestMs = nowMs
    for (const window of this.#windows) {
      if (nowMs - window.lastMs >= windowCount * windowMs) Object.assign(window, empty(nowMs))
      oldestMs = Math.min(oldestMs, window.startMs)
    }
    const elapsedMs = nowMs - oldestMs
    const missing = windowCount - 1 - Math.floor(elapsedMs / windowMs)
    return Math.max(elapsedMs + Math.max(missing, 0) * windowMs, 1)
  }

  #advance(nowMs: number): Window {
    this.#current = (this.#current + 1) % (this.#shape.windowCount + 1)
    return (this.#windows[this.#current] = empty(nowMs))
  }
}

const empty = (nowMs: number): Window => ({ startMs: nowMs, lastMs: nowMs, sum: 0 })
