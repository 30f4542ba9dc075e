/** A route of the registry's HTTP face, and what it is given of a request. */
import type { AssociationFilter } from '../associations/association.ts'
import { lifecycleOf } from '../associations/association-request.ts'
import type { Registry } from '../registry.ts'
import { registryErrors } from '../registry-error.ts'
import type { Deleted } from '../lookups.ts'
import type { QueryName } from './query-parameters.ts'
import { inContext, parseSubject, splitContext, type SubjectName } from '../subject-name.ts'

export type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface Route {
  readonly method: Method
  /** Segments that begin with ':' take any text. */
  readonly path: string
  /** What it does, for the reference; without a period. */
  readonly summary: string
  readonly query?: readonly QueryName[]
  /** What is answered where all went well; 200 if it is not said. */
  readonly status?: number
  /** Resolves with what is answered as JSON; undefined: 204, without a body. */
  readonly answer: (call: Call) => Promise<unknown>
}

export interface CallParts {
  readonly registry: Registry
  readonly clusterId: string
  /** By the names in the route's path, decoded. */
  readonly names: ReadonlyMap<string, string>
  /** From a path that begins with /contexts/NAME/. */
  readonly context: string | undefined
  readonly query: URLSearchParams
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown
}

/** A page of a list, where a client asks for one. */
const pageMax = 100_000

export class Call {
  readonly registry: Registry
  readonly clusterId: string
  readonly body: unknown
  readonly #parts: CallParts

  constructor(parts: CallParts) {
    this.#parts = parts
    this.registry = parts.registry
    this.clusterId = parts.clusterId
    this.body = parts.body
  }

  name(of: string): string {
    return this.#parts.names.get(of) ?? ''
  }

  /** From a path that begins with /contexts/NAME/. */
  get context(): string | undefined {
    return this.#parts.context
  }

  /** @throws RegistryError 42208 */
  get subject(): SubjectName {
    return parseSubject(inContext(this.#parts.context, this.name('subject')))
  }

  /** The subject of the path, or the context itself where it names none. @throws RegistryError 42208 */
  get place(): SubjectName {
    return splitContext(inContext(this.#parts.context, this.name('subject')))
  }

  /** Of `?subject=`. @throws RegistryError 42208 */
  get askedSubject(): SubjectName | undefined {
    const subject = this.text('subject')
    if (subject === undefined && this.#parts.context === undefined) return undefined
    return splitContext(inContext(this.#parts.context, subject ?? ''))
  }

  /** Of a list; `fallback` where the client names none. */
  prefix(fallback: string): string {
    const given = this.text('subjectPrefix')
    const { context } = this.#parts
    if (given === undefined && context === undefined) return fallback
    return inContext(context, given ?? '')
  }

  text(of: QueryName): string | undefined {
    return this.#parts.query.get(of) ?? undefined
  }

  all(of: QueryName): string[] {
    return this.#parts.query.getAll(of)
  }

  /** Also without a value. @throws RegistryError 422 */
  flag(of: QueryName): boolean | undefined {
    const value = this.text(of)?.toLowerCase()
    if (value === undefined) return undefined
    if (value === '' || value === 'true') return true
    if (value === 'false') return false
    throw registryErrors.invalidRequest(`?${of}= must be true or false, not ${value}`)
  }

  /** @throws RegistryError 422 */
  integer(of: QueryName): number | undefined {
    const value = this.text(of)
    if (value === undefined) return undefined
    if (/^-?\d{1,10}$/.test(value)) return Number(value)
    throw registryErrors.invalidRequest(`?${of}= must be an integer, not ${value}`)
  }

  get which(): Deleted {
    if (this.flag('deletedOnly') === true) return 'only'
    return this.flag('deleted') === true ? 'with' : 'without'
  }

  /** The part of a list that the client asks for. */
  page<Item>(items: readonly Item[]): Item[] {
    const offset = Math.max(0, this.integer('offset') ?? 0)
    const limit = this.integer('limit') ?? -1
    return items.slice(offset, limit < 0 ? offset + pageMax : offset + limit)
  }

  /** Of `?resourceType=`, `?associationType=` and `?lifecycle=`. @throws RegistryError 42212 */
  get associations(): AssociationFilter {
    const lifecycle = this.text('lifecycle')
    return {
      resourceType: this.text('resourceType'),
      associationTypes: this.all('associationType'),
      lifecycle: lifecycle === undefined ? undefined : lifecycleOf(lifecycle),
    }
  }

  /** @throws RegistryError 404 */
  get schemaId(): number {
    const id = this.name('id')
    if (/^\d{1,10}$/.test(id)) return Number(id)
    throw registryErrors.schemaNotFound(id)
  }
}
