/** The registry's HTTP server: Confluent's REST API, of which clients know paths, codes and types. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Clock } from '../../base/clock.ts'
import { Failure } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { createHttpServer } from '../../base/node-http.ts'
import type { Registry } from '../registry.ts'
import { RegistryError } from '../registry-error.ts'
import { registryHttpLimits, type RegistryHttpLimits } from './http-limits.ts'
import { registryErrorOf } from './registry-error-of.ts'
import { assertBodyFits, BodyMemory, ClientGone, readBody } from './request-body.ts'
import { Call, type Route } from './route.ts'
import { type FoundRoute, registryRoutes, Router } from './router.ts'

/** One finished request, for counters. */
export interface RegistryRequestSeen {
  /** The route's path with its names, '' where there is none. */
  readonly route: string
  readonly method: string
  readonly status: number
  readonly durationMs: number
}

export interface RegistryHttpParts {
  readonly listen: { readonly host: string; readonly port: number }
  readonly registry: Registry
  readonly clusterId: string
  readonly clock: Clock
  readonly log: Log
  readonly limits?: RegistryHttpLimits
  /** What else is served at the same address. */
  readonly routes?: readonly Route[]
  readonly onRequest?: (seen: RegistryRequestSeen) => void
}

export interface RegistryHttp {
  readonly address: { readonly host: string; readonly port: number }
  /** Takes no more requests; resolves when those under way are answered, or cut off. */
  close(): Promise<void>
}

const jsonType = 'application/vnd.schemaregistry.v1+json'
const mediaTypes = [jsonType, 'application/vnd.schemaregistry+json', 'application/json']
const bodyTypes = [...mediaTypes, 'application/octet-stream']

/** Node looks for connections that are too slow so often, milliseconds. */
const slowCheckMs = 1_000

/** @throws Failure 'conflict': the address is in use. 'invalid': it cannot be bound. */
export async function startRegistryHttp(parts: RegistryHttpParts): Promise<RegistryHttp> {
  const server = new RegistryServer(parts)
  await server.listen()
  return server
}

interface Answer {
  readonly status: number
  /** Undefined: 204. */
  readonly body: unknown
}

class RegistryServer implements RegistryHttp {
  address: { readonly host: string; readonly port: number }
  readonly #parts: RegistryHttpParts
  readonly #limits: RegistryHttpLimits
  readonly #memory: BodyMemory
  readonly #router: Router
  readonly #server: Server
  #working = 0

  constructor(parts: RegistryHttpParts) {
    this.#parts = parts
    this.address = parts.listen
    this.#limits = parts.limits ?? registryHttpLimits
    this.#router = new Router([...registryRoutes, ...(parts.routes ?? [])])
    this.#memory = new BodyMemory(this.#limits.bodiesBytesMax)
    this.#server = createHttpServer({
      headersTimeout: this.#limits.headersTimeoutMs,
      requestTimeout: 0, // the body has a time of its own, answered with a status
      keepAliveTimeout: this.#limits.keepAliveMs,
      connectionsCheckingInterval: slowCheckMs,
    })
    const serve = (request: IncomingMessage, response: ServerResponse): void => {
      void this.#serve(request, response)
    }
    this.#server.on('request', serve)
    this.#server.on('checkContinue', serve)
    this.#server.maxConnections = this.#limits.connectionsMax
  }

  async listen(): Promise<void> {
    const { host, port } = this.#parts.listen
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#server.once('error', reject)
    this.#server.listen(port, host, resolve)
    try {
      await promise
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException
      const isTaken = code === 'EADDRINUSE'
      const why = isTaken ? 'is in use by another process' : `cannot be bound: ${message}`
      const kind = isTaken ? 'conflict' : 'invalid'
      throw new Failure(kind, `registry ${host}:${port} ${why}`, error)
    }
    this.#server.removeListener('error', reject)
    this.#server.on('error', (error) => this.#parts.log.error({ error }, 'registry listener'))
    this.address = { host, port: (this.#server.address() as AddressInfo).port }
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#server.close(() => resolve())
    this.#server.closeIdleConnections()
    const { closeTimeoutMs } = this.#limits
    const cutOff = this.#parts.clock.after(closeTimeoutMs, () => {
      this.#parts.log.warn({ closeTimeoutMs }, 'requests of the registry are cut off by the stop')
      this.#server.closeAllConnections()
    })
    await promise
    cutOff.cancel()
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { clock, onRequest } = this.#parts
    const startedMs = clock.monotonicMs()
    let found: FoundRoute | undefined
    response.on('error', () => undefined) // a client that went away is no event
    try {
      const method = request.method ?? 'GET'
      const answer = await this.#answered(request, () => {
        found = this.#router.find(request.url ?? '/', method)
        return this.#answerTo(found, request, response)
      })
      if (answer === undefined) return
      this.#respond(request, response, answer)
      const durationMs = clock.monotonicMs() - startedMs
      onRequest?.({ route: found?.route.path ?? '', method, status: answer.status, durationMs })
    } finally {
      this.#boundLeftover(request)
    }
  }

  /** Undefined where nobody is there to be answered. */
  async #answered(
    request: IncomingMessage,
    answer: () => Promise<Answer>,
  ): Promise<Answer | undefined> {
    try {
      return await answer()
    } catch (error) {
      if (error instanceof ClientGone) return undefined
      const told = registryErrorOf(error)
      if (told !== undefined) {
        return { status: told.status, body: { error_code: told.code, message: told.message } }
      }
      this.#parts.log.error({ error, url: request.url }, 'the registry failed')
      const message = 'Internal error: the log of the broker says more'
      return { status: 500, body: { error_code: 50001, message } }
    }
  }

  /** @throws RegistryError ClientGone Failure */
  async #answerTo(
    { route, names, context, query }: FoundRoute,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<Answer> {
    assertBodyFits(request, this.#limits)
    if (request.headers.expect !== undefined) response.writeContinue()
    const { registry, clusterId, clock } = this.#parts
    const held = await readBody(request, this.#limits, this.#memory, clock)
    try {
      if (this.#working >= this.#limits.requestsMax) {
        throw new RegistryError(
          429,
          `${this.#limits.requestsMax} requests are under way: come again`,
        )
      }
      this.#working++
      try {
        const body = parsed(held.bytes, request)
        const call = new Call({ registry, clusterId, names, context, query, body })
        return { status: route.status ?? 200, body: await route.answer(call) }
      } finally {
        this.#working--
      }
    } finally {
      held.release()
    }
  }

  #respond(request: IncomingMessage, response: ServerResponse, { status, body }: Answer): void {
    if (response.destroyed) return
    if (status === 429) response.setHeader('retry-after', this.#limits.retryAfterSeconds)
    if (!request.complete || !this.#server.listening) response.setHeader('connection', 'close')
    if (body === undefined) {
      response.writeHead(204).end()
      return
    }
    const bytes = Buffer.from(JSON.stringify(body))
    response.setHeader('content-type', typeFor(request))
    response.setHeader('content-length', bytes.length)
    response.writeHead(status).end(request.method === 'HEAD' ? undefined : bytes)
  }

  /** Closing at once would reset the connection, and the client would never see the answer. */
  #boundLeftover(request: IncomingMessage): void {
    if (request.complete || request.destroyed) return
    request.resume()
    const cutOff = this.#parts.clock.after(this.#limits.lingerMs, () => request.destroy())
    request.once('end', () => cutOff.cancel())
    request.once('close', () => cutOff.cancel())
  }
}

/** Of the answer: the one that was asked for. */
function typeFor({ headers }: IncomingMessage): string {
  const wanted = headers.accept ?? '*/*'
  return mediaTypes.find((type) => wanted.includes(type)) ?? jsonType
}

/** @throws RegistryError 400, 415 */
function parsed(bytes: Buffer, { headers }: IncomingMessage): unknown {
  if (bytes.length === 0) return undefined
  const type = (headers['content-type'] ?? jsonType).split(';')[0]?.trim().toLowerCase() ?? ''
  if (!bodyTypes.includes(type)) {
    throw new RegistryError(415, `the body's type is ${type}: send ${bodyTypes.join(', ')}`)
  }
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    throw new RegistryError(400, `the body is no JSON: ${(error as Error).message}`)
  }
}
