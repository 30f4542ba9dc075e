/** What operators and orchestrators ask over HTTP: alive, ready, metrics. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createHttpServer } from '../base/node-http.ts'
import { Failure, isFailure } from '../base/errors.ts'

export interface AdminHttpParts {
  readonly listen: { readonly host: string; readonly port: number }
  /** Why the broker should get no traffic now; undefined where it should. */
  readonly notReady: () => Promise<string | undefined>
  /** What does not work although it should get traffic; undefined where all does. */
  readonly degraded: () => string | undefined
  /** Prometheus' text format, and its content type. */
  readonly metrics: () => Promise<{ readonly body: string; readonly contentType: string }>
  /** Where clients find partitions, as JSON; undefined where there is one broker only. */
  readonly placement?: (topic: string | undefined) => Promise<unknown>
}

export interface AdminHttp {
  readonly address: { readonly host: string; readonly port: number }
  close(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body: string
  readonly contentType?: string
}

const plainText = 'text/plain; charset=utf-8'

/** @throws Failure 'conflict': the address is in use. 'invalid': it cannot be bound. */
export function startAdminHttp(parts: AdminHttpParts): Promise<AdminHttp> {
  const { host, port } = parts.listen
  const { promise, resolve, reject } = Promise.withResolvers<AdminHttp>()
  const server = createHttpServer((request, response) => void serve(parts, request, response))
  server.once('error', (error: NodeJS.ErrnoException) => {
    const isTaken = error.code === 'EADDRINUSE'
    const why = isTaken ? 'is in use by another process' : `cannot be bound: ${error.message}`
    reject(new Failure(isTaken ? 'conflict' : 'invalid', `http ${host}:${port} ${why}`, error))
  })
  server.listen({ host, port }, () => {
    const bound = server.address()
    const at = typeof bound === 'object' && bound !== null ? bound.port : port
    const close = (): Promise<void> => {
      server.closeAllConnections()
      return new Promise((done) => server.close(() => done()))
    }
    resolve({ address: { host, port: at }, close })
  })
  return promise
}

async function serve(
  parts: AdminHttpParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const answer = await answerTo(parts, request)
  response.writeHead(answer.status, {
    'content-type': answer.contentType ?? plainText,
    ...(answer.status === 405 ? { allow: 'GET, HEAD' } : {}),
  })
  response.end(request.method === 'HEAD' ? undefined : answer.body)
}

const paths: ReadonlySet<string> = new Set(['/healthz', '/readyz', '/metrics', '/placement'])

async function placementOf(
  { placement }: AdminHttpParts,
  { url = '' }: IncomingMessage,
): Promise<Answer> {
  const topic = new URLSearchParams(url.split('?')[1] ?? '').get('topic') ?? undefined
  try {
    const report = await placement?.(topic)
    const none = 'no placement: this broker is the only one, and has everything\n'
    if (report === undefined) return { status: 404, body: none }
    const contentType = 'application/json; charset=utf-8'
    return { status: 200, body: `${JSON.stringify(report)}\n`, contentType }
  } catch (error) {
    if (!isFailure(error)) throw error
    const status = error.kind === 'not-found' ? 404 : 503
    return { status, body: `${error.message}\n` }
  }
}

async function answerTo(parts: AdminHttpParts, request: IncomingMessage): Promise<Answer> {
  const path = (request.url ?? '/').split('?')[0]
  if (!paths.has(path ?? '')) {
    const known = [...paths].join(', ')
    return { status: 404, body: `not found: there is ${known}\n` }
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return { status: 405, body: 'only GET and HEAD\n' }
  }
  if (path === '/healthz') return { status: 200, body: 'ok\n' }
  if (path === '/placement') return placementOf(parts, request)
  if (path === '/metrics') {
    const { body, contentType } = await parts.metrics()
    return { status: 200, body, contentType }
  }
  const reason = await parts.notReady()
  if (reason !== undefined) return { status: 503, body: `not ready: ${reason}\n` }
  const lack = parts.degraded()
  return { status: 200, body: lack === undefined ? 'ready\n' : `ready, degraded: ${lack}\n` }
}
