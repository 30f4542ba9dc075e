/**
 * Where the `$ref`s of a schema lead: within it, or into the schemas that came with it as
 * references. Nothing is ever fetched.
 */
import { pointerOf } from '../payload-limits.ts'
import { isRawSchema, ignoresSiblings, subSchemas } from './json-dialect.ts'
import type { JsonDialect, RawObject, RawSchema } from './json-dialect.ts'

/** The base of what has no `$id`. No server is behind it, and none is asked. */
const noWhere = 'schema://registry/'

export interface LostReference {
  /** JSON pointer to the schema that refers. */
  readonly at: string
  readonly reference: string
}

interface Place {
  readonly base: string
  readonly dialect: JsonDialect
}

export class SchemaReferences {
  readonly #places = new Map<RawObject, Place>()
  readonly #byUri = new Map<string, RawSchema>()

  /** @param names what others call the schema; each is a URI, relative to what they are themselves. */
  add(schema: RawSchema, names: readonly string[], dialect: JsonDialect): void {
    for (const name of names) {
      const uri = resolveUri(name, noWhere)
      if (!this.#byUri.has(uri)) this.#byUri.set(uri, schema)
    }
    this.#index(schema, resolveUri(names[0] ?? '', noWhere), dialect)
  }

  /** The URI of `name` as `schema` would refer to it. */
  uriFrom(schema: RawSchema, name: string): string {
    const base = typeof schema === 'object' ? this.#places.get(schema)?.base : undefined
    return resolveUri(name, base ?? noWhere)
  }

  /** The dialect of the document that the schema stands in. */
  dialectAt(schema: RawObject): JsonDialect {
    return this.#places.get(schema)?.dialect ?? 'draft-07'
  }

  /** What a reference in `from` means; undefined where it leads nowhere. */
  target(from: RawObject, reference: string): RawSchema | undefined {
    const place = this.#places.get(from) ?? { base: noWhere, dialect: 'draft-07' }
    const uri = resolveUri(reference, place.base)
    const [document = '', fragment = ''] = uri.split('#', 2)
    if (fragment === '') return this.#byUri.get(document)
    const anchored = this.#byUri.get(uri)
    if (anchored !== undefined) return anchored
    const whole = this.#byUri.get(document)
    if (whole === undefined || !fragment.startsWith('/')) return undefined
    return this.#atPointer(whole, fragment)
  }

  #atPointer(whole: RawSchema, pointer: string): RawSchema | undefined {
    let value: unknown = whole
    for (const part of pointer.slice(1).split('/')) {
      const key = decode(part).replaceAll('~1', '/').replaceAll('~0', '~')
      if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key))
        return undefined
      value = (value as Record<string, unknown>)[key]
    }
    if (!isRawSchema(value as RawSchema)) return undefined
    const found = value as RawSchema
    // Where no schema stands, as under "components": one because it is referred to.
    if (typeof found === 'object' && !this.#places.has(found) && typeof whole === 'object') {
      const place = this.#places.get(whole)
      this.#index(found, place?.base ?? noWhere, place?.dialect ?? 'draft-07')
    }
    return found
  }

  /**
   * References within `schema` that lead nowhere, at most `lostMax`. Also follows what they lead
   * to.
   */
  lost(schema: RawSchema): readonly LostReference[] {
    const lost: LostReference[] = []
    const seen = new Set<RawObject>()
    const open: { schema: RawSchema; path: readonly (string | number)[] }[] = [{ schema, path: [] }]
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { schema, path } = next
      if (typeof schema !== 'object' || seen.has(schema)) continue
      seen.add(schema)
      for (const reference of referencesIn(schema)) {
        const target = this.target(schema, reference)
        if (target !== undefined) open.push({ schema: target, path })
        else if (lost.push({ at: pointerOf(path), reference }) >= lostMax) return lost
      }
      for (const sub of subSchemas(schema))
        open.push({ schema: sub.schema, path: [...path, ...sub.path] })
    }
    return lost
  }

  #index(schema: RawSchema, base: string, dialect: JsonDialect): void {
    if (typeof schema !== 'object' || this.#places.has(schema)) return
    const referring = typeof schema['$ref'] === 'string' && ignoresSiblings(dialect)
    const own = referring ? undefined : schema[dialect === 'draft-04' ? 'id' : '$id']
    let inner = base
    if (typeof own === 'string') {
      const uri = resolveUri(own, base)
      this.#byUri.set(uri.replace(/#$/, ''), schema)
      if (!own.startsWith('#')) inner = uri.split('#', 1)[0] ?? base
    }
    for (const keyword of ['$anchor', '$dynamicAnchor']) {
      const anchor = schema[keyword]
      if (typeof anchor === 'string') this.#byUri.set(`${inner}#${anchor}`, schema)
    }
    this.#places.set(schema, { base: inner, dialect })
    for (const sub of subSchemas(schema)) this.#index(sub.schema, inner, dialect)
  }
}

/** More of them say nothing new. */
const lostMax = 10

/**
 * Dynamic references are followed as if they were static: right wherever nobody overrides the
 * anchor, which needs a meta-schema of one's own.
 */
export function referencesIn(schema: RawObject): readonly string[] {
  const found = [schema['$ref'], schema['$dynamicRef'], schema['$recursiveRef']]
  return found.filter((each) => typeof each === 'string')
}

const decode = (part: string): string => {
  try {
    return decodeURIComponent(part)
  } catch {
    return part // not encoded, then
  }
}

function resolveUri(reference: string, base: string): string {
  return URL.parse(reference, base)?.href ?? URL.parse(reference, noWhere)?.href ?? reference
}
