/**
 * When a second request is worth it: after the 95th percentile of the last requests of that size,
 * within bounds, for so many of them at most, and not at all while the whole store is slow (then
 * a second request is more load and no help).
 */

export interface HedgeLimits {
  /** The delay is the 95th percentile, but never below or above these, in milliseconds. */
  readonly delayMinMs: number
  readonly delayMaxMs: number
  /** Hedges by requests that could have one. */
  readonly shareMax: number
  /** No hedges while more than this share of the last requests were slower than their delay. */
  readonly slowShareMax: number
}

/** Simulated in the design of the fleet: p99 of a produce 301 ms without, 263 ms with these. */
export const putHedgeLimits: HedgeLimits = {
  delayMinMs: 60,
  delayMaxMs: 400,
  shareMax: 0.05,
  slowShareMax: 0.1,
}
export const getHedgeLimits: HedgeLimits = {
  delayMinMs: 30,
  delayMaxMs: 300,
  shareMax: 0.1,
  slowShareMax: 0.2,
}

/** Requests remembered, of a size class and for the shares. */
const window = 500
/** Below so many of its class, the delay is its maximum. */
const sampleMin = 20
/** The percentile is computed anew after so many. */
const sampleStep = 20
/** Hedges that may come at once, when none were needed before. */
const burst = 5

/** Sizes within a factor of four take about as long as each other. */
function classOf(bytes: number): number {
  return Math.max(0, Math.floor(Math.log2(Math.max(1, bytes / 16_384)) / 2))
}

class SizeClass {
  readonly #times = new Float64Array(window)
  #count = 0
  #p95 = 0

  add(ms: number): void {
    this.#times[this.#count % window] = ms
    this.#count++
    if (this.#count % sampleStep === 0) this.#p95 = this.#percentile()
  }

  get p95(): number | undefined {
    return this.#count < sampleMin ? undefined : this.#p95
  }

  #percentile(): number {
    const sorted = this.#times.slice(0, Math.min(this.#count, window)).sort()
    return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * 0.95))] ?? 0
  }
}

export class HedgePolicy {
  readonly #limits: HedgeLimits
  readonly #classes = new Map<number, SizeClass>()
  /** Whether each of the last requests was slower than its delay, as a ring. */
  readonly #slow = new Uint8Array(window)
  #slowCount = 0
  #requests = 0
  #tokens = burst

  constructor(limits: HedgeLimits) {
    this.#limits = limits
  }

  /** How long a request of `bytes` may take before a second is worth it. */
  delayMs(bytes: number): number {
    const { delayMinMs, delayMaxMs } = this.#limits
    const p95 = this.#classes.get(classOf(bytes))?.p95 ?? delayMaxMs
    return Math.min(delayMaxMs, Math.max(delayMinMs, p95))
  }

  /** Asked when a request has taken its delay: takes a hedge from the budget where it may be sent. */
  mayHedge(): boolean {
    const seen = Math.min(this.#requests, window)
    const isSlow = seen >= sampleMin && this.#slowCount / seen > this.#limits.slowShareMax
    if (isSlow || this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /**
   * A request ended well.
   *
   * @param ms Of the first try alone: what it took, or has taken so far where a hedge won.
   */
  observe(bytes: number, ms: number, wasSlow: boolean): void {
    const index = classOf(bytes)
    const found = this.#classes.get(index) ?? new SizeClass()
    this.#classes.set(index, found)
    found.add(ms)
    const at = this.#requests % window
    this.#slowCount += Number(wasSlow) - this.#slow[at]!
    this.#slow[at] = Number(wasSlow)
    this.#requests++
    this.#tokens = Math.min(burst, this.#tokens + this.#limits.shareMax)
  }
}
