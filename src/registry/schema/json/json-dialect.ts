/** Drafts of JSON Schema, and where in a schema other schemas stand. */
import type { Json } from '../exact-json.ts'

export type JsonDialect = 'draft-04' | 'draft-06' | 'draft-07' | '2019-09' | '2020-12'

/** A schema object as it was read; `true` and `false` are schemas too. */
export interface RawObject {
  readonly [keyword: string]: Json
}
export type RawSchema = boolean | RawObject

const metaSchemas: Readonly<Record<string, JsonDialect>> = {
  'json-schema.org/draft-04/schema': 'draft-04',
  'json-schema.org/draft-06/schema': 'draft-06',
  'json-schema.org/draft-07/schema': 'draft-07',
  'json-schema.org/draft/2019-09/schema': '2019-09',
  'json-schema.org/draft/2020-12/schema': '2020-12',
}

/** Schemas that do not say, and those of vocabularies unknown here, are read as draft-07. */
export function dialectOf(schema: RawSchema): JsonDialect {
  const named = typeof schema === 'object' ? schema['$schema'] : undefined
  if (typeof named !== 'string') return 'draft-07'
  return metaSchemas[named.replace(/^https?:\/\//, '').replace(/#$/, '')] ?? 'draft-07'
}

/** Until 2019-09, what stands beside a `$ref` is ignored. */
export const ignoresSiblings = (dialect: JsonDialect): boolean => dialect.startsWith('draft-')

/** Keywords whose value is a schema. */
export const schemaKeywords: readonly string[] = [
  'additionalItems',
  'additionalProperties',
  'contains',
  'else',
  'if',
  'items',
  'not',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
]
/** Keywords whose value is an array of schemas. `items` is one until 2019-09. */
export const schemaListKeywords: readonly string[] = [
  'allOf',
  'anyOf',
  'oneOf',
  'prefixItems',
  'items',
]
/** Keywords whose value has schemas under names. `dependencies` has arrays of names, too. */
export const schemaMapKeywords: readonly string[] = [
  '$defs',
  'definitions',
  'dependencies',
  'dependentSchemas',
  'patternProperties',
  'properties',
]

export const isRawSchema = (value: Json | undefined): value is RawSchema =>
  typeof value === 'boolean' ||
  (typeof value === 'object' && value !== null && !Array.isArray(value))

export interface SubSchema {
  /** From the schema that holds it, as keys to walk. */
  readonly path: readonly (string | number)[]
  readonly schema: RawSchema
}

/** The schemas directly inside of a schema. */
export function subSchemas(of: RawObject): readonly SubSchema[] {
  const found: SubSchema[] = []
  const add = (schema: Json | undefined, ...path: readonly (string | number)[]): void => {
    if (isRawSchema(schema)) found.push({ path, schema })
  }
  for (const keyword of schemaKeywords) add(own(of, keyword), keyword)
  for (const keyword of schemaListKeywords) {
    const list = own(of, keyword)
    if (Array.isArray(list)) list.forEach((each: Json, index) => add(each, keyword, index))
  }
  for (const keyword of schemaMapKeywords) {
    const map = own(of, keyword)
    if (typeof map === 'object' && map !== null && isRawSchema(map))
      for (const [name, each] of Object.entries(map)) add(each, keyword, name)
  }
  return found
}

const own = (of: RawObject, keyword: string): Json | undefined =>
  Object.hasOwn(of, keyword) ? of[keyword] : undefined
