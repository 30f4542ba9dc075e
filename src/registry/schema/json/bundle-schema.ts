/**
 * Rewrites a schema, with all that it refers to, as one schema of draft 2020-12 for the validator:
 * each target of a reference a definition, and of the keywords only those that judge. So one
 * validator serves all drafts, nothing is resolved while validating, and what an extension would
 * make of an unknown keyword never matters.
 */
import type { Json } from '../exact-json.ts'
import { pointerOf } from '../payload-limits.ts'
import { ignoresSiblings, isRawSchema } from './json-dialect.ts'
import type { RawObject, RawSchema } from './json-dialect.ts'
import { linearPattern } from './linear-pattern.ts'
import type { JsonDocument } from './parse-json-schema.ts'
import { referencesIn } from './schema-references.ts'

export interface BundledSchema {
  readonly schema: RawObject
  /** What is left out, one sentence each. */
  readonly unchecked: readonly string[]
  /** Somewhere in it, what other keywords evaluated is asked for. */
  readonly hasUnevaluated: boolean
}

/** Counts the steps of validating; see json-validator.ts. */
export const stepKeyword = 'karstStep'

/** Copied as they are. Formats are annotations in every draft that says what they are. */
const plainKeywords: readonly string[] = [
  'const',
  'dependentRequired',
  'enum',
  'maxContains',
  'maxItems',
  'maxLength',
  'maxProperties',
  'minContains',
  'minItems',
  'minLength',
  'minProperties',
  'multipleOf',
  'required',
  'type',
  'uniqueItems',
]
const innerKeywords: readonly string[] = [
  'additionalProperties',
  'contains',
  'else',
  'if',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
]

export function bundleSchema(document: JsonDocument): BundledSchema {
  return new Bundling(document).bundle()
}

class Bundling {
  readonly #document: JsonDocument
  readonly #definitions = new Map<RawSchema, string>()
  readonly #open: { schema: RawSchema; name: string }[] = []
  readonly #unchecked: string[] = []
  #hasUnevaluated = false

  constructor(document: JsonDocument) {
    this.#document = document
  }

  bundle(): BundledSchema {
    const root = this.#reference(this.#document.root)
    const definitions: [string, Json][] = []
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop())
      definitions.push([next.name, this.#rewrite(next.schema, [])])
    return {
      schema: { $ref: root, $defs: Object.fromEntries(definitions) },
      unchecked: this.#unchecked,
      hasUnevaluated: this.#hasUnevaluated,
    }
  }

  #reference(target: RawSchema): string {
    const name = this.#definitions.get(target) ?? `d${this.#definitions.size}`
    if (!this.#definitions.has(target)) {
      this.#definitions.set(target, name)
      this.#open.push({ schema: target, name })
    }
    return `#/$defs/${name}`
  }

  #rewrite(schema: RawSchema, at: readonly (string | number)[]): RawSchema {
    if (typeof schema === 'boolean') return schema
    const references = referencesIn(schema).map((reference) =>
      this.#reference(this.#document.references.target(schema, reference) ?? true),
    )
    const [first, ...more] = references
    const entries: [string, Json][] = [[stepKeyword, true]]
    if (first !== undefined) entries.push(['$ref', first])
    if (first === undefined || !ignoresSiblings(this.#document.references.dialectAt(schema)))
      entries.push(...this.#keywords(schema, at, more))
    return Object.fromEntries(entries)
  }

  #keywords(
    schema: RawObject,
    at: readonly (string | number)[],
    references: readonly string[],
  ): readonly [string, Json][] {
    this.#hasUnevaluated ||= 'unevaluatedItems' in schema || 'unevaluatedProperties' in schema
    const inner = (each: RawSchema, ...path: readonly (string | number)[]): Json =>
      this.#rewrite(each, [...at, ...path])
    const list = (keyword: string): readonly Json[] | undefined => {
      const value = schema[keyword]
      if (!Array.isArray(value)) return undefined
      return (value as readonly Json[])
        .filter(isRawSchema)
        .map((each, i) => inner(each, keyword, i))
    }
    const plain = plainKeywords.map((keyword) => [keyword, schema[keyword]] as const)
    const single = innerKeywords.map((keyword) => {
      const value = schema[keyword]
      return [keyword, isRawSchema(value) ? inner(value, keyword) : undefined] as const
    })
    const beside = asidePrefix([...plain, ...single], schema)
    const allOf = [
      ...(list('allOf') ?? []),
      ...references.map((each) => ({ $ref: each })),
      ...beside.aside,
    ]
    const entries: readonly (readonly [string, Json | undefined])[] = [
      ...beside.kept,
      ...numberRange(schema),
      ['pattern', this.#pattern(schema['pattern'], at)],
      ['properties', this.#map(schema['properties'], 'properties', at)],
      ['patternProperties', this.#patterns(schema['patternProperties'], at)],
      ...this.#dependencies(schema, at),
      ['allOf', allOf.length > 0 ? allOf : undefined],
      ['anyOf', list('anyOf')],
      ['oneOf', list('oneOf')],
      ...itemKeywords(schema, inner, list),
    ]
    return entries.filter((entry): entry is [string, Json] => entry[1] !== undefined)
  }

  #pattern(pattern: Json | undefined, at: readonly (string | number)[]): string | undefined {
    if (typeof pattern !== 'string') return undefined
    if (linearPattern(pattern) !== undefined) return pattern
    this.#unchecked.push(
      `the pattern ${JSON.stringify(pattern)} at #${pointerOf(at)}: it cannot be ` +
        'matched in linear time (RE2)',
    )
    return undefined
  }

  #patterns(map: Json | undefined, at: readonly (string | number)[]): Json | undefined {
    if (!isMap(map)) return undefined
    const known = Object.entries(map).filter(
      ([pattern]) => this.#pattern(pattern, [...at, 'patternProperties']) !== undefined,
    )
    return this.#map(Object.fromEntries(known), 'patternProperties', at)
  }

  #map(map: Json | undefined, keyword: string, at: readonly (string | number)[]): Json | undefined {
    if (!isMap(map)) return undefined
    const entries = Object.entries(map).flatMap(([name, each]) =>
      isRawSchema(each) ? [[name, this.#rewrite(each, [...at, keyword, name])] as const] : [],
    )
    return entries.length === 0 ? undefined : Object.fromEntries(entries)
  }

  /** One keyword until draft-07, two after it. */
  #dependencies(schema: RawObject, at: readonly (string | number)[]) {
    const { dependencies } = schema
    const old = isMap(dependencies) ? Object.entries(dependencies) : []
    const arrays = old.filter(([, each]) => Array.isArray(each))
    const schemas = this.#map(
      Object.fromEntries(old.filter(([, each]) => isRawSchema(each))),
      'dependencies',
      at,
    )
    const newer = this.#map(schema['dependentSchemas'], 'dependentSchemas', at)
    const found: [string, Json | undefined][] = []
    if (arrays.length > 0) found.push(['dependentRequired', Object.fromEntries(arrays)])
    found.push(['dependentSchemas', newer ?? schemas])
    return found
  }
}

type Keywords = readonly (readonly [string, Json | undefined])[]

/**
 * Ajv leaves the keywords after `prefixItems` out where an array is shorter than the prefix
 * (8.20.0). In an `allOf` they stand alone, and judge the same.
 */
function asidePrefix(keywords: Keywords, schema: RawObject) {
  const hasPrefix = Array.isArray(schema['items']) || Array.isArray(schema['prefixItems'])
  const isAside = ([keyword, value]: Keywords[number]): boolean =>
    hasPrefix && value !== undefined && afterPrefix.includes(keyword)
  const aside = keywords.filter(isAside)
  return {
    kept: keywords.filter((each) => !isAside(each)),
    aside: aside.length === 0 ? [] : [Object.fromEntries(aside) as Json],
  }
}

const afterPrefix: readonly string[] = ['contains', 'maxContains', 'minContains', 'uniqueItems']

const isMap = (value: Json | undefined): value is RawObject =>
  isRawSchema(value) && typeof value === 'object'

/** Draft-04 has flags where later drafts have numbers. */
function numberRange(schema: RawObject): readonly (readonly [string, Json | undefined])[] {
  const side = (closed: 'minimum' | 'maximum', open: 'exclusiveMinimum' | 'exclusiveMaximum') => {
    const [bound, exclusive] = [schema[closed], schema[open]]
    if (exclusive === true) return [[open, bound] as const]
    return [[closed, bound] as const, [open, exclusive === false ? undefined : exclusive] as const]
  }
  return [...side('minimum', 'exclusiveMinimum'), ...side('maximum', 'exclusiveMaximum')]
}

/** `items` was an array, with `additionalItems` for the rest, before it was the rest itself. */
function itemKeywords(
  schema: RawObject,
  inner: (schema: RawSchema, keyword: string) => Json,
  list: (keyword: string) => readonly Json[] | undefined,
): readonly (readonly [string, Json | undefined])[] {
  const tuple = list('items') ?? list('prefixItems')
  const rest = Array.isArray(schema['items']) ? schema['additionalItems'] : schema['items']
  return [
    ['prefixItems', tuple !== undefined && tuple.length > 0 ? tuple : undefined],
    ['items', isRawSchema(rest) ? inner(rest, 'items') : undefined],
  ]
}
