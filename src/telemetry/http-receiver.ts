/** OTLP/HTTP on node:http, which no other file of this folder but `http-body.ts` knows. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { AssertionFailed } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { createHttpServer } from '../base/node-http.ts'
import { ByteBudget, type ByteReservation } from './byte-budget.ts'
import { type Answer, type ContentType, encodeAnswer } from './export-answer.ts'
import { type BodyOutcome, readBody } from './http-body.ts'
import { readHead } from './http-head.ts'
import { ingest, type Ingested } from './ingest.ts'
import { assertOtlpLimits, type OtlpLimits } from './limits.ts'
import type { Signal, SignalName } from './signal.ts'
import { PrepareThread } from './prepare-thread.ts'
import type { TelemetrySink } from './sink.ts'

/** One finished request, for counters. */
export interface OtlpRequestSeen {
  /** Undefined for a path that is none of ours. */
  readonly signal: SignalName | undefined
  readonly status: number
  /** Items stored, and items refused for good. */
  readonly items: number
  readonly rejected: number
  readonly records: number
  /** Bytes of the body as they came. */
  readonly bytes: number
  readonly durationMs: number
}

export interface OtlpMetrics {
  onRequest(seen: OtlpRequestSeen): void
}

export interface OtlpHttpParts {
  readonly listen: { readonly host: string; readonly port: number }
  readonly sink: TelemetrySink
  readonly limits: OtlpLimits
  readonly clock: Clock
  readonly log: Log
  readonly metrics?: OtlpMetrics
}

export interface OtlpHttp {
  /** `host:port`, with the port that was really taken. */
  readonly address: string
  /** Bytes held for requests under way. */
  inFlightBytes(): number
  /**
   * Takes no more requests and resolves when those under way are answered, or cut off after
   * `closeTimeoutMs`.
   */
  close(): Promise<void>
}

/**
 * Resolves when requests are served.
 *
 * @throws Failure 'conflict': the address is in use. 'invalid': it cannot be bound.
 */
export async function startOtlpHttp(parts: OtlpHttpParts): Promise<OtlpHttp> {
  assertOtlpLimits(parts.limits)
  const receiver = new Receiver(parts)
  await receiver.listen()
  return receiver
}

/** Node looks for connections that are too slow so often, milliseconds. */
const slowCheckMs = 1_000

class Receiver implements OtlpHttp {
  address = ''
  readonly #parts: OtlpHttpParts
  readonly #budget: ByteBudget
  readonly #server: Server
  readonly #preparer: PrepareThread
  #isClosing = false

  constructor(parts: OtlpHttpParts) {
    const { limits } = parts
    this.#parts = parts
    this.#budget = new ByteBudget(limits.inFlightBytesMax)
    this.#preparer = new PrepareThread(parts.clock, parts.log)
    this.#server = createHttpServer({
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: 0, // the body has a time of its own, answered with a status
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: slowCheckMs,
    })
    this.#server.maxConnections = limits.connectionsMax
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#serve(request, response) // rejects only for a wrong program, which must end it
    }
    this.#server.on('request', serve)
    this.#server.on('checkContinue', serve)
  }

  async listen(): Promise<void> {
    const { host, port } = this.#parts.listen
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen(port, host, resolve)
    try {
      await promise
    } catch (error) {
      const isTaken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE'
      const reason = error instanceof Error ? error.message : String(error)
      const why = isTaken ? 'is in use by another process' : `cannot be bound: ${reason}`
      throw new Failure(isTaken ? 'conflict' : 'invalid', `otlp ${host}:${port} ${why}`, error)
    }
    this.#server.removeListener('error', reject)
    this.#server.on('error', (error) => this.#parts.log.error({ error }, 'OTLP listener'))
    const taken = this.#server.address() as AddressInfo
    const name = taken.family === 'IPv6' ? `[${taken.address}]` : taken.address
    this.address = `${name}:${taken.port}`
    this.#parts.log.info({ address: this.address }, 'OTLP over HTTP is served')
  }

  inFlightBytes(): number {
    return this.#budget.usedBytes
  }

  async close(): Promise<void> {
    if (this.#isClosing) return
    this.#isClosing = true
    const { clock, limits, log } = this.#parts
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeIdleConnections()
    const cutOff = clock.after(limits.closeTimeoutMs, () => {
      log.warn({ closeTimeoutMs: limits.closeTimeoutMs }, 'OTLP requests are cut off by the stop')
      this.#server.closeAllConnections()
    })
    await promise
    cutOff.cancel()
    await this.#preparer.close()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, metrics, limits } = this.#parts
    const startedMs = clock.monotonicMs()
    const memory = this.#budget.open()
    response.on('error', () => undefined) // a client that went away is no event
    try {
      const served = await this.#answerAnything(request, response, memory)
      if (served.answer === undefined) return
      this.#respond(request, response, served.answer, served.signal, served.type)
      metrics?.onRequest({
        signal: served.signal?.name,
        status: served.answer.status,
        items: served.ingested?.acceptedCount ?? 0,
        rejected: served.answer.status === 200 ? served.answer.rejectedCount : 0,
        records: served.ingested?.recordCount ?? 0,
        bytes: served.wireByteCount,
        durationMs: clock.monotonicMs() - startedMs,
      })
    } finally {
      memory.release()
      this.#boundLeftover(request, limits.lingerMs)
    }
  }

  /** A wrong program stops the process; other things not foreseen cost only this request. */
  async #answerAnything(
    request: IncomingMessage,
    response: ServerResponse,
    memory: ByteReservation,
  ): Promise<Served> {
    try {
      return await this.#answer(request, response, memory)
    } catch (error) {
      if (error instanceof AssertionFailed) throw error
      this.#parts.log.error({ error, path: request.url }, 'an OTLP request failed unexpectedly')
      const { signal, type } = readHead(request, this.#parts.limits.bodyBytesMax)
      const answer: Answer = {
        status: 500,
        message: 'internal error; the log of the server says more',
      }
      return { signal, type, answer, wireByteCount: 0 }
    }
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    memory: ByteReservation,
  ): Promise<Served> {
    const { limits } = this.#parts
    const head = readHead(request, limits.bodyBytesMax)
    const early = { signal: head.signal, type: head.type, wireByteCount: 0 }
    if (head.refusal !== undefined) return { ...early, answer: head.refusal }
    if (this.#isClosing) return { ...early, answer: closing }
    const expected = Number(request.headers['content-length'] ?? 0)
    // What was announced must fit now; it is counted as it comes.
    if (!memory.grow(expected)) return { ...early, answer: overloaded }
    memory.shrink(expected)
    if (request.headers.expect !== undefined) response.writeContinue()
    const body = await this.#readInTime(request, head.isGzip, memory)
    if (body.outcome !== 'read') return { ...early, answer: fromBody(body, limits) }
    const isJson = head.type === 'application/json'
    const ingested = await ingest(
      { ...this.#parts, preparer: this.#preparer },
      {
        signal: head.signal,
        body: body.bytes,
        isJson,
        memory,
      },
    )
    if (ingested.failure !== undefined) this.#logFailure(ingested.failure, head.signal)
    const { wireByteCount } = body
    return { ...early, answer: ingested.answer, ingested, wireByteCount }
  }

  async #readInTime(
    request: IncomingMessage,
    isGzip: boolean,
    memory: ByteReservation,
  ): Promise<BodyOutcome | { readonly outcome: 'late' }> {
    const { clock, limits } = this.#parts
    const late = Promise.withResolvers<{ readonly outcome: 'late' }>()
    const timer = clock.after(limits.bodyTimeoutMs, () => late.resolve({ outcome: 'late' }))
    const stop = new AbortController()
    const reading = readBody(request, {
      bytesMax: limits.bodyBytesMax,
      isGzip,
      memory,
      signal: stop.signal,
    })
    try {
      return await Promise.race([reading, late.promise])
    } finally {
      timer.cancel()
      stop.abort()
    }
  }

  #respond(
    request: IncomingMessage,
    response: ServerResponse,
    answer: Answer,
    signal: Signal | undefined,
    type: ContentType,
  ): void {
    const body = encodeAnswer(answer, signal, type)
    response.statusCode = answer.status
    response.setHeader('Content-Type', type)
    response.setHeader('Content-Length', body.length)
    const { status } = answer
    if (status === 405) response.setHeader('Allow', 'POST')
    if (status === 415) response.setHeader('Accept-Encoding', 'gzip, identity')
    if (status === 429 || status === 503) {
      response.setHeader('Retry-After', this.#parts.limits.retryAfterSeconds)
    }
    if (this.#isClosing) response.setHeader('Connection', 'close')
    response.end(request.method === 'HEAD' ? undefined : body)
  }

  /** Closing at once would reset the connection, and the client would never see the answer. */
  #boundLeftover(request: IncomingMessage, lingerMs: number): void {
    if (request.complete || request.destroyed) return
    request.resume()
    const cutOff = this.#parts.clock.after(lingerMs, () => request.destroy())
    request.once('end', () => cutOff.cancel())
    request.once('close', () => cutOff.cancel())
  }

  #logFailure(failure: Failure, signal: Signal): void {
    const fields = { signal: signal.name, kind: failure.kind, error: failure }
    this.#parts.log.warn(fields, 'telemetry was not stored; its sender knows')
  }
}

interface Served {
  /** Undefined for a client that is gone. */
  readonly answer: Answer | undefined
  readonly signal: Signal | undefined
  readonly type: ContentType
  readonly wireByteCount: number
  readonly ingested?: Ingested
}

const closing: Answer = { status: 503, message: 'the receiver is stopping; try again elsewhere' }
const overloaded: Answer = { status: 429, message: 'too many bytes are in flight; try again' }

function fromBody(
  body: Exclude<BodyOutcome, { outcome: 'read' }> | { readonly outcome: 'late' },
  limits: OtlpLimits,
): Answer | undefined {
  switch (body.outcome) {
    case 'disconnected':
      return undefined
    case 'overloaded':
      return overloaded
    case 'bad':
      return { status: 400, message: body.reason, field: '' }
    case 'too-large':
      return { status: 413, message: `${body.reason}; send smaller batches` }
    case 'late':
      // Not 408: exporters drop the data then, and what a slow network held may come next time.
      return {
        status: 503,
        message: `the body did not arrive within ${limits.bodyTimeoutMs} ms; try again`,
      }
  }
}
