/** The JSON Schema of an event whose properties stand in its contract (draft 2020-12). */
import type { EventProperty, EventSchema, LogicalType } from './contract.ts'

type Json = Readonly<Record<string, unknown>>

const typeOf: Readonly<Record<LogicalType, Json>> = {
  string: { type: 'string' },
  date: { type: 'string', format: 'date' },
  timestamp: { type: 'string', format: 'date-time' },
  time: { type: 'string', format: 'time' },
  number: { type: 'number' },
  integer: { type: 'integer' },
  object: { type: 'object' },
  array: { type: 'array' },
  boolean: { type: 'boolean' },
}

/** Options that JSON Schema has under the same name, by what they are about. */
const keptOptions: readonly string[] = [
  ...['minLength', 'maxLength', 'pattern'],
  ...['minimum', 'maximum', 'exclusiveMinimum', 'exclusiveMaximum', 'multipleOf'],
  ...['minItems', 'maxItems', 'uniqueItems', 'minProperties', 'maxProperties'],
]

/** Formats of strings that JSON Schema knows; ODCS leaves the word open. */
const formats: ReadonlySet<string> = new Set([
  ...['date', 'date-time', 'time', 'duration', 'email', 'hostname', 'ipv4', 'ipv6'],
  ...['uri', 'uuid', 'json-pointer'],
])

/**
 * Closed: what is not declared has no class and no owner, so it does not get in. An optional
 * property may be absent or null.
 */
export function eventJsonSchema(event: EventSchema): string {
  const { name, classification } = event
  return JSON.stringify({
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: name,
    ...(classification === undefined ? {} : { 'confluent:tags': [classification] }),
    ...objectOf(event.properties),
  })
}

function objectOf(properties: readonly EventProperty[]): Json {
  if (properties.length === 0) return { type: 'object' }
  const required = properties.filter((each) => each.required).map(({ name }) => name)
  return {
    type: 'object',
    properties: Object.fromEntries(properties.map((each) => [each.name, schemaOf(each)])),
    ...(required.length === 0 ? {} : { required }),
    additionalProperties: false,
  }
}

function schemaOf(property: EventProperty): Json {
  const { type, description, classification, values, required } = property
  const shape: Record<string, unknown> = {
    ...(type === 'object' ? objectOf(property.properties) : typeOf[type]),
    ...(property.items === undefined
      ? {}
      : { items: schemaOf({ ...property.items, required: true }) }),
    ...optionsIn(property),
    ...(values.length === 0 ? {} : { enum: [...values] }),
    ...(description === undefined ? {} : { description }),
    ...(classification === undefined ? {} : { 'confluent:tags': [classification] }),
  }
  if (required) return shape
  const labels = shape['enum']
  return {
    ...shape,
    type: [shape['type'], 'null'],
    ...(Array.isArray(labels) ? { enum: [...(labels as string[]), null] } : {}),
  }
}

function optionsIn({ type, options }: EventProperty): Json {
  const kept = Object.entries(options).filter(([name, value]) => {
    if (name === 'format') return type === 'string' && formats.has(String(value))
    const isBound = name.endsWith('inimum') || name.endsWith('aximum')
    // Bounds of times are texts: JSON Schema compares numbers only.
    return keptOptions.includes(name) && (!isBound || typeof value === 'number')
  })
  return Object.fromEntries(kept)
}
