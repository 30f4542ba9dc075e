/**
 * A JSON Schema as the comparison sees it: the keywords of all drafts under one name each,
 * references followed. A node describes a set of values: those that satisfy all it holds.
 */
import type { RawSchema } from './json-dialect.ts'

export const jsonTypes = ['null', 'boolean', 'object', 'array', 'number', 'string'] as const
/** `integer` stands only where `number` does not. */
export type JsonType = (typeof jsonTypes)[number] | 'integer'

/** One branch must hold; `exactly`: and no other. */
export interface JsonChoice {
  readonly keyword: 'anyOf' | 'oneOf'
  readonly branches: readonly RawSchema[]
}

export interface JsonConditional {
  /** As text with sorted keys: conditions are compared as they are written. */
  readonly condition: string
  /** `then` and `else`. */
  readonly holds: RawSchema
  readonly fails: RawSchema
}

/** Keywords with a number, for which less is narrower, and more is. */
export const lowerBounds = ['minLength', 'minProperties', 'minItems'] as const
export const upperBounds = ['maxLength', 'maxProperties', 'maxItems'] as const
export const numberBounds = ['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum'] as const
export type BoundKeyword =
  | (typeof lowerBounds)[number]
  | (typeof upperBounds)[number]
  | (typeof numberBounds)[number]
  | 'minContains'
  | 'maxContains'

/** How many items of a kind: with its bounds, as several that are said together differ in both. */
export interface JsonContains {
  readonly schema: RawSchema
  readonly bounds: { readonly minContains: number; readonly maxContains?: number }
}

/** What a keyword that is not there says is nothing; so are `true`, and empty maps and lists. */
export interface JsonNode {
  /** Takes nothing. */
  readonly never: boolean
  /** Takes everything: says nothing at all. */
  readonly any: boolean
  readonly types: ReadonlySet<JsonType>
  /** From `enum` and `const`: JSON with sorted keys. */
  readonly values: ReadonlySet<string> | undefined
  readonly bounds: Readonly<Partial<Record<BoundKeyword, number>>>
  readonly patterns: readonly string[]
  readonly multiples: readonly number[]
  readonly properties: ReadonlyMap<string, RawSchema>
  readonly patternProperties: ReadonlyMap<string, RawSchema>
  /** What properties that are not named may hold. */
  readonly additional: RawSchema
  readonly propertyNames: RawSchema
  readonly required: ReadonlySet<string>
  readonly dependentRequired: ReadonlyMap<string, readonly string[]>
  readonly dependentSchemas: ReadonlyMap<string, RawSchema>
  /** The first items, each with a schema of its own, and what those after them may hold. */
  readonly prefix: readonly RawSchema[]
  readonly rest: RawSchema
  readonly contains: readonly JsonContains[]
  readonly uniqueItems: boolean
  readonly allOf: readonly RawSchema[]
  readonly choices: readonly JsonChoice[]
  readonly nots: readonly RawSchema[]
  readonly conditionals: readonly JsonConditional[]
  /** Readers may fill it in where the property is absent. */
  readonly hasDefault: boolean
  /** One branch of a choice, or one type or value of several: others exclude it. */
  readonly isPart: boolean
  /** The node of a schema inside of this one. */
  readonly inner: (schema: RawSchema) => JsonNode
}

const allTypes: ReadonlySet<JsonType> = new Set(jsonTypes)

export const anyNode: JsonNode = {
  never: false,
  any: true,
  types: allTypes,
  values: undefined,
  bounds: {},
  patterns: [],
  multiples: [],
  properties: new Map(),
  patternProperties: new Map(),
  additional: true,
  propertyNames: true,
  required: new Set(),
  dependentRequired: new Map(),
  dependentSchemas: new Map(),
  prefix: [],
  rest: true,
  contains: [],
  uniqueItems: false,
  allOf: [],
  choices: [],
  nots: [],
  conditionals: [],
  hasDefault: false,
  isPart: false,
  inner: (schema) => (schema === false ? neverNode : anyNode),
}

export const neverNode: JsonNode = { ...anyNode, never: true, any: false, types: new Set() }

/** Is every value of the type of a type in `types`? */
export const hasType = (types: ReadonlySet<JsonType>, type: JsonType): boolean =>
  types.has(type) || (type === 'integer' && types.has('number'))
