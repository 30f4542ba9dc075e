/** Every bound of the OTLP receiver in one place, because most of them only make sense together. */
import { assert } from '../base/assert.ts'

export interface OtlpLimits {
  /** Bytes of a request's body, before and after decompression (OTLP's recommended default). */
  readonly bodyBytesMax: number
  /** Bytes of all Kafka records made from one request: resource and scope repeat in each. */
  readonly recordsBytesMax: number
  /**
   * Resources, scopes, metrics and items of one request: each costs some 100 bytes while it is
   * split.
   */
  readonly elementsMax: number
  /** Records made of one request: each costs about 1 KiB on its way, besides its bytes. */
  readonly recordsMax: number
  /** Bytes held for all requests together, bodies and records; beyond it: 429. */
  readonly inFlightBytesMax: number
  /** Time for the header lines of a request, milliseconds. */
  readonly headersTimeoutMs: number
  /** Time for the body of a request to arrive, milliseconds. */
  readonly bodyTimeoutMs: number
  /** An idle connection is kept for so long, milliseconds: longer than exporters' intervals. */
  readonly keepAliveMs: number
  /**
   * What a client still sends after an early answer is read for so long, so that it sees the
   * answer.
   */
  readonly lingerMs: number
  /** Requests under way get so long to finish when the receiver stops, milliseconds. */
  readonly closeTimeoutMs: number
  /** Open connections; more are closed at once. */
  readonly connectionsMax: number
  /** What a client is told to wait when it is answered 429 or 503, whole seconds. */
  readonly retryAfterSeconds: number
}

const MiB = 1024 * 1024

export const defaultOtlpLimits: OtlpLimits = {
  bodyBytesMax: 64 * MiB,
  recordsBytesMax: 128 * MiB,
  elementsMax: 500_000,
  recordsMax: 100_000,
  inFlightBytesMax: 256 * MiB,
  headersTimeoutMs: 10_000,
  bodyTimeoutMs: 30_000,
  keepAliveMs: 75_000,
  lingerMs: 2_000,
  closeTimeoutMs: 10_000,
  connectionsMax: 4_096,
  retryAfterSeconds: 1,
}

/** The limits for another size of bodies; what must hold such a body grows with it. */
export function otlpLimitsFor(bodyBytesMax: number): OtlpLimits {
  const recordsBytesMax = Math.max(defaultOtlpLimits.recordsBytesMax, 2 * bodyBytesMax)
  const inFlightBytesMax = Math.max(
    defaultOtlpLimits.inFlightBytesMax,
    2 * bodyBytesMax + recordsBytesMax,
  )
  return { ...defaultOtlpLimits, bodyBytesMax, recordsBytesMax, inFlightBytesMax }
}

/**
 * Holds the relations between limits, at the start and not at the first request that is large
 * enough.
 */
export function assertOtlpLimits(limits: OtlpLimits): void {
  for (const [name, value] of Object.entries(limits)) {
    assert(Number.isSafeInteger(value) && value > 0, `OTLP limit ${name} is a positive integer`)
  }
  assert(
    limits.inFlightBytesMax >= 2 * limits.bodyBytesMax + limits.recordsBytesMax,
    'inFlightBytesMax holds one request of the largest size: body, its protobuf, its records',
  )
}
