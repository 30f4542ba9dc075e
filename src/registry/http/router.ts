/** Which route answers a request. */
import { RegistryError } from '../registry-error.ts'
import { associationRoutes } from './association-routes.ts'
import { keyRoutes } from './key-routes.ts'
import type { Method, Route } from './route.ts'
import { schemaRoutes } from './schema-routes.ts'
import { settingRoutes } from './setting-routes.ts'
import { subjectRoutes } from './subject-routes.ts'

export const registryRoutes: readonly Route[] = [
  ...subjectRoutes,
  ...schemaRoutes,
  ...settingRoutes,
  ...keyRoutes,
  ...associationRoutes,
]

export interface FoundRoute {
  readonly route: Route
  /** Parts of the path by the names that the route gives them, decoded. */
  readonly names: ReadonlyMap<string, string>
  /** From a path that begins with /contexts/NAME/. */
  readonly context: string | undefined
  readonly query: URLSearchParams
}

interface CompiledRoute {
  readonly route: Route
  readonly parts: readonly string[]
}

function partsOf(path: string): string[] {
  return path.split('/').filter((each) => each !== '')
}

function wildcards(parts: readonly string[]): number {
  return parts.filter((each) => each.startsWith(':')).length
}

export class Router {
  /** By the number of parts; what is written out before what takes any text: /schemas/types. */
  readonly #byLength: ReadonlyMap<number, readonly CompiledRoute[]>

  constructor(routes: readonly Route[]) {
    const compiled = routes.map((route) => ({ route, parts: partsOf(route.path) }))
    this.#byLength = Map.groupBy(
      compiled.toSorted((a, b) => wildcards(a.parts) - wildcards(b.parts)),
      ({ parts }) => parts.length,
    )
  }

  /** @throws RegistryError 400, 404, 405 */
  find(url: string, method: string): FoundRoute {
    const { path, query } = addressOf(url)
    const isContext = path[0] === 'contexts' && path.length > 2
    const context = isContext ? path[1] : undefined
    const rest = isContext ? path.slice(2) : path
    const isWanted = (each: Method): boolean =>
      each === method || (each === 'GET' && method === 'HEAD')
    let isThere = false
    for (const { route, parts } of this.#byLength.get(rest.length) ?? []) {
      const names = namesIn(parts, rest)
      if (names === undefined) continue
      if (isWanted(route.method)) return { route, names, context, query }
      isThere = true
    }
    throw isThere
      ? new RegistryError(405, 'HTTP 405 Method Not Allowed')
      : new RegistryError(404, 'HTTP 404 Not Found')
  }
}

/** @throws RegistryError 400 */
function addressOf(url: string): { readonly path: string[]; readonly query: URLSearchParams } {
  const [path = '', query] = url.split('?', 2)
  try {
    return { path: partsOf(path).map(decodeURIComponent), query: new URLSearchParams(query) }
  } catch {
    throw new RegistryError(400, `the path is not percent-encoded as it should be: ${path}`)
  }
}

function namesIn(
  parts: readonly string[],
  path: readonly string[],
): ReadonlyMap<string, string> | undefined {
  const names = new Map<string, string>()
  for (const [at, part] of parts.entries()) {
    if (part.startsWith(':')) names.set(part.slice(1), path[at] as string)
    else if (part !== path[at]) return undefined
  }
  return names
}
