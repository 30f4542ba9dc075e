/**
 * What a request costs its client (KIP-219): it is answered at once, the answer says how long to
 * pause, and the connection is not read for as long.
 *
 * Time is that which a request keeps others from being served: until it first waits for something,
 * and while its answer is made. `request_percentage` is a share of this broker's one thread, so 100
 * is all of it.
 */
import type { Client } from '../quota/client-quotas.ts'
import type { QuotaMeters } from '../quota/quota-meters.ts'
import { clientOf, type Exchange } from './request.ts'

const produceKey = 0
const fetchKey = 1

/** An answer that is ready to be sent. */
export interface Served {
  readonly apiKey: number
  readonly exchange: Exchange
  /** False: the client asked for no answer (acks=0). */
  readonly isAnswered: boolean
  readonly answerBytes: number
  /** That it kept the thread. */
  readonly heldMs: number
  /** The handler found that the client makes too many changes of topics. */
  readonly mutationThrottleMs: number
}

export interface Throttle {
  /** For how many milliseconds the client must pause. */
  readonly throttleMs: number
  /** The records of a fetch are not sent: they are asked for again after the pause. */
  readonly isEmptied: boolean
}

const free: Throttle = { throttleMs: 0, isEmptied: false }

export function throttleOf(meters: QuotaMeters, served: Served): Throttle {
  const { apiKey, exchange, isAnswered, answerBytes, heldMs, mutationThrottleMs } = served
  const client = clientOf(exchange)
  const byteKey =
    apiKey === produceKey
      ? 'producer_byte_rate'
      : apiKey === fetchKey
        ? 'consumer_byte_rate'
        : undefined
  const bytes = apiKey === fetchKey ? answerBytes : exchange.byteLength
  const byteMs = byteKey === undefined ? 0 : meters.charge(byteKey, client, bytes)
  // As percent of a second: 10 ms are one.
  const heldThrottleMs = isAnswered ? meters.charge('request_percentage', client, heldMs / 10) : 0
  const throttleMs = Math.max(byteMs, heldThrottleMs, mutationThrottleMs)
  if (throttleMs === 0) return free
  const key =
    throttleMs === heldThrottleMs ? 'request_percentage' : (byteKey ?? 'controller_mutation_rate')
  meters.noteThrottled(key, throttleMs)
  return { throttleMs, isEmptied: apiKey === fetchKey && isEmptied(meters, client, answerBytes) }
}

/**
 * Records that are not sent do not count. A batch so large that every answer with it is too much is
 * sent when nothing was before, and the pause is as long as it is worth: other than with Kafka,
 * whose consumers never get behind it.
 */
function isEmptied(meters: QuotaMeters, client: Client, answerBytes: number): boolean {
  const key = 'consumer_byte_rate'
  meters.refund(key, client, answerBytes)
  const isHopeless = answerBytes > meters.windowMax(key, client)
  if (!isHopeless || !meters.isRested(key, client)) return true
  meters.charge(key, client, answerBytes)
  return false
}
