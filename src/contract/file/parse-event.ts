/** The payload layer: `schema[]`, one kind of event each, and its properties. */
import {
  classifications,
  type EventProperty,
  type EventSchema,
  type LogicalType,
  logicalTypes,
  type SchemaFile,
} from '../contract.ts'
import { customProperties } from './custom-properties.ts'
import {
  knownCustomProperties,
  knownFields,
  logicalTypeOptions,
  schemaFileTypes,
} from './known-fields.ts'
import type { DocumentNode } from './node.ts'

/** Objects in objects: deeper than anybody reads. */
const depthMax = 16

export function parseEvent(node: DocumentNode): EventSchema {
  node.only(knownFields.event)
  const name = node.field('name').needText('the type of the event, as ce_type')
  const custom = customProperties(node, knownCustomProperties.event)
  const physicalType = node.field('physicalType').text()
  if (physicalType !== undefined && physicalType !== 'topic') {
    node.field('physicalType').error('wrong-value', 'must be topic: Karst carries events in topics')
  }
  const source = parseSource(custom.get('ai.schema'))
  const properties = parseProperties(node.field('properties'), 1)
  if (source === undefined && properties.length === 0) {
    node.error('missing', 'has no properties, and no ai.schema that names a schema’s file')
  }
  return {
    name,
    topic: node.field('physicalName').needText('the topic that carries the event'),
    properties,
    source,
    keySource: parseSource(custom.get('ai.keySchema')),
    classification: custom.get('ai.classification')?.oneOf(classifications),
  }
}

function parseSource(node: DocumentNode | undefined): SchemaFile | undefined {
  if (node === undefined) return undefined
  node.only(knownFields.schemaFile)
  const type = node.field('type').oneOf(schemaFileTypes)
  const file = node.field('file').needText('the schema, from the folder of this file on')
  if (type === undefined) return undefined
  return { type, file }
}

function parseProperties(node: DocumentNode, depth: number): EventProperty[] {
  if (node.isGiven && depth > depthMax) {
    node.error('too-deep', `objects stand in each other more than ${depthMax} times`)
    return []
  }
  const seen = new Set<string>()
  return node.list().map((each) => {
    const property = parseProperty(each, depth)
    if (seen.has(property.name)) each.error('duplicate', `${property.name} is there twice`)
    seen.add(property.name)
    return property
  })
}

function parseProperty(node: DocumentNode, depth: number, fallback?: string): EventProperty {
  node.only(knownFields.property)
  const name = fallback ?? node.field('name').needText('the name in the payload')
  if (name.includes('.')) node.field('name').error('wrong-value', 'must not hold a dot')
  const type = node.field('logicalType').oneOf(logicalTypes)
  if (type === undefined && !node.field('logicalType').isGiven) {
    node.error('missing', `logicalType is missing: one of ${logicalTypes.join(', ')}`)
  }
  const custom = customProperties(node, knownCustomProperties.property)
  const labels = custom.get('ai.frozenLabels')
  const items = node.field('items')
  if (items.isGiven && type !== 'array') items.error('wrong-type', 'only an array has items')
  return {
    name,
    type: type ?? 'string',
    required: node.field('required').flag() ?? false,
    description: node.field('description').text(),
    classification: node.field('classification').oneOf(classifications),
    properties: parseProperties(node.field('properties'), depth + 1),
    items: items.isGiven ? parseItems(items, depth + 1) : undefined,
    options: parseOptions(node.field('logicalTypeOptions'), type ?? 'string'),
    values: (labels ?? custom.get('ai.values'))?.texts() ?? [],
    frozenLabels: labels !== undefined,
  }
}

function parseItems(node: DocumentNode, depth: number): EventProperty | undefined {
  if (depth > depthMax) {
    node.error('too-deep', `lists and objects stand in each other more than ${depthMax} times`)
    return undefined
  }
  return parseProperty(node, depth, node.field('name').text() ?? 'items')
}

function parseOptions(node: DocumentNode, type: LogicalType): EventProperty['options'] {
  const options: Record<string, string | number | boolean> = {}
  const known = logicalTypeOptions[type]
  for (const [name, each] of node.entries()) {
    if (!known.includes(name)) {
      const there = known.length === 0 ? 'none' : known.join(', ')
      each.error('unknown-field', `${name} is no option of ${type}; there is ${there}`)
      continue
    }
    const { value } = each
    const isPlain = ['string', 'number', 'boolean'].includes(typeof value)
    if (isPlain) options[name] = value as string | number | boolean
  }
  return options
}
