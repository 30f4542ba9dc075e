/** Makes the nodes of one document, each once, so that pairs of them can be remembered. */
import { sortKeys } from '../exact-json.ts'
import type { Json } from '../exact-json.ts'
import { ignoresSiblings, isRawSchema } from './json-dialect.ts'
import type { RawObject, RawSchema } from './json-dialect.ts'
import { evaluatedIn } from './evaluated-places.ts'
import { anyNode, lowerBounds, neverNode, numberBounds, upperBounds } from './json-node.ts'
import type {
  BoundKeyword,
  JsonChoice,
  JsonConditional,
  JsonContains,
  JsonNode,
  JsonType,
} from './json-node.ts'
import type { JsonDocument } from './parse-json-schema.ts'
import { referencesIn } from './schema-references.ts'

export type NodeOf = (schema: RawSchema) => JsonNode

export function jsonNodes(document: JsonDocument): NodeOf {
  const made = new Map<RawObject, JsonNode>()
  /** References that lead back to themselves say nothing. */
  const following = new Set<RawObject>()

  const nodeOf: NodeOf = (schema) => {
    if (typeof schema === 'boolean') return schema ? anyNode : neverNode
    const before = made.get(schema)
    if (before !== undefined) return before
    if (following.has(schema)) return anyNode
    following.add(schema)
    const node = follow(schema)
    following.delete(schema)
    made.set(schema, node)
    return node
  }

  const follow = (schema: RawObject): JsonNode => {
    const targets = referencesIn(schema).map(
      (reference) => document.references.target(schema, reference) ?? true,
    )
    const [target] = targets
    if (target === undefined) return read(schema, [], nodeOf, document)
    if (ignoresSiblings(document.references.dialectAt(schema))) return nodeOf(target)
    const node = read(schema, targets, nodeOf, document)
    return targets.length === 1 && node.allOf.length === 1 && saysNothingBut(['allOf'], node)
      ? nodeOf(target)
      : node
  }
  return nodeOf
}

/** Nothing of it restricts anything, other than what is left out here. */
const saysNothingBut = (left: readonly (keyof JsonNode)[], node: JsonNode): boolean =>
  (Object.keys(anyNode) as (keyof JsonNode)[]).every(
    (key) =>
      key === 'inner' ||
      key === 'hasDefault' ||
      key === 'any' ||
      left.includes(key) ||
      isEmpty(node[key], anyNode[key]),
  )

function isEmpty(value: unknown, empty: unknown): boolean {
  if (value instanceof Map) return value.size === 0
  if (value instanceof Set) return empty instanceof Set && value.size === empty.size
  if (Array.isArray(value)) return value.length === 0
  if (typeof value === 'object' && value !== null) return Object.keys(value).length === 0
  return value === empty
}

function read(
  schema: RawObject,
  targets: readonly RawSchema[],
  inner: NodeOf,
  document: JsonDocument,
): JsonNode {
  const allOf = [...targets, ...schemas(schema['allOf'])]
  const node = {
    ...anyNode,
    any: false,
    types: typesOf(schema['type']),
    values: valuesOf(schema),
    bounds: boundsOf(schema),
    patterns: typeof schema['pattern'] === 'string' ? [schema['pattern']] : [],
    multiples: typeof schema['multipleOf'] === 'number' ? [schema['multipleOf']] : [],
    ...objectKeywords(schema, document),
    ...arrayKeywords(schema, document),
    allOf,
    choices: choicesOf(schema),
    nots: isRawSchema(schema['not']) ? [schema['not']] : [],
    conditionals: conditionalOf(schema),
    hasDefault: Object.hasOwn(schema, 'default'),
    inner,
  }
  return { ...node, any: saysNothingBut([], node) }
}

function objectKeywords(schema: RawObject, document: JsonDocument) {
  const named = schemaMap(schema['properties'])
  const patterns = schemaMap(schema['patternProperties'])
  const unevaluated = schema['unevaluatedProperties']
  const closesAll = schema['additionalProperties'] === undefined && isRawSchema(unevaluated)
  // What other parts of the schema name is theirs to judge, and open here.
  const elsewhere = closesAll ? evaluatedIn(schema, document.references) : undefined
  for (const name of elsewhere?.properties ?? []) if (!named.has(name)) named.set(name, true)
  for (const name of elsewhere?.patterns ?? []) if (!patterns.has(name)) patterns.set(name, true)
  const dependencies = Object.entries(objectOf(schema['dependencies']))
  return {
    properties: named,
    patternProperties: patterns,
    additional: schemaOr(
      schema['additionalProperties'] ?? (elsewhere?.isOpen === false ? unevaluated : undefined),
    ),
    propertyNames: schemaOr(schema['propertyNames']),
    required: new Set(strings(schema['required'])),
    dependentRequired: new Map(
      [...Object.entries(objectOf(schema['dependentRequired'])), ...dependencies]
        .filter(([, names]) => Array.isArray(names))
        .map(([key, names]) => [key, strings(names)] as const),
    ),
    dependentSchemas: new Map(
      [...Object.entries(objectOf(schema['dependentSchemas'])), ...dependencies].flatMap(
        ([key, each]) => (isRawSchema(each) ? [[key, each] as const] : []),
      ),
    ),
  }
}

function arrayKeywords(schema: RawObject, document: JsonDocument) {
  const items = schema['items']
  const tuple = Array.isArray(items) ? items : schema['prefixItems']
  const rest = Array.isArray(items) ? schema['additionalItems'] : items
  const prefix = [...schemas(tuple)]
  const unevaluated = schema['unevaluatedItems']
  const closesAll = rest === undefined && isRawSchema(unevaluated)
  const elsewhere = closesAll ? evaluatedIn(schema, document.references) : undefined
  while (prefix.length < (elsewhere?.items ?? 0)) prefix.push(true)
  return {
    prefix,
    rest: schemaOr(rest ?? (elsewhere?.hasAllItems === false ? unevaluated : undefined)),
    contains: containsOf(schema),
    uniqueItems: schema['uniqueItems'] === true,
  }
}

function containsOf(raw: RawObject): readonly JsonContains[] {
  const { contains: schema, minContains: least, maxContains: most } = raw
  if (!isRawSchema(schema)) return []
  const minContains = typeof least === 'number' ? least : 1
  const bounds = { minContains, ...(typeof most === 'number' ? { maxContains: most } : {}) }
  return [{ schema, bounds }]
}

const objectOf = (value: Json | undefined): RawObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RawObject) : {}

const strings = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? value.filter((each) => typeof each === 'string') : []

const schemas = (value: Json | undefined): readonly RawSchema[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter(isRawSchema) : []

const schemaOr = (value: Json | undefined): RawSchema => (isRawSchema(value) ? value : true)

const schemaMap = (value: Json | undefined): Map<string, RawSchema> =>
  new Map(
    Object.entries(objectOf(value)).flatMap(([key, each]) =>
      isRawSchema(each) ? [[key, each] as const] : [],
    ),
  )

function typesOf(type: Json | undefined): ReadonlySet<JsonType> {
  if (type === undefined) return anyNode.types
  const named = new Set((typeof type === 'string' ? [type] : strings(type)) as readonly JsonType[])
  if (named.has('number')) named.delete('integer')
  return named
}

export const valueKey = (value: Json): string => JSON.stringify(sortKeys(value))

function valuesOf(schema: RawObject): ReadonlySet<string> | undefined {
  const listed = schema['enum']
  const values = Array.isArray(listed)
    ? new Set((listed as readonly Json[]).map(valueKey))
    : undefined
  const constant = schema['const']
  if (constant === undefined) return values
  const only = valueKey(constant)
  return new Set(values === undefined || values.has(only) ? [only] : [])
}

function boundsOf(schema: RawObject): JsonNode['bounds'] {
  const bounds: Partial<Record<BoundKeyword, number>> = {}
  for (const keyword of [...lowerBounds, ...upperBounds, ...numberBounds] as const) {
    const bound = schema[keyword]
    if (typeof bound === 'number') bounds[keyword] = bound
  }
  // In draft-04 these are flags of the bounds beside them.
  if (schema['exclusiveMinimum'] === true && bounds.minimum !== undefined) {
    bounds.exclusiveMinimum = bounds.minimum
    delete bounds.minimum
  }
  if (schema['exclusiveMaximum'] === true && bounds.maximum !== undefined) {
    bounds.exclusiveMaximum = bounds.maximum
    delete bounds.maximum
  }
  for (const keyword of lowerBounds) if (bounds[keyword] === 0) delete bounds[keyword]
  return bounds
}

function choicesOf(schema: RawObject): readonly JsonChoice[] {
  return (['anyOf', 'oneOf'] as const).flatMap((keyword) => {
    const branches = schemas(schema[keyword])
    return branches.length === 0 ? [] : [{ keyword, branches }]
  })
}

function conditionalOf(schema: RawObject): readonly JsonConditional[] {
  const condition = schema['if']
  if (!isRawSchema(condition)) return []
  const [holds, fails] = [schemaOr(schema['then']), schemaOr(schema['else'])]
  if (holds === true && fails === true) return []
  return [{ condition: valueKey(condition), holds, fails }]
}
