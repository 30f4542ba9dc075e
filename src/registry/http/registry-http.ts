/** The registry's HTTP server: Confluent's REST API, of which clients know paths, codes and types. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Failure, isFailure } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { createHttpServer } from '../../base/node-http.ts'
import type { Registry } from '../registry.ts'
import { RegistryError, registryErrors } from '../registry-error.ts'
import { Call, type Method, type Route } from './route.ts'
import { schemaRoutes } from './schema-routes.ts'
import { settingRoutes } from './setting-routes.ts'
import { subjectRoutes } from './subject-routes.ts'

export interface RegistryHttpParts {
  readonly listen: { readonly host: string; readonly port: number }
  readonly registry: Registry
  readonly clusterId: string
  readonly log: Log
  /** What else is served at the same address. */
  readonly routes?: readonly Route[]
}

export interface RegistryHttp {
  readonly address: { readonly host: string; readonly port: number }
  close(): Promise<void>
}

/** A schema with its references' names, metadata and rules. */
const bodyBytesMax = 4 * 1_048_576
/** Of a request from its first byte to its last. */
const requestMsMax = 30_000

const jsonType = 'application/vnd.schemaregistry.v1+json'
const mediaTypes = [jsonType, 'application/vnd.schemaregistry+json', 'application/json']
const bodyTypes = [...mediaTypes, 'application/octet-stream']

export const registryRoutes: readonly Route[] = [
  ...schemaRoutes,
  ...subjectRoutes,
  ...settingRoutes,
]

/** @throws Failure 'conflict': the address is in use. 'invalid': it cannot be bound. */
export function startRegistryHttp(parts: RegistryHttpParts): Promise<RegistryHttp> {
  const { host, port } = parts.listen
  const { promise, resolve, reject } = Promise.withResolvers<RegistryHttp>()
  const server = createHttpServer({ requestTimeout: requestMsMax }, (request, response) => {
    void serve(parts, request, response)
  })
  server.once('error', (error: NodeJS.ErrnoException) => {
    const isTaken = error.code === 'EADDRINUSE'
    const why = isTaken ? 'is in use by another process' : `cannot be bound: ${error.message}`
    const kind = isTaken ? 'conflict' : 'invalid'
    reject(new Failure(kind, `registry ${host}:${port} ${why}`, error))
  })
  server.listen({ host, port }, () => {
    const bound = server.address()
    const at = typeof bound === 'object' && bound !== null ? bound.port : port
    const close = (): Promise<void> => {
      const closed = new Promise<void>((done) => server.close(() => done()))
      server.closeIdleConnections()
      return closed
    }
    resolve({ address: { host, port: at }, close })
  })
  return promise
}

async function serve(
  parts: RegistryHttpParts,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const type = answerTypeOf(request)
  const send = (status: number, body: unknown): void => {
    if (response.destroyed) return
    if (body === undefined) response.writeHead(204).end()
    else response.writeHead(status, { 'content-type': type }).end(JSON.stringify(body))
  }
  try {
    send(200, await answerTo(parts, request))
  } catch (error) {
    const told = registryErrorOf(error)
    if (told === undefined) {
      parts.log.error({ error, url: request.url }, 'the registry failed')
      send(500, { error_code: 50001, message: 'Internal error: see the broker’s log' })
      return
    }
    send(told.status, { error_code: told.code, message: told.message })
  }
}

/** Undefined: a fault of ours. */
function registryErrorOf(error: unknown): RegistryError | undefined {
  if (error instanceof RegistryError) return error
  if (!isFailure(error)) return undefined
  const isStore = error.kind !== 'invalid' && error.kind !== 'conflict'
  return isStore ? registryErrors.store(`${error.message}: try again`) : undefined
}

async function answerTo(parts: RegistryHttpParts, request: IncomingMessage): Promise<unknown> {
  const { path, query } = addressOf(request.url ?? '/')
  const routes = [...registryRoutes, ...(parts.routes ?? [])]
  const found = routeOf(routes, path, request.method ?? 'GET')
  const body = await bodyOf(request)
  const { registry, clusterId } = parts
  const { names, context } = found
  return found.route.answer(new Call({ registry, clusterId, names, context, query, body }))
}

/** @throws RegistryError 400 */
function addressOf(url: string): { readonly path: string[]; readonly query: URLSearchParams } {
  const [path = '', query] = url.split('?', 2)
  try {
    const segments = path.split('/').filter((each) => each !== '')
    return {
      path: segments.map((each) => decodeURIComponent(each)),
      query: new URLSearchParams(query),
    }
  } catch {
    throw new RegistryError(400, `the path is not percent-encoded as it should be: ${path}`)
  }
}

interface FoundRoute {
  readonly route: Route
  readonly names: ReadonlyMap<string, string>
  readonly context: string | undefined
}

/** @throws RegistryError 404, 405 */
function routeOf(routes: readonly Route[], path: readonly string[], method: string): FoundRoute {
  const isContext = path[0] === 'contexts' && path.length > 2
  const context = isContext ? path[1] : undefined
  const rest = isContext ? path.slice(2) : path
  const matching = routes.flatMap((route) => {
    const names = namesIn(route.path, rest)
    return names === undefined ? [] : [{ route, names, context }]
  })
  const isRead = (each: Method): boolean => each === method || (each === 'GET' && method === 'HEAD')
  // What is written out goes before what takes any text: /schemas/types.
  const found = matching
    .toSorted((a, b) => a.names.size - b.names.size)
    .find(({ route }) => isRead(route.method))
  if (found !== undefined) return found
  if (matching.length === 0) throw new RegistryError(404, 'HTTP 404 Not Found')
  throw new RegistryError(405, 'HTTP 405 Method Not Allowed')
}

function namesIn(
  pattern: string,
  path: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const parts = pattern.split('/').filter((each) => each !== '')
  if (parts.length !== path.length) return undefined
  const names = new Map<string, string>()
  for (const [at, part] of parts.entries()) {
    if (part.startsWith(':')) names.set(part.slice(1), path[at] as string)
    else if (part !== path[at]) return undefined
  }
  return names
}

function answerTypeOf({ headers }: IncomingMessage): string {
  const wanted = headers.accept ?? '*/*'
  return mediaTypes.find((type) => wanted.includes(type)) ?? jsonType
}

/** @throws RegistryError 400, 413, 415 */
async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > bodyBytesMax) {
      throw new RegistryError(413, `the body has more than ${bodyBytesMax} bytes`)
    }
    chunks.push(chunk)
  }
  if (size === 0) return undefined
  const type = (request.headers['content-type'] ?? jsonType).split(';')[0]?.trim().toLowerCase()
  if (!bodyTypes.includes(type ?? '')) {
    throw new RegistryError(415, `the body's type is ${type}: send ${bodyTypes.join(', ')}`)
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch (error) {
    throw new RegistryError(400, `the body is no JSON: ${(error as Error).message}`)
  }
}
