/**
 * What fields an event has, whatever language its schema is in: for lists and exports, which show
 * them and decide nothing by them.
 */
import {
  isJsonObject,
  type Json,
  type JsonObject,
  readJson,
} from '../../registry/schema/exact-json.ts'
import { parseProto } from '../../registry/schema/protobuf/parse-proto.ts'
import {
  type ProtoField,
  ProtoFault,
  type ProtoMessage,
} from '../../registry/schema/protobuf/proto-file.ts'
import { classifications, type EventProperty, type EventSchema } from '../contract.ts'

export interface EventField {
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly description: string | undefined
  readonly classification: string | undefined
  /** Of an object, or of what lies in a list. */
  readonly fields: readonly EventField[]
}

/** Of one event, all levels together; more is not shown. */
const fieldsMax = 2_000
/** Types that stand in each other: deeper than anybody reads. */
const depthMax = 16

/** @param text of the schema's file, where the event names one. */
export function eventFields(event: EventSchema, text: string | undefined): EventField[] {
  const budget = { left: fieldsMax }
  if (event.source === undefined) return event.properties.map((each) => ofProperty(each))
  if (text === undefined) return []
  if (event.source.type === 'PROTOBUF') return ofProtobuf(text, budget)
  const read = readJson(text)
  if (!read.ok) return []
  return event.source.type === 'AVRO'
    ? ofAvro(read.value, budget, depthMax)
    : ofJsonSchema(read.value, budget, depthMax)
}

/** With dots; what lies in a list is below the list’s own name. */
export function fieldPaths(
  fields: readonly EventField[],
  under = '',
): { readonly path: string; readonly field: EventField }[] {
  return fields.flatMap((field) => {
    const path = `${under}${field.name}`
    return [{ path, field }, ...fieldPaths(field.fields, `${path}.`)]
  })
}

function ofProperty(property: EventProperty): EventField {
  const { name, type, required, description, items } = property
  const parts = items?.properties ?? property.properties
  const classification = property.classification ?? items?.classification
  const fields = parts.map((each) => ofProperty(each))
  return { name, type, required, description, classification, fields }
}

interface Budget {
  left: number
}

const isTaken = (budget: Budget): boolean => budget.left-- > 0

const textOf = (value: Json | undefined): string | undefined =>
  typeof value === 'string' ? value : undefined

function classIn(node: JsonObject): string | undefined {
  const tags = node['confluent:tags']
  if (!Array.isArray(tags)) return undefined
  return classifications.find((each) => tags.includes(each))
}

function ofJsonSchema(node: Json | undefined, budget: Budget, depthLeft: number): EventField[] {
  if (!isJsonObject(node) || depthLeft === 0) return []
  const { properties, items, required } = node
  if (!isJsonObject(properties)) return ofJsonSchema(items, budget, depthLeft - 1)
  return Object.entries(properties).flatMap(([name, each]): EventField[] => {
    if (!isJsonObject(each) || !isTaken(budget)) return []
    const types = [each['type']].flat().filter((type) => typeof type === 'string')
    return [
      {
        name,
        type: types.filter((type) => type !== 'null').join(' or ') || 'any',
        required: Array.isArray(required) && required.includes(name) && !types.includes('null'),
        description: textOf(each['description']),
        classification: classIn(each),
        fields: ofJsonSchema(each, budget, depthLeft - 1),
      },
    ]
  })
}

/** The first record in a type, through unions, lists and maps. */
function recordIn(type: Json | undefined, depthLeft: number): JsonObject | undefined {
  if (depthLeft === 0) return undefined
  if (Array.isArray(type)) {
    return type.map((each) => recordIn(each, depthLeft - 1)).find((each) => each !== undefined)
  }
  if (!isJsonObject(type)) return undefined
  if (Array.isArray(type['fields'])) return type
  const inner = type['items'] ?? type['values'] ?? type['type']
  return typeof inner === 'object' ? recordIn(inner, depthLeft - 1) : undefined
}

function avroTypeName(type: Json | undefined): string {
  if (typeof type === 'string') return type
  if (Array.isArray(type)) {
    const others = type.filter((each) => each !== 'null')
    return others.map((each: Json) => avroTypeName(each)).join(' or ') || 'null'
  }
  if (!isJsonObject(type)) return 'any'
  return textOf(type['logicalType']) ?? avroTypeName(type['type'])
}

function ofAvro(node: Json, budget: Budget, depthLeft: number): EventField[] {
  const record = recordIn(node, depthMax)
  const fields = record?.['fields']
  if (depthLeft === 0 || !Array.isArray(fields)) return []
  return fields.flatMap((each: Json): EventField[] => {
    if (!isJsonObject(each) || typeof each['name'] !== 'string' || !isTaken(budget)) return []
    const { name, type, doc } = each
    return [
      {
        name,
        type: avroTypeName(type),
        required: !(Array.isArray(type) && type.includes('null')),
        description: textOf(doc),
        classification: classIn(each),
        fields: ofAvro(type ?? null, budget, depthLeft - 1),
      },
    ]
  })
}

function ofProtobuf(text: string, budget: Budget): EventField[] {
  let messages: readonly ProtoMessage[]
  try {
    messages = parseProto(text).messages
  } catch (error) {
    if (error instanceof ProtoFault) return []
    throw error
  }
  const [first] = messages
  return first === undefined ? [] : ofMessage(first, [first, ...messages], budget, depthMax)
}

/** @param known messages by the names that fields may have for them, the nearest first. */
function ofMessage(
  message: ProtoMessage,
  known: readonly ProtoMessage[],
  budget: Budget,
  depthLeft: number,
): EventField[] {
  if (depthLeft === 0) return []
  const near = [...message.messages, ...known]
  return message.fields.flatMap((field): EventField[] => {
    if (!isTaken(budget)) return []
    const inner = near.find(({ name }) => name === field.type.split('.').at(-1))
    return [
      {
        name: field.name,
        type: protoTypeName(field),
        required: field.label === 'required',
        description: undefined,
        classification: classifications.find((each) =>
          field.options.some(({ name, value }) => name.includes('tags') && value === `"${each}"`),
        ),
        fields: inner === undefined ? [] : ofMessage(inner, near, budget, depthLeft - 1),
      },
    ]
  })
}

function protoTypeName({ type, label, mapKey }: ProtoField): string {
  if (mapKey !== undefined) return `map of ${mapKey} to ${type}`
  return label === 'repeated' ? `list of ${type}` : type
}
