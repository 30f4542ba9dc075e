/** What a broker asks of its bucket, by verb: counted as each operation ends, read at a scrape. */
import { Histogram } from '../base/histogram.ts'
import type { S3OperationSeen } from '../objects/s3/s3-requests.ts'
import type { Sample, Samples } from './exposition.ts'

/** Seconds, from a store in the same rack to what clients give up after. */
const secondsBounds = [
  0.005, 0.01, 0.02, 0.04, 0.06, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 1, 2, 5, 10, 30,
]

interface VerbCounts {
  readonly outcomes: Map<string, number>
  readonly seconds: Map<string, Histogram>
  bytes: number
  requests: number
  retries: number
  hedges: number
}

export class ObjectStoreMetrics {
  readonly #verbs = new Map<string, VerbCounts>()

  seen(operation: S3OperationSeen): void {
    const { verb, priority, outcome } = operation
    let own = this.#verbs.get(verb)
    if (own === undefined) {
      const sums = { bytes: 0, requests: 0, retries: 0, hedges: 0 }
      own = { outcomes: new Map(), seconds: new Map(), ...sums }
      this.#verbs.set(verb, own)
    }
    own.outcomes.set(outcome, (own.outcomes.get(outcome) ?? 0) + 1)
    const seconds = own.seconds.get(priority) ?? new Histogram(secondsBounds)
    own.seconds.set(priority, seconds)
    seconds.observe(operation.ms / 1_000)
    own.bytes += outcome === 'ok' ? operation.bytes : 0
    own.requests += operation.requests
    own.retries += operation.retries
    own.hedges += operation.hedges
  }

  samples(): Samples[] {
    const verbs = [...this.#verbs]
    const each = (pick: (own: VerbCounts) => number): Sample[] =>
      verbs.map(([verb, own]): Sample => [[verb], pick(own)])
    const outcomes = verbs.flatMap(([verb, own]) =>
      [...own.outcomes].map(([outcome, count]): Sample => [[verb, outcome], count]),
    )
    const seconds = verbs.flatMap(([verb, own]) =>
      [...own.seconds].map(([priority, times]): Sample => [[verb, priority], times]),
    )
    return [
      ['karst_object_store_operations_total', outcomes],
      ['karst_object_store_seconds', seconds],
      ['karst_object_store_bytes_total', each(({ bytes }) => bytes)],
      ['karst_object_store_requests_total', each(({ requests }) => requests)],
      ['karst_object_store_retries_total', each(({ retries }) => retries)],
      ['karst_object_store_hedges_total', each(({ hedges }) => hedges)],
    ]
  }
}
