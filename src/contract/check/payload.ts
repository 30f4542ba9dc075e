/** What stands in a record's value: the payload itself, or a CloudEvent of either mode. */
import { type CheckedRecord, headerTexts, type Read, refused, utf8 } from './record.ts'

/** The payload to check against the schema, and the headers that the event has by then. */
export interface Payload {
  readonly bytes: Uint8Array
  readonly headers: ReadonlyMap<string, string>
}

const structured = 'application/cloudevents'

/** The attributes that every CloudEvent has (CloudEvents 1.0.2, 3.1). */
const neededAttributes = ['specversion', 'id', 'source', 'type'] as const

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
