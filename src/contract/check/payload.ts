/** What stands in a record's value: plain JSON, a CloudEvent of either mode, or a registry's format. */
import { formatUuid } from '../../base/format-uuid.ts'
import type { CheckedRecord, Violation } from './record.ts'
import { headerTexts, utf8 } from './record.ts'

/** The payload to check against the schema, and the headers that the event has by then. */
export interface Payload {
  readonly bytes: Uint8Array
  readonly headers: ReadonlyMap<string, string>
}

/** Id or GUID of a schema as a producer tells it; see readSchemaId. */
export type SchemaId =
  | { readonly kind: 'id'; readonly id: number }
  | { readonly kind: 'guid'; readonly guid: string }

const structured = 'application/cloudevents'

/** The attributes that every CloudEvent has (CloudEvents 1.0.2, 3.1). */
const neededAttributes = ['specversion', 'id', 'source', 'type'] as const

const refused = (rule: string, at: string, message: string): { readonly violation: Violation } => ({
  violation: { rule, at, message },
})

export type Read<Value> = Value | { readonly violation: Violation }

/** The value as it is. */
export function plainPayload(record: CheckedRecord, value: Uint8Array): Payload {
  return { bytes: value, headers: headerTexts(record.headers) }
}

/**
 * A CloudEvent (Kafka protocol binding 1.0.2): structured where `content-type` says so, else
 * binary. Attributes are headers `ce_NAME` in either case.
 */
export function cloudEventPayload(record: CheckedRecord, value: Uint8Array): Read<Payload> {
  const headers = headerTexts(record.headers)
  const isStructured = headers.get('content-type')?.toLowerCase().startsWith(structured) === true
  const payload = isStructured ? fromEnvelope(value, headers) : { bytes: value, headers }
  if ('violation' in payload) return payload
  const missing = neededAttributes.filter((name) => !payload.headers.has(`ce_${name}`))
  if (missing.length === 0) return payload
  const names = missing.map((name) => `ce_${name}`).join(', ')
  return refused(
    'encoding',
    names,
    'is missing: every CloudEvent has specversion, id, source, type',
  )
}

function fromEnvelope(value: Uint8Array, headers: ReadonlyMap<string, string>): Read<Payload> {
  const envelope = objectIn(value)
  if (envelope === undefined) {
    return refused('encoding', '', 'content-type says CloudEvent, and the value is no JSON object')
  }
  const all = new Map(headers)
  for (const [name, attribute] of Object.entries(envelope)) {
    if (name === 'data' || name === 'data_base64' || attribute === null) continue
    all.set(`ce_${name}`, typeof attribute === 'string' ? attribute : JSON.stringify(attribute))
  }
  const { data, data_base64: base64 } = envelope
  if (typeof base64 === 'string') return { bytes: Buffer.from(base64, 'base64'), headers: all }
  return { bytes: Buffer.from(JSON.stringify(data) ?? ''), headers: all }
}

function objectIn(bytes: Uint8Array): Readonly<Record<string, unknown>> | undefined {
  const text = utf8(bytes)
  if (text === undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
    return isObject ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

export interface FramedPayload {
  readonly schema: SchemaId
  /** Behind the id; Protobuf's message indexes are still in front. */
  readonly rest: Uint8Array
}

const idMagic = 0
const guidMagic = 1
const idBytes = 5
const guidBytes = 17

/**
 * The schema's id in the header `__value_schema_id` (or `__key_schema_id`), else in front of the
 * payload: magic byte 0 and an int32, or 1 and a GUID.
 */
export function readSchemaId(
  part: 'key' | 'value',
  bytes: Uint8Array,
  headers: CheckedRecord['headers'],
): Read<FramedPayload> {
  const name = `__${part}_schema_id`
  const header = headers.findLast((each) => each.name === name)?.value
  if (header !== undefined && header !== null) {
    const found = idIn(header)
    if (found !== undefined) return { schema: found.schema, rest: bytes }
    return refused('encoding', name, 'must hold 0 and a schema’s id, or 1 and its GUID')
  }
  const found = idIn(bytes)
  if (found === undefined) {
    const first = bytes.length === 0 ? 'it is empty' : `it begins with byte ${bytes[0]}`
    const text = `the ${part} tells no schema: ${first}. Use a serializer of the schema registry`
    return refused('encoding', '', text)
  }
  return { schema: found.schema, rest: bytes.subarray(found.length) }
}

function idIn(
  bytes: Uint8Array,
): { readonly schema: SchemaId; readonly length: number } | undefined {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (bytes[0] === idMagic && bytes.length >= idBytes) {
    return { schema: { kind: 'id', id: view.readInt32BE(1) }, length: idBytes }
  }
  if (bytes[0] === guidMagic && bytes.length >= guidBytes) {
    const guid = formatUuid(bytes.subarray(1, guidBytes))
    return { schema: { kind: 'guid', guid }, length: guidBytes }
  }
  return undefined
}
