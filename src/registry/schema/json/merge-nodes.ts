/**
 * One node for what several say together. It takes all that satisfy every one of them, and may take
 * more: it stands for writers, and to assume more data than there is errs on the safe side.
 */
import type { Json } from '../exact-json.ts'
import { hasType, lowerBounds, neverNode } from './json-node.ts'
import type { BoundKeyword, JsonNode, JsonType } from './json-node.ts'
import type { RawSchema } from './json-dialect.ts'

const isLower = (keyword: BoundKeyword): boolean =>
  keyword === 'minimum' ||
  keyword === 'exclusiveMinimum' ||
  (lowerBounds as readonly string[]).includes(keyword)

/** Both hold. Schemas of one name become an `allOf` of the two. */
export function mergeNodes(a: JsonNode, b: JsonNode): JsonNode {
  if (a.never || b.never) return neverNode
  if (a.any) return { ...b, hasDefault: a.hasDefault || b.hasDefault }
  if (b.any) return a
  const made = new Map<RawSchema, JsonNode>()
  /** A schema is known to the node it came from; one that was made here, to this one. */
  const from = new Map<RawSchema, JsonNode>()
  const both = (x: RawSchema, y: RawSchema): RawSchema => {
    if (x === y || y === true) return x
    if (x === true) return y
    const merged: RawSchema = { allOf: [x, y] as Json[] }
    made.set(merged, mergeNodes(a.inner(x), b.inner(y)))
    return merged
  }
  const keep = (node: JsonNode, schemas: Iterable<RawSchema | undefined>): void => {
    for (const schema of schemas)
      if (schema !== undefined && !made.has(schema) && !from.has(schema)) from.set(schema, node)
  }
  keep(a, childrenOf(a))
  keep(b, childrenOf(b))
  const node: JsonNode = {
    ...a,
    any: false,
    types: new Set([...typesIn(a, b), ...typesIn(b, a)]),
    values: valuesIn(a, b),
    bounds: tightest(a.bounds, b.bounds),
    patterns: [...a.patterns, ...b.patterns],
    multiples: [...a.multiples, ...b.multiples],
    properties: joined(named(a, b), named(b, a), both),
    patternProperties: joined(a.patternProperties, b.patternProperties, both),
    additional:
      a.additional === false || b.additional === false
        ? false
        : firstOf(a.additional, b.additional),
    propertyNames: both(a.propertyNames, b.propertyNames),
    required: new Set([...a.required, ...b.required]),
    dependentRequired: joined(a.dependentRequired, b.dependentRequired, (x, y) => [...x, ...y]),
    dependentSchemas: joined(a.dependentSchemas, b.dependentSchemas, both),
    prefix: longer(a.prefix, b.prefix).map((_, at) =>
      both(a.prefix[at] ?? true, b.prefix[at] ?? true),
    ),
    rest: a.rest === false || b.rest === false ? false : firstOf(a.rest, b.rest),
    contains: [...a.contains, ...b.contains],
    uniqueItems: a.uniqueItems || b.uniqueItems,
    allOf: [],
    choices: [...a.choices, ...b.choices],
    nots: [...a.nots, ...b.nots],
    conditionals: [...a.conditionals, ...b.conditionals],
    hasDefault: a.hasDefault || b.hasDefault,
    isPart: a.isPart || b.isPart,
    inner: (schema) => made.get(schema) ?? (from.get(schema) ?? a).inner(schema),
  }
  return node
}

/** For what each part says of its own other properties or items: the first that says something. */
const firstOf = (x: RawSchema, y: RawSchema): RawSchema => (x === true ? y : x)

function childrenOf(node: JsonNode): readonly (RawSchema | undefined)[] {
  return [
    ...node.properties.values(),
    ...node.patternProperties.values(),
    ...node.dependentSchemas.values(),
    ...node.prefix,
    ...node.nots,
    ...node.contains.map(({ schema }) => schema),
    ...node.choices.flatMap(({ branches }) => branches),
    ...node.conditionals.flatMap((each) => [each.holds, each.fails]),
    node.additional,
    node.propertyNames,
    node.rest,
  ]
}

const typesIn = (of: JsonNode, other: JsonNode): readonly JsonType[] =>
  [...of.types].filter((type) => hasType(other.types, type))

function valuesIn(a: JsonNode, b: JsonNode): ReadonlySet<string> | undefined {
  if (a.values === undefined) return b.values
  return b.values === undefined ? a.values : inBoth(a.values, b.values)
}

const inBoth = (a: ReadonlySet<string>, b: ReadonlySet<string>): ReadonlySet<string> =>
  new Set([...a].filter((value) => b.has(value)))

function tightest(a: JsonNode['bounds'], b: JsonNode['bounds']): JsonNode['bounds'] {
  const bounds = { ...a }
  for (const [key, bound] of Object.entries(b)) {
    const keyword = key as BoundKeyword
    const other = bounds[keyword] ?? bound
    bounds[keyword] = isLower(keyword) ? Math.max(other, bound) : Math.min(other, bound)
  }
  return bounds
}

function joined<Value>(
  a: ReadonlyMap<string, Value>,
  b: ReadonlyMap<string, Value>,
  both: (x: Value, y: Value) => Value,
): ReadonlyMap<string, Value> {
  const all = new Map(a)
  for (const [name, value] of b) {
    const before = all.get(name)
    all.set(name, before === undefined ? value : both(before, value))
  }
  return all
}

/** Properties of `of`, and what it says of those that only `other` names. */
function named(of: JsonNode, other: JsonNode): ReadonlyMap<string, RawSchema> {
  if (of.additional === true || of.patternProperties.size > 0) return of.properties
  const all = new Map(of.properties)
  for (const name of other.properties.keys()) if (!all.has(name)) all.set(name, of.additional)
  return all
}

const longer = <Item>(a: readonly Item[], b: readonly Item[]): readonly Item[] =>
  a.length < b.length ? b : a
