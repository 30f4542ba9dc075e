/** A writer's node in parts, for a reader whose alternatives each take some: by value, or by type. */
import type { Json } from '../exact-json.ts'
import { anyNode, hasType } from './json-node.ts'
import type { JsonNode, JsonType } from './json-node.ts'
import { mergeNodes } from './merge-nodes.ts'

/** More values are not tried one by one. */
const partsMax = 100

const typeOf = (value: Json): JsonType => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number'
  return typeof value as JsonType
}

const split = new WeakMap<JsonNode, readonly JsonNode[]>()

/** The same parts for the same node, so that pairs with them are remembered. */
export function partsOf(node: JsonNode): readonly JsonNode[] {
  const before = split.get(node)
  if (before !== undefined) return before
  const parts = node.values === undefined ? byType(node) : byValue(node, node.values)
  split.set(node, parts)
  return parts
}

const byType = (node: JsonNode): readonly JsonNode[] =>
  node.types.size < 2
    ? []
    : [...node.types].map((type) => ({ ...node, any: false, types: new Set([type]), isPart: true }))

const byValue = (node: JsonNode, values: ReadonlySet<string>): readonly JsonNode[] =>
  values.size > partsMax
    ? []
    : [...values].map((value) => ({
        ...node,
        types: new Set([typeOf(JSON.parse(value) as Json)]),
        values: new Set([value]),
        isPart: true,
      }))

/** What an enumeration says of its values without saying it: their types, lengths and range. */
export function withFactsOfValues(node: JsonNode): JsonNode {
  if (node.values === undefined) return node
  const values = [...node.values].map((value) => JSON.parse(value) as Json)
  const types = new Set(values.map(typeOf).filter((type) => hasType(node.types, type)))
  if (types.has('number')) types.delete('integer')
  const lengths = values.flatMap((value) =>
    typeof value === 'string' ? [Array.from(value).length] : [],
  )
  const numbers = values.filter((value) => typeof value === 'number')
  const facts = mergeNodes(node, {
    ...anyNode,
    any: false,
    bounds: {
      ...(lengths.length > 0
        ? { minLength: Math.min(...lengths), maxLength: Math.max(...lengths) }
        : {}),
      ...(numbers.length > 0
        ? { minimum: Math.min(...numbers), maximum: Math.max(...numbers) }
        : {}),
    },
  })
  return { ...facts, types }
}
