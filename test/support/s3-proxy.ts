/**
 * A proxy in front of a real S3 server that is slow, refuses, loses answers, cuts bodies short and
 * damages bytes, as a test says or by chance from a seed. It counts requests and bytes by verb.
 * Signatures stay valid: the Host header, and all else, is passed on as it came.
 */
import { Agent, createServer, request as httpRequest } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Transform } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../src/base/random.ts'
import type { LatencyShape } from './lognormal.ts'
import { latencyMs } from './lognormal.ts'
import { seededRandom } from './seeded-random.ts'

export type ProxyVerb = 'PUT' | 'GET' | 'HEAD' | 'DELETE' | 'LIST' | 'MULTIPART'

export type ProxyFault =
  /** 503, as S3 asks for fewer requests; nothing is passed on. */
  | { readonly kind: 'slow-down' }
  /** Any other answer; nothing is passed on. */
  | { readonly kind: 'refuse'; readonly status: number; readonly code: string }
  /** The connection is reset; nothing is passed on. */
  | { readonly kind: 'reset' }
  /** Passed on and done, then the connection is reset. */
  | { readonly kind: 'lose-answer' }
  /** Passed on and done, then no answer ever comes. */
  | { readonly kind: 'hang-after' }
  /** Nothing is passed on, and no answer ever comes. */
  | { readonly kind: 'hang' }
  /** The answer's body is cut off after so many bytes, its headers are whole. */
  | { readonly kind: 'truncate'; readonly bytes: number }
  /** The answer's body trickles. */
  | { readonly kind: 'drip'; readonly bytesPerSecond: number }
  /** The answer comes so late. */
  | { readonly kind: 'delay'; readonly ms: number }
  /** Nothing is read of the request for so long: its bytes wait where it comes from. */
  | { readonly kind: 'stall'; readonly ms: number }
  /** A bit of the request's body is turned on its way. */
  | { readonly kind: 'damage' }

export interface ProxiedRequest {
  readonly verb: ProxyVerb
  /** With the bucket, without the query. */
  readonly path: string
  /** Of the body, or of the range that is asked for. */
  readonly bytes: number
  /** How many of this verb came before. */
  readonly index: number
}

export interface VerbCounts {
  requests: number
  /** Bodies of requests, and of answers. */
  sentBytes: number
  receivedBytes: number
}

export type LatencyShapes = Partial<Record<ProxyVerb, LatencyShape>>

export interface S3ProxyOptions {
  /** http://host:port of the server. */
  readonly target: string
  readonly seed?: number
  readonly port?: number
  readonly latency?: LatencyShapes
  /** Asked for each request, before `shares`. */
  readonly fault?: (request: ProxiedRequest) => ProxyFault | undefined
}

/** The model of the fleet's design: PUT 40/150 ms, GET 20/80 ms, growing with size. */
export const modelLatency: LatencyShapes = {
  PUT: { p50Ms: 40, p99Ms: 150, msPerMiB: 5 },
  MULTIPART: { p50Ms: 40, p99Ms: 150 },
  GET: { p50Ms: 20, p99Ms: 80, msPerMiB: 3 },
  HEAD: { p50Ms: 15, p99Ms: 60 },
  DELETE: { p50Ms: 20, p99Ms: 80 },
  LIST: { p50Ms: 40, p99Ms: 150 },
}

const dripStepMs = 50

export class S3Proxy {
  readonly counts: Record<ProxyVerb, VerbCounts> = {
    PUT: noCounts(),
    GET: noCounts(),
    HEAD: noCounts(),
    DELETE: noCounts(),
    LIST: noCounts(),
    MULTIPART: noCounts(),
  }
  /** Faults that were injected, by kind. */
  readonly faults: Map<string, number> = new Map()
  latency: LatencyShapes
  fault: S3ProxyOptions['fault']
  /** Faults by chance: how often each, from 0 to 1. */
  shares: readonly { readonly share: number; readonly fault: ProxyFault }[] = []
  readonly #target: URL
  readonly #random: Random
  readonly #server: Server
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1_000 })
  readonly #closing = new AbortController()

  private constructor(options: S3ProxyOptions) {
    this.#target = new URL(options.target)
    this.#random = seededRandom(options.seed ?? 1)
    this.latency = options.latency ?? {}
    this.fault = options.fault
    this.#server = createServer((request, answer) => {
      this.#serve(request, answer).catch(() => request.socket.destroy())
    })
    this.#server.on('clientError', (_, socket) => socket.destroy())
  }

  static async start(options: S3ProxyOptions): Promise<S3Proxy> {
    const proxy = new S3Proxy(options)
    await new Promise<void>((resolve) =>
      proxy.#server.listen(options.port ?? 0, '127.0.0.1', resolve),
    )
    return proxy
  }

  /** http://host:port */
  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  /** No faults, no latency, and counts from zero. */
  calm(): void {
    this.fault = undefined
    this.shares = []
    this.latency = {}
    this.faults.clear()
    for (const counts of Object.values(this.counts)) Object.assign(counts, noCounts())
  }

  async close(): Promise<void> {
    this.#closing.abort()
    this.#server.closeAllConnections()
    this.#agent.destroy()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    if (request.url?.startsWith('/_proxy/') === true) return this.#control(request, answer)
    const described = this.#describe(request)
    const counts = this.counts[described.verb]
    counts.requests++
    const fault = this.fault?.(described) ?? this.#byChance()
    if (fault !== undefined) this.faults.set(fault.kind, (this.faults.get(fault.kind) ?? 0) + 1)
    const shape = this.latency[described.verb]
    const slowMs = shape === undefined ? 0 : latencyMs(shape, described.bytes, this.#random)
    const due = this.#sleep(slowMs + (fault?.kind === 'delay' ? fault.ms : 0))
    if (await this.#refused(request, answer, fault, due)) return
    if (fault?.kind === 'stall') await this.#sleep(fault.ms)
    const got = await this.#forward(request, fault, counts)
    await due
    if (fault?.kind === 'hang-after') return void got.resume()
    if (fault?.kind === 'lose-answer') {
      got.resume()
      await new Promise((resolve) => got.on('end', resolve))
      request.socket.resetAndDestroy()
      return
    }
    answer.writeHead(got.statusCode ?? 502, got.headers)
    await this.#answer(got, answer, fault, counts)
  }

  /** True where nothing is to be passed on. */
  async #refused(
    request: IncomingMessage,
    answer: ServerResponse,
    fault: ProxyFault | undefined,
    due: Promise<void>,
  ): Promise<boolean> {
    switch (fault?.kind) {
      case 'reset':
        request.socket.resetAndDestroy()
        return true
      case 'hang':
        request.resume()
        return true
      case 'slow-down':
        await due
        refuse(request, answer, 503, 'SlowDown')
        return true
      case 'refuse':
        await due
        refuse(request, answer, fault.status, fault.code)
        return true
      default:
        return false
    }
  }

  /** Resolves with the head of the server's answer. */
  #forward(
    request: IncomingMessage,
    fault: ProxyFault | undefined,
    counts: VerbCounts,
  ): Promise<IncomingMessage> {
    const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
    const { hostname: host, port } = this.#target
    const { method, url: path, headers } = request
    const options = { host, port, method, path, headers, agent: this.#agent }
    const passed = httpRequest(options, resolve)
    passed.on('error', reject)
    request.on('error', () => passed.destroy())
    request.on('close', () => {
      if (!request.complete) passed.destroy()
    })
    request.pipe(counted(counts, fault?.kind === 'damage')).pipe(passed)
    return promise
  }

  async #answer(
    got: IncomingMessage,
    answer: ServerResponse,
    fault: ProxyFault | undefined,
    counts: VerbCounts,
  ): Promise<void> {
    const most = fault?.kind === 'truncate' ? fault.bytes : Number.POSITIVE_INFINITY
    const stepBytes =
      fault?.kind === 'drip' ? Math.ceil((fault.bytesPerSecond * dripStepMs) / 1e3) : 0
    let sent = 0
    for await (const chunk of got as AsyncIterable<Buffer>) {
      for (let at = 0; at < chunk.length;) {
        const step = chunk.subarray(at, at + Math.min(stepBytes || chunk.length, most - sent))
        if (stepBytes > 0) await this.#sleep(dripStepMs)
        if (answer.destroyed) return void got.destroy()
        if (step.length > 0 && !answer.write(step)) await drained(answer)
        at += step.length
        sent += step.length
        counts.receivedBytes += step.length
        if (sent < most) continue
        got.destroy()
        answer.socket?.end()
        return
      }
    }
    answer.end()
  }

  #describe(request: IncomingMessage): ProxiedRequest {
    const url = new URL(request.url ?? '/', this.#target)
    const verb = verbOf(request.method ?? 'GET', url.searchParams)
    const range = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '')
    const asked = range === null ? 0 : Number(range[2]) - Number(range[1]) + 1
    const bytes = Number(request.headers['content-length'] ?? 0) + asked
    return { verb, path: url.pathname, bytes, index: this.counts[verb].requests }
  }

  #byChance(): ProxyFault | undefined {
    if (this.shares.length === 0) return undefined
    let drawn = this.#random.uint32() / 2 ** 32
    for (const { share, fault } of this.shares) {
      if (drawn < share) return fault
      drawn -= share
    }
    return undefined
  }

  /** For a proxy in a process of its own: `GET /_proxy/counts`, `PUT /_proxy/shares`. */
  async #control(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    if (request.method === 'PUT') {
      const chunks: Buffer[] = []
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk)
      this.shares = JSON.parse(Buffer.concat(chunks).toString()) as typeof this.shares
    }
    const { counts, shares } = this
    answer.setHeader('content-type', 'application/json')
    answer.end(JSON.stringify({ counts, shares, faults: Object.fromEntries(this.faults) }))
  }

  async #sleep(ms: number): Promise<void> {
    if (ms > 0) await sleep(ms, undefined, { signal: this.#closing.signal }).catch(() => undefined)
  }
}

function noCounts(): VerbCounts {
  return { requests: 0, sentBytes: 0, receivedBytes: 0 }
}

function verbOf(method: string, query: URLSearchParams): ProxyVerb {
  if (method === 'POST' || query.has('uploads')) return 'MULTIPART'
  if (method === 'DELETE') return query.has('uploadId') ? 'MULTIPART' : 'DELETE'
  if (method === 'HEAD' || method === 'PUT') return method
  return query.has('list-type') ? 'LIST' : 'GET'
}

function refuse(
  request: IncomingMessage,
  answer: ServerResponse,
  status: number,
  code: string,
): void {
  request.resume()
  answer.writeHead(status, { 'content-type': 'application/xml' })
  answer.end(`<Error><Code>${code}</Code><Message>as the test says</Message></Error>`)
}

function drained(answer: ServerResponse): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const go = (): void => {
    answer.off('drain', go)
    answer.off('close', go)
    resolve()
  }
  answer.on('drain', go)
  answer.on('close', go)
  return promise
}

function counted(counts: VerbCounts, isDamaged: boolean): Transform {
  let damages = isDamaged
  return new Transform({
    transform(chunk: Buffer, _, done) {
      counts.sentBytes += chunk.length
      if (!damages || chunk.length === 0) return done(undefined, chunk)
      damages = false
      const turned = Buffer.from(chunk)
      turned[0]! ^= 1
      done(undefined, turned)
    },
  })
}
