/** Items: those with a place of their own first, then all the others. */
import { saysNothing } from './json-rule.ts'
import type { Found, JsonComparison, JsonRules, Path } from './json-rule.ts'
import { lowerBound, upperBound } from './json-scalar-rules.ts'
import type { JsonNode } from './json-node.ts'

export const arrayRules: JsonRules = (reader, writer, at, comparison) => [
  ...prefixRules(reader, writer, at, comparison),
  ...restRule(reader, writer, at, comparison),
  ...containsRules(reader, writer, at, comparison),
  ...uniqueRule(reader, writer, at, comparison),
  ...lowerBound('minItems')(reader, writer, at, comparison),
  ...upperBound('maxItems')(reader, writer, at, comparison),
]

const prefixRules: JsonRules = (reader, writer, at, c) => {
  const length = Math.max(reader.prefix.length, writer.prefix.length)
  return Array.from({ length }, (_, index) => index).flatMap((index) => {
    const here = [...at, 'items', index]
    if (index >= (writer.bounds.maxItems ?? Infinity)) return [] // nobody wrote so many
    const [asked, promised] = [reader.prefix[index], writer.prefix[index]]
    if (asked === undefined) return removedItem(index, reader, writer, here, c)
    if (promised === undefined) return addedItem(index, reader, writer, here, c)
    return c.pair(reader.inner(asked), writer.inner(promised), here)
  })
}

function addedItem(
  index: number,
  reader: JsonNode,
  writer: JsonNode,
  at: Path,
  c: JsonComparison,
): Found {
  const node = reader.inner(reader.prefix[index]!)
  if (writer.rest === false || c.pair(node, writer.inner(writer.rest), at).length === 0) return []
  const open = saysNothing(writer, writer.rest)
  return c.breach(
    open
      ? 'ITEM_ADDED_TO_OPEN_CONTENT_MODEL'
      : 'ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL',
    at,
    `data was written with ${open ? 'anything' : 'other items'} at place ${index}, ` +
      'and readers refuse what does not fit',
  )
}

function removedItem(
  index: number,
  reader: JsonNode,
  writer: JsonNode,
  at: Path,
  c: JsonComparison,
): Found {
  const promised = writer.inner(writer.prefix[index]!)
  if (c.pair(reader.inner(reader.rest), promised, at).length === 0) return []
  return c.breach(
    reader.rest === false
      ? 'ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL'
      : 'ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL',
    at,
    `data was written with an item at place ${index}, which readers refuse now`,
  )
}

const restRule: JsonRules = (reader, writer, at, c) => {
  if (writer.rest === false || saysNothing(reader, reader.rest)) return []
  const here = [...at, reader.prefix.length > 0 ? 'additionalItems' : 'items']
  const past = Math.max(reader.prefix.length, writer.prefix.length)
  if (past >= (writer.bounds.maxItems ?? Infinity)) return [] // nobody wrote so many
  const promised = writer.inner(writer.rest)
  if (reader.rest === false)
    return c.breach(
      'ADDITIONAL_ITEMS_REMOVED',
      here,
      'data was written with more items than readers take',
    )
  if (!promised.any) return c.pair(reader.inner(reader.rest), promised, here)
  return c.breach(
    'ADDITIONAL_ITEMS_NARROWED',
    here,
    'data was written with any items, and readers refuse those that do not fit',
  )
}

/** One of what the writer promised is enough for each that the reader asks. */
const containsRules: JsonRules = (reader, writer, at, c) =>
  reader.contains.flatMap((asked) => {
    const { minContains, maxContains } = asked.bounds
    if (minContains === 0 && maxContains === undefined) return []
    const here = [...at, 'contains']
    const node = reader.inner(asked.schema)
    const tried = writer.contains.map((promised): Found => {
      const written = writer.inner(promised.schema)
      const same = c.pair(node, written, here).length === 0
      // The most of a kind is asked the other way: what readers count, writers must have counted.
      const counted = maxContains === undefined || c.pair(written, node, here).length === 0
      if (!same || !counted) return narrowed(here, c)
      const [asks, promises] = [
        { ...reader, bounds: asked.bounds },
        { ...writer, bounds: promised.bounds },
      ]
      return [
        ...lowerBound('minContains')(asks, promises, at, c),
        ...upperBound('maxContains')(asks, promises, at, c),
      ]
    })
    return tried.some((found) => found.length === 0) ? [] : (tried[0] ?? narrowed(here, c))
  })

const narrowed = (at: Path, { breach }: JsonComparison): Found =>
  breach(
    'CONTAINS_NARROWED',
    at,
    'readers refuse arrays without a certain item, and data was written without that promise',
  )

const uniqueRule: JsonRules = (reader, writer, at, { breach }) =>
  !reader.uniqueItems || writer.uniqueItems || (writer.bounds.maxItems ?? 2) < 2
    ? []
    : breach(
        'UNIQUE_ITEMS_ADDED',
        [...at, 'uniqueItems'],
        'readers refuse arrays that hold an item twice, and data was written without that promise',
      )
