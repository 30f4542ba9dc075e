/**
 * What `unevaluatedProperties` and `unevaluatedItems` leave alone: properties and items that other
 * keywords beside them, or schemas applied in place, speak of. Branches that may or may not hold
 * count as if they held.
 */
import { isRawSchema } from './json-dialect.ts'
import type { RawObject, RawSchema } from './json-dialect.ts'
import { referencesIn } from './schema-references.ts'
import type { SchemaReferences } from './schema-references.ts'

export interface EvaluatedPlaces {
  readonly properties: Set<string>
  readonly patterns: Set<string>
  /** Every property is spoken of, as by `additionalProperties`. */
  isOpen: boolean
  /** So many first items. */
  items: number
  hasAllItems: boolean
}

export function evaluatedIn(schema: RawObject, references: SchemaReferences): EvaluatedPlaces {
  const places = {
    properties: new Set<string>(),
    patterns: new Set<string>(),
    isOpen: false,
    items: 0,
    hasAllItems: false,
  }
  const seen = new Set<RawObject>([schema])
  const open: RawSchema[] = inPlace(schema, references)
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (typeof next !== 'object' || seen.has(next)) continue
    seen.add(next)
    note(next, places)
    open.push(...inPlace(next, references))
  }
  return places
}

function note(schema: RawObject, places: EvaluatedPlaces): void {
  const { properties, patternProperties, items, prefixItems } = schema
  if (typeof properties === 'object' && properties !== null)
    for (const name of Object.keys(properties)) places.properties.add(name)
  if (typeof patternProperties === 'object' && patternProperties !== null)
    for (const name of Object.keys(patternProperties)) places.patterns.add(name)
  places.isOpen ||=
    schema['additionalProperties'] !== undefined || schema['unevaluatedProperties'] !== undefined
  const tuple = Array.isArray(items) ? items : prefixItems
  if (Array.isArray(tuple)) places.items = Math.max(places.items, tuple.length)
  places.hasAllItems ||=
    isRawSchema(items) ||
    schema['additionalItems'] !== undefined ||
    schema['unevaluatedItems'] !== undefined
}

/** Schemas that judge the same value. */
function inPlace(schema: RawObject, references: SchemaReferences): RawSchema[] {
  const lists = ['allOf', 'anyOf', 'oneOf'].flatMap((keyword) => schema[keyword] ?? [])
  const singles = ['if', 'then', 'else'].map((keyword) => schema[keyword])
  const dependent = schema['dependentSchemas']
  const named = isRawSchema(dependent) && dependent !== true ? Object.values(dependent) : []
  const referred = referencesIn(schema).map((reference) => references.target(schema, reference))
  return [...lists, ...singles, ...named, ...referred].filter(isRawSchema)
}
