/**
 * What a broker counts while it works, as plain numbers, and how they are read: a request costs a
 * few additions, text is made at a scrape.
 */
import { Histogram } from '../base/histogram.ts'
import { quotaKeys, type QuotaKey } from '../quota/quota-entity.ts'
import type { Sample, Samples } from './exposition.ts'

export interface RequestSeen {
  readonly api: string
  readonly version: number
  readonly outcome: 'answered' | 'silent' | 'closed'
  readonly bytes: number
  readonly durationMs: number
}

export interface OtlpSeen {
  readonly signal: string | undefined
  readonly status: number
  readonly items: number
  readonly rejected: number
  readonly records: number
  readonly bytes: number
  readonly durationMs: number
}

export interface RegistrySeen {
  /** A path of the schema registry with names in place of what differs; '' where there is none. */
  readonly route: string
  readonly method: string
  readonly status: number
  readonly durationMs: number
}

/** Seconds, from what a page cache takes to what clients give up after. */
const secondsBounds = [
  0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  30,
]
const bytesBounds = [1, 4, 16, 64, 256, 1_024, 4_096, 16_384].map((kibibytes) => kibibytes * 1_024)
const countBounds = [1, 2, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_000]

/** Names of transactions are in the code, not in requests; a mistake there must not fill memory. */
const seriesMax = 200

interface ApiCounts {
  readonly durations: Histogram
  bytes: number
  /** By version and outcome. */
  readonly counts: Map<
    string,
    { readonly version: number; readonly outcome: string; count: number }
  >
}

interface SignalCounts {
  readonly durations: Histogram
  readonly statuses: Map<number, number>
  bytes: number
  stored: number
  rejected: number
  records: number
}

interface RouteCounts {
  readonly route: string
  readonly method: string
  readonly durations: Histogram
  readonly statuses: Map<number, number>
}

export class BrokerMetrics {
  readonly #apis = new Map<string, ApiCounts>()
  readonly #signals = new Map<string, SignalCounts>()
  /** By method and route: both are of the program, not of clients. */
  readonly #routes = new Map<string, RouteCounts>()
  readonly #transactions = new Map<string, Histogram>()
  readonly #snapshots = new Map<string, Histogram>()
  readonly #journalSeconds = new Histogram(secondsBounds)
  readonly #groupBytes = new Histogram(bytesBounds)
  readonly #groupRuns = new Histogram(countBounds)
  #journalFailures = 0
  #refused = 0
  /** All from the start, so that the first pause is seen as a change. */
  readonly #throttles = new Map(quotaKeys.map((key) => [key, new Histogram(secondsBounds)]))

  requestServed({ api, version, outcome, bytes, durationMs }: RequestSeen): void {
    let own = this.#apis.get(api)
    if (own === undefined) {
      own = { durations: new Histogram(secondsBounds), bytes: 0, counts: new Map() }
      this.#apis.set(api, own)
    }
    own.durations.observe(durationMs / 1_000)
    own.bytes += bytes
    const key = `${version} ${outcome}`
    const count = own.counts.get(key)
    if (count === undefined) own.counts.set(key, { version, outcome, count: 1 })
    else count.count++
  }

  /** A frame that is no request of a served API and version. */
  requestRefused(): void {
    this.#refused++
  }

  /** A client was told to pause. */
  clientThrottled(quota: QuotaKey, throttleMs: number): void {
    this.#throttles.get(quota)?.observe(throttleMs / 1_000)
  }

  otlpRequest(seen: OtlpSeen): void {
    const signal = seen.signal ?? ''
    let own = this.#signals.get(signal)
    if (own === undefined) {
      const durations = new Histogram(secondsBounds)
      own = { durations, statuses: new Map(), bytes: 0, stored: 0, rejected: 0, records: 0 }
      this.#signals.set(signal, own)
    }
    own.durations.observe(seen.durationMs / 1_000)
    own.statuses.set(seen.status, (own.statuses.get(seen.status) ?? 0) + 1)
    own.bytes += seen.bytes
    own.stored += seen.items
    own.rejected += seen.rejected
    own.records += seen.records
  }

  registryRequest({ route, method, status, durationMs }: RegistrySeen): void {
    const key = `${method} ${route}`
    let own = this.#routes.get(key)
    if (own === undefined) {
      own = { route, method, durations: new Histogram(secondsBounds), statuses: new Map() }
      this.#routes.set(key, own)
    }
    own.durations.observe(durationMs / 1_000)
    own.statuses.set(status, (own.statuses.get(status) ?? 0) + 1)
  }

  journalWritten(durationMs: number, bytes: number, runs: number): void {
    this.#journalSeconds.observe(durationMs / 1_000)
    this.#groupBytes.observe(bytes)
    this.#groupRuns.observe(runs)
  }

  journalFailed(): void {
    this.#journalFailures++
  }

  catalogTook(name: string, kind: 'transaction' | 'snapshot', durationMs: number): void {
    const all = kind === 'transaction' ? this.#transactions : this.#snapshots
    let own = all.get(name)
    if (own === undefined) {
      if (all.size >= seriesMax) return
      own = new Histogram(secondsBounds)
      all.set(name, own)
    }
    own.observe(durationMs / 1_000)
  }

  /** What was counted since the broker started. */
  samples(): Samples[] {
    return [...this.#requests(), ...this.#storage(), ...this.#otlp(), ...this.#registry()]
  }

  #requests(): Samples[] {
    const apis = [...this.#apis]
    const counts = apis.flatMap(([api, own]) =>
      [...own.counts.values()].map(({ version, outcome, count }): Sample => {
        return [[api, String(version), outcome], count]
      }),
    )
    return [
      ['karst_requests_total', counts],
      ['karst_requests_refused_total', [[[], this.#refused]]],
      ['karst_request_bytes_total', apis.map(([api, { bytes }]): Sample => [[api], bytes])],
      ['karst_request_duration_seconds', apis.map(([api, own]): Sample => [[api], own.durations])],
      [
        'karst_throttle_seconds',
        [...this.#throttles].map(([quota, own]): Sample => [[quota], own]),
      ],
    ]
  }

  #storage(): Samples[] {
    const named = (all: ReadonlyMap<string, Histogram>): Sample[] =>
      [...all].map(([name, histogram]): Sample => [[name], histogram])
    return [
      ['karst_journal_write_seconds', [[[], this.#journalSeconds]]],
      ['karst_journal_group_bytes', [[[], this.#groupBytes]]],
      ['karst_journal_group_runs', [[[], this.#groupRuns]]],
      ['karst_journal_write_failures_total', [[[], this.#journalFailures]]],
      ['karst_catalog_transaction_seconds', named(this.#transactions)],
      ['karst_catalog_snapshot_seconds', named(this.#snapshots)],
    ]
  }

  #otlp(): Samples[] {
    const signals = [...this.#signals]
    const each = (value: (own: SignalCounts) => number | Histogram): Sample[] =>
      signals.map(([signal, own]): Sample => [[signal], value(own)])
    const statuses = signals.flatMap(([signal, own]) =>
      [...own.statuses].map(([status, count]): Sample => [[signal, String(status)], count]),
    )
    const items = signals.flatMap(([signal, { stored, rejected }]): Sample[] => [
      [[signal, 'stored'], stored],
      [[signal, 'rejected'], rejected],
    ])
    return [
      ['karst_otlp_requests_total', statuses],
      ['karst_otlp_request_bytes_total', each(({ bytes }) => bytes)],
      ['karst_otlp_items_total', items],
      ['karst_otlp_records_total', each(({ records }) => records)],
      ['karst_otlp_request_duration_seconds', each(({ durations }) => durations)],
    ]
  }

  #registry(): Samples[] {
    const routes = [...this.#routes.values()]
    const statuses = routes.flatMap(({ route, method, statuses: all }) =>
      [...all].map(([status, count]): Sample => [[route, method, String(status)], count]),
    )
    const durations = routes.map((own): Sample => [[own.route, own.method], own.durations])
    return [
      ['karst_registry_requests_total', statuses],
      ['karst_registry_request_duration_seconds', durations],
    ]
  }
}
