/**
 * Counts what clients do, and tells how long they must pause for it: byte rates and request time
 * over windows, changes of topics from a bucket. Each broker counts for itself, as in Kafka.
 */
import type { Clock } from '../base/clock.ts'
import type { Client, ClientQuotas, Limit } from './client-quotas.ts'
import type { QuotaKey } from './quota-entity.ts'
import { TokenBucket } from './token-bucket.ts'
import { WindowedRate, type WindowShape } from './windowed-rate.ts'

/** Quotas that are rates of what was done. */
export type RateKey = 'producer_byte_rate' | 'consumer_byte_rate' | 'request_percentage'

/** Told of every pause, for counters. */
export type Throttled = (key: QuotaKey, throttleMs: number) => void

export interface QuotaMetersDeps {
  readonly quotas: ClientQuotas
  readonly clock: Clock
  /** `quota.window.num`, `quota.window.size.seconds`. */
  readonly window: WindowShape
  /** `controller.quota.window.num`, `controller.quota.window.size.seconds`. */
  readonly mutationWindow: WindowShape
  readonly throttled?: Throttled
}

/** Changes of topics by one request, counted as they are made. */
export interface Mutations {
  /** False: the quota is used up, and this must not be done. */
  record(count: number): boolean
  /** How long the client must pause. */
  throttleMs(): number
}

/**
 * Meters of each kind. Who sends under endless client ids makes endless meters: the one that was
 * not used for longest is forgotten.
 */
const metersMax = 10_000

/** Per second; sums that were taken back may differ from 0 by how numbers are rounded. */
const restedRate = 1e-6

/** Fits Kafka's int32 of milliseconds. */
const throttleMsMax = 2_147_483_647

export class QuotaMeters {
  readonly #deps: QuotaMetersDeps
  readonly #rates: Record<RateKey, Recent<WindowedRate>>
  readonly #connections: Recent<WindowedRate>
  readonly #allConnections: WindowedRate
  readonly #buckets: Recent<TokenBucket>

  constructor(deps: QuotaMetersDeps) {
    this.#deps = deps
    const rates = (): Recent<WindowedRate> => new Recent(() => new WindowedRate(deps.window))
    this.#rates = {
      producer_byte_rate: rates(),
      consumer_byte_rate: rates(),
      request_percentage: rates(),
    }
    this.#connections = rates()
    this.#allConnections = new WindowedRate(deps.window)
    this.#buckets = new Recent(() => new TokenBucket(deps.mutationWindow))
  }

  /** True where no request is counted: most brokers. */
  get isIdle(): boolean {
    const { quotas } = this.#deps
    return (
      quotas.isFree('producer_byte_rate') &&
      quotas.isFree('consumer_byte_rate') &&
      quotas.isFree('request_percentage')
    )
  }

  /** Counts `amount`, and says for how many milliseconds the client must pause. */
  charge(key: RateKey, client: Client, amount: number): number {
    const { quotas, clock, window } = this.#deps
    const limit = quotas.ofClient(key, client)
    if (limit === undefined) return 0
    const rate = this.#rates[key].of(limit.sharers)
    const throttleMs = pauseAfter(rate, limit, amount, clock.monotonicMs())
    // A request that took long is no reason to lock its client out (Kafka bounds it the same).
    return key === 'request_percentage' ? Math.min(throttleMs, window.windowMs) : throttleMs
  }

  /** Takes back what was charged and did not happen. */
  refund(key: RateKey, client: Client, amount: number): void {
    const { quotas, clock } = this.#deps
    const limit = quotas.ofClient(key, client)
    if (limit !== undefined) this.#rates[key].of(limit.sharers).record(-amount, clock.monotonicMs())
  }

  /** True where nothing was charged in all windows. */
  isRested(key: RateKey, client: Client): boolean {
    const { quotas, clock } = this.#deps
    const limit = quotas.ofClient(key, client)
    if (limit === undefined) return true
    return this.#rates[key].of(limit.sharers).rate(clock.monotonicMs()) < restedRate
  }

  /** More than this in one answer is a pause for certain, even after a long silence. */
  windowMax(key: RateKey, client: Client): number {
    const { quotas, window } = this.#deps
    const limit = quotas.ofClient(key, client)
    if (limit === undefined) return Infinity
    return (limit.value * (window.windowCount - 1) * window.windowMs) / 1_000
  }

  /** `isStrict` refuses what is too much (KIP-599); otherwise it is done, and the client pauses. */
  mutations(client: Client, isStrict: boolean): Mutations {
    const { quotas, clock } = this.#deps
    const limit = quotas.ofClient('controller_mutation_rate', client)
    if (limit === undefined) return { record: () => true, throttleMs: () => 0 }
    const { value, sharers } = limit
    const bucket = this.#buckets.of(sharers)
    let untilMs = 0
    return {
      record: (count) => {
        const nowMs = clock.monotonicMs()
        const isAllowed = !isStrict || bucket.tokens(value, nowMs) >= 0
        if (isAllowed) bucket.take(count, value, nowMs)
        if (!isAllowed || !isStrict) {
          untilMs = nowMs + Math.min(bucket.waitMs(value, nowMs), throttleMsMax)
        }
        return isAllowed
      },
      throttleMs: () => Math.max(Math.round(untilMs - clock.monotonicMs()), 0),
    }
  }

  /** Counts a connection; where it is one too many, how long its client must wait for the end. */
  connection(ip: string): number {
    const { quotas, clock, window, throttled } = this.#deps
    const limit = quotas.ofIp('connection_creation_rate', ip)
    if (limit === undefined) return 0
    const rate = this.#connections.of(limit.sharers)
    const nowMs = clock.monotonicMs()
    const throttleMs = Math.min(pauseAfter(rate, limit, 1, nowMs), window.windowMs)
    if (throttleMs === 0) return 0
    rate.record(-1, nowMs)
    throttled?.('connection_creation_rate', throttleMs)
    return throttleMs
  }

  /** Counts a connection of all; how long it is to wait where `perSecond` are allowed. */
  anyConnection(perSecond: number): number {
    const nowMs = this.#deps.clock.monotonicMs()
    return pauseAfter(this.#allConnections, { value: perSecond }, 1, nowMs)
  }

  /** A client was told to pause. */
  noteThrottled(key: QuotaKey, throttleMs: number): void {
    this.#deps.throttled?.(key, throttleMs)
  }
}

/** So long that the rate over the same span would be the quota again. */
function pauseAfter(
  rate: WindowedRate,
  { value }: Pick<Limit, 'value'>,
  amount: number,
  nowMs: number,
): number {
  rate.record(amount, nowMs)
  const now = rate.rate(nowMs)
  if (now <= value) return 0
  const pauseMs = Math.round(((now - value) / value) * rate.spanMs(nowMs))
  return Math.min(pauseMs, throttleMsMax)
}

/** What was used last, by name, up to a limit. */
class Recent<Meter> {
  readonly #meters = new Map<string, Meter>()
  readonly #make: () => Meter

  constructor(make: () => Meter) {
    this.#make = make
  }

  of(name: string): Meter {
    const meter = this.#meters.get(name) ?? this.#make()
    this.#meters.delete(name)
    this.#meters.set(name, meter)
    if (this.#meters.size > metersMax) {
      for (const oldest of this.#meters.keys()) {
        this.#meters.delete(oldest)
        break
      }
    }
    return meter
  }
}
