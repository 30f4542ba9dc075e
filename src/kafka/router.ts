/**
 * From a frame to a handler and back: header, version, body, answer. What a client may not send
 * ends its connection, as Kafka does; only ApiVersions is answered whatever its version (KIP-511).
 */
import { AssertionFailed } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import type { Hold } from '../base/hold.ts'
import type { Log } from '../base/log.ts'
import { findApi } from '../wire/apis.ts'
import { decodeRequestHeader, encodeResponse } from '../wire/frame.ts'
import type { QuotaMeters } from '../quota/quota-meters.ts'
import type { AnyApi } from '../wire/message.ts'
import type { Answer, Exchange, Peer, Reply } from './request.ts'
import { throttleOf } from './throttle.ts'

/** An answer's message, and what to do once it was sent. */
export interface Handled<Response> {
  readonly response: Response
  /** Gives back memory that the response's bytes are views of. */
  readonly release?: () => void
  /** For how long the client must pause, besides what its bytes and time cost. */
  readonly throttleMs?: number
}

/** Serves one API in all versions that are advertised. Register it in `handlers.ts`. */
export interface Handler {
  readonly api: AnyApi
  /**
   * Never rejects for what a client sent or for a failing world: such is an error code in the
   * response.
   */
  readonly handle: (
    request: object,
    exchange: Exchange,
  ) => Promise<Handled<object> | 'silent' | 'close'>
}

/** Ties a handler to the types of its API. */
export function handler<Request extends object, Response extends object>(
  api: {
    readonly key: number
    readonly request: { decode(version: number, bytes: Uint8Array, at?: number): Request }
    readonly response: { encode(version: number, value: Response): Uint8Array[] }
  },
  handle: (
    request: Request,
    exchange: Exchange,
  ) => Promise<Handled<NoInfer<Response>> | 'silent' | 'close'>,
): Handler {
  return { api, handle } as unknown as Handler
}

/** Told of every request, for counters. */
export interface RequestObserver {
  requestServed(seen: {
    readonly api: string
    readonly version: number
    readonly outcome: 'answered' | 'silent' | 'closed'
    readonly bytes: number
    readonly durationMs: number
  }): void
  /** What came was no request of a served API and version. */
  requestRefused(): void
}

export interface RouterDeps {
  readonly handlers: readonly Handler[]
  readonly log: Log
  readonly clock: Clock
  readonly seen?: RequestObserver
  readonly meters?: QuotaMeters
}

const apiVersionsKey = 18

export class Router {
  readonly #handlers = new Map<number, Handler>()
  readonly #deps: RouterDeps

  constructor(deps: RouterDeps) {
    this.#deps = deps
    for (const each of deps.handlers) this.#handlers.set(each.api.key, each)
  }

  /** Never rejects, except for a wrong program. */
  async serve(
    frame: Uint8Array,
    peer: Peer,
    hold: Hold,
    signal: AbortSignal,
    next: () => void,
  ): Promise<Reply> {
    try {
      const { header, bodyAt } = decodeRequestHeader(frame, (key) => findApi(key))
      const found = this.#handlers.get(header.apiKey)
      if (found === undefined) {
        throw new Failure('invalid', `API key ${header.apiKey} is not served here`)
      }
      const { api } = found
      const isKnown =
        header.apiVersion >= api.request.versions.min &&
        header.apiVersion <= api.request.versions.max
      if (!isKnown && header.apiKey !== apiVersionsKey) {
        throw new Failure('invalid', `${api.name} version ${header.apiVersion} is not served here`)
      }
      // An ApiVersions request of a version we do not know is answered in version 0, error 35.
      const version = isKnown ? header.apiVersion : 0
      const { clock } = this.#deps
      const begunMs = clock.monotonicMs()
      const request = isKnown ? api.request.decode(version, frame, bodyAt) : {}
      const exchange = { header, peer, hold, byteLength: frame.length, signal, next }
      const handling = found.handle(request, exchange)
      const heldMs = clock.monotonicMs() - begunMs
      const handled = await handling
      this.#count(api.name, header.apiVersion, frame.length, begunMs, handled)
      if (handled === 'close') return handled
      return this.#answer(api, version, exchange, handled, heldMs)
    } catch (error) {
      if (error instanceof AssertionFailed) throw error
      this.#deps.seen?.requestRefused()
      const { remote } = peer
      if (error instanceof Failure) {
        this.#deps.log.warn({ remote, error: error.message }, 'request not served: closing')
      } else this.#deps.log.error({ remote, error }, 'a defect: request not served, closing')
      return 'close'
    }
  }

  /** The answer, with the pause that its client's quotas ask for (KIP-219). */
  #answer(
    api: AnyApi,
    version: number,
    exchange: Exchange,
    handled: Handled<object> | 'silent',
    heldMs: number,
  ): Reply {
    const { meters, clock } = this.#deps
    const { correlationId } = exchange.header
    const isAnswered = handled !== 'silent'
    const mutationThrottleMs = isAnswered ? (handled.throttleMs ?? 0) : 0
    const isFree = meters === undefined || (meters.isIdle && mutationThrottleMs === 0)
    if (isFree) return isAnswered ? answerOf(api, version, correlationId, handled) : handled
    const begunMs = clock.monotonicMs()
    const answer = isAnswered ? answerOf(api, version, correlationId, handled) : undefined
    const { throttleMs, isEmptied } = throttleOf(meters, {
      apiKey: api.key,
      exchange,
      isAnswered,
      answerBytes: answer?.chunks.reduce((sum, chunk) => sum + chunk.length, 0) ?? 0,
      heldMs: heldMs + clock.monotonicMs() - begunMs,
      mutationThrottleMs,
    })
    if (throttleMs === 0) return answer ?? 'silent'
    if (!isAnswered) return { chunks: [], throttleMs }
    const paused = isEmptied ? emptied(handled) : handled
    const response = { ...paused.response, throttleTimeMs: throttleMs }
    return { ...answerOf(api, version, correlationId, { ...paused, response }), throttleMs }
  }

  #count(
    api: string,
    version: number,
    bytes: number,
    begunMs: number,
    handled: object | 'silent' | 'close',
  ): void {
    const { seen, clock } = this.#deps
    const outcome = handled === 'silent' ? 'silent' : handled === 'close' ? 'closed' : 'answered'
    seen?.requestServed({ api, version, outcome, bytes, durationMs: clock.monotonicMs() - begunMs })
  }
}

/** The answer of a fetch whose client must pause: its records are not sent, and asked for again. */
function emptied({ response, release }: Handled<object>): Handled<object> {
  release?.()
  return { response: { ...response, responses: [] } }
}

/** What cannot be encoded is given back all the same. */
function answerOf(
  api: AnyApi,
  version: number,
  correlationId: number,
  { response, release }: Handled<object>,
): Answer {
  try {
    const chunks = encodeResponse(api as never, version, correlationId, response as never)
    return release === undefined ? { chunks } : { chunks, release }
  } catch (error) {
    release?.()
    throw error
  }
}
