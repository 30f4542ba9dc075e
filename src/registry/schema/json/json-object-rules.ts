/**
 * Properties, and what an object may hold beside them. An object that does not say is open: writers
 * may have put anything under any name, so that a property with a schema, added later, narrows it.
 */
import { linearPattern } from './linear-pattern.ts'
import type { JsonNode } from './json-node.ts'
import { saysNothing } from './json-rule.ts'
import type { Found, JsonComparison, JsonRules, Path } from './json-rule.ts'
import { lowerBound, upperBound } from './json-scalar-rules.ts'
import type { RawSchema } from './json-dialect.ts'

export const objectRules: JsonRules = (reader, writer, at, comparison) => [
  ...requiredRule(reader, writer, at, comparison),
  ...[...reader.properties.keys()].flatMap((name) =>
    writer.properties.has(name)
      ? keptProperty(name, reader, writer, at, comparison)
      : addedProperty(name, reader, writer, at, comparison),
  ),
  ...[...writer.properties.keys()].flatMap((name) =>
    reader.properties.has(name) ? [] : removedProperty(name, reader, writer, at, comparison),
  ),
  ...patternRules(reader, writer, at, comparison),
  ...additionalRule(reader, writer, at, comparison),
  ...namesRule(reader, writer, at, comparison),
  ...dependencyRules(reader, writer, at, comparison),
  ...lowerBound('minProperties')(reader, writer, at, comparison),
  ...upperBound('maxProperties')(reader, writer, at, comparison),
]

/** A property that both know: who required it? Added ones are judged where they are added. */
const requiredRule: JsonRules = (reader, writer, at, { breach }) =>
  [...reader.required].flatMap((name) => {
    if (writer.required.has(name)) return []
    const schema = reader.properties.get(name)
    const isAdded = schema !== undefined && !writer.properties.has(name)
    if (isAdded || (schema !== undefined && reader.inner(schema).hasDefault)) return []
    return breach(
      'REQUIRED_ATTRIBUTE_ADDED',
      [...at, 'required', name],
      `readers require ${name}, and data was written without it: leave it optional, ` +
        'or give it a default',
    )
  })

function keptProperty(
  name: string,
  reader: JsonNode,
  writer: JsonNode,
  at: Path,
  c: JsonComparison,
): Found {
  const [asked, promised] = [reader.properties.get(name)!, writer.properties.get(name)!]
  return c.pair(reader.inner(asked), writer.inner(promised), [...at, 'properties', name])
}

/** What an object may hold under a name that its properties do not have; one schema per pattern. */
function heldUnder(name: string, of: JsonNode): readonly RawSchema[] {
  const matching = [...of.patternProperties].filter(([pattern]) => matches(pattern, name))
  return matching.length > 0 ? matching.map(([, schema]) => schema) : [of.additional]
}

/** A pattern that cannot be tried may match anything. */
const matches = (pattern: string, name: string): boolean =>
  linearPattern(pattern)?.test(name) ?? true

function addedProperty(
  name: string,
  reader: JsonNode,
  writer: JsonNode,
  at: Path,
  c: JsonComparison,
): Found {
  const here = [...at, 'properties', name]
  const schema = reader.properties.get(name)!
  const node = reader.inner(schema)
  const required = reader.required.has(name) && !writer.required.has(name)
  const held = heldUnder(name, writer)
  const isOpen = held.every((each) => saysNothing(writer, each))
  if (isOpen) {
    if (required) return addedToOpen(name, node, here, c)
    if (node.any) return []
    return c.breach(
      'OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL',
      here,
      `data written before may hold anything under ${JSON.stringify(name)}, because ` +
        'the object is open (additionalProperties is not false), and readers refuse ' +
        'what does not fit: close the object first, or use compatibilityPolicy LENIENT',
    )
  }
  const found: Found[] = []
  const covers = held.some((each) => c.pair(node, writer.inner(each), here).length === 0)
  if (!covers)
    found.push(
      c.breach(
        'PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL',
        here,
        `data written before may hold ${JSON.stringify(name)} as additionalProperties ` +
          'or patternProperties allowed it, which the new property refuses',
      ),
    )
  if (required && !node.hasDefault)
    found.push(
      c.breach(
        'REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL',
        here,
        `readers require ${JSON.stringify(name)}, and no data written before has it: ` +
          'leave it optional, or give it a default',
      ),
    )
  return found.flat()
}

function addedToOpen(name: string, node: JsonNode, at: Path, { breach }: JsonComparison): Found {
  const shown = JSON.stringify(name)
  return node.hasDefault
    ? breach(
        'REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL',
        at,
        `data written before may hold anything under ${shown}, because the object is ` +
          'open: close the object first, or use compatibilityPolicy LENIENT',
      )
    : breach(
        'REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL',
        at,
        `readers require ${shown}, and data was written without it: leave it optional`,
      )
}

function removedProperty(
  name: string,
  reader: JsonNode,
  writer: JsonNode,
  at: Path,
  c: JsonComparison,
): Found {
  const here = [...at, 'properties', name]
  const promised = writer.inner(writer.properties.get(name)!)
  if (promised.never) return []
  return heldUnder(name, reader).flatMap((schema) => {
    if (saysNothing(reader, schema)) return []
    const node = reader.inner(schema)
    if (node.never)
      return c.breach(
        'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL',
        here,
        `data was written with ${JSON.stringify(name)}, and readers refuse properties ` +
          'they do not know (additionalProperties is false): keep it',
      )
    if (c.pair(node, promised, here).length === 0) return []
    return c.breach(
      'PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL',
      here,
      `data was written with ${JSON.stringify(name)}, and what readers allow for ` +
        'properties without a name of their own refuses it',
    )
  })
}

/** Properties are judged by name above; here, what each allows for all the names that nobody lists. */
const patternRules: JsonRules = (reader, writer, at, c) => {
  const added = [...reader.patternProperties].flatMap(([pattern, schema]) => {
    const node = reader.inner(schema)
    const here = [...at, 'patternProperties', pattern]
    const promised = writer.patternProperties.get(pattern)
    if (promised !== undefined) return c.pair(node, writer.inner(promised), here)
    const named = [...writer.properties].filter(([name]) => matches(pattern, name))
    const held = [
      ...named.map(([, each]) => each),
      writer.additional,
      ...writer.patternProperties.values(),
    ]
    if (held.every((each) => each === false || c.pair(node, writer.inner(each), here).length === 0))
      return []
    return c.breach(
      'PATTERN_PROPERTY_ADDED',
      here,
      `readers refuse properties that match ${JSON.stringify(pattern)} and are of ` +
        'another kind, and data was written without that promise',
    )
  })
  const removed = [...writer.patternProperties].flatMap(([pattern, schema]) =>
    reader.patternProperties.has(pattern) || saysNothing(reader, reader.additional)
      ? []
      : coveredByAdditional(pattern, reader, writer.inner(schema), at, c),
  )
  return [...added, ...removed]
}

function coveredByAdditional(
  pattern: string,
  reader: JsonNode,
  promised: JsonNode,
  at: Path,
  c: JsonComparison,
): Found {
  const here = [...at, 'patternProperties', pattern]
  if (c.pair(reader.inner(reader.additional), promised, here).length === 0) return []
  const rule =
    reader.additional === false
      ? 'PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL'
      : 'PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL'
  return c.breach(
    rule,
    here,
    `data was written with properties that match ${JSON.stringify(pattern)}, which ` +
      'readers refuse now',
  )
}

const additionalRule: JsonRules = (reader, writer, at, c) => {
  if (writer.additional === false || saysNothing(reader, reader.additional)) return []
  const here = [...at, 'additionalProperties']
  const promised = writer.inner(writer.additional)
  if (reader.additional === false)
    return c.breach(
      'ADDITIONAL_PROPERTIES_REMOVED',
      here,
      'data was written with properties of any name, and readers refuse those they do not know',
    )
  const node = reader.inner(reader.additional)
  if (!promised.any) return c.pair(node, promised, here)
  return c.breach(
    'ADDITIONAL_PROPERTIES_NARROWED',
    here,
    'data was written with anything in properties of any name, and readers refuse ' +
      'what does not fit',
  )
}

const namesRule: JsonRules = (reader, writer, at, c) => {
  if (saysNothing(reader, reader.propertyNames)) return []
  const node = reader.inner(reader.propertyNames)
  if (c.pair(node, writer.inner(writer.propertyNames), [...at, 'propertyNames']).length === 0)
    return []
  return c.breach(
    'PROPERTY_NAMES_NARROWED',
    [...at, 'propertyNames'],
    'readers refuse names of properties that data was written with',
  )
}

const dependencyRules: JsonRules = (reader, writer, at, c) => {
  const arrays = [...reader.dependentRequired].flatMap(([name, names]) => {
    const before = writer.dependentRequired.get(name)
    const promised = new Set([...(before ?? []), ...writer.required])
    const missing = names.filter((each) => !promised.has(each))
    if (missing.length === 0) return []
    return c.breach(
      before === undefined ? 'DEPENDENCY_ARRAY_ADDED' : 'DEPENDENCY_ARRAY_EXTENDED',
      [...at, 'dependencies', name],
      `readers require ${missing.join(', ')} where ${name} is, and data was written without`,
    )
  })
  const schemas = [...reader.dependentSchemas].flatMap(([name, schema]) => {
    const here = [...at, 'dependencies', name]
    const before = writer.dependentSchemas.get(name)
    if (before !== undefined) return c.pair(reader.inner(schema), writer.inner(before), here)
    if (saysNothing(reader, schema)) return []
    return c.breach(
      'DEPENDENCY_SCHEMA_ADDED',
      here,
      `readers ask more of objects that have ${name}, and data was written without that promise`,
    )
  })
  return [...arrays, ...schemas]
}
