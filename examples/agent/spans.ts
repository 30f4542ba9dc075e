/**
 * Reads the spans back with a Kafka client: topic `otlp_spans`, whose records are OTLP's TracesData
 * in protobuf, keyed by trace id. Nothing here knows who wrote them.
 */
import { Consumer } from '@platformatic/kafka'
import protobuf from 'protobufjs'

export const topic = 'otlp_spans'

export interface Span {
  traceId: string
  spanId: string
  /** Empty for the root. */
  parentSpanId: string
  name: string
  startedAt: bigint
  durationMs: number
  attributes: Map<string, unknown>
  serviceName: unknown
  /** Where the record was: partition:offset. */
  place: string
  recordKey: string
}

// What this example reads of opentelemetry-proto; fields not named here are skipped.
const schema = `
  syntax = "proto3";
  message TracesData { repeated ResourceSpans resource_spans = 1; }
  message ResourceSpans { Resource resource = 1; repeated ScopeSpans scope_spans = 2; }
  message Resource { repeated KeyValue attributes = 1; }
  message ScopeSpans { repeated Span spans = 2; }
  message Span {
    bytes trace_id = 1; bytes span_id = 2; bytes parent_span_id = 4; string name = 5;
    fixed64 start_time_unix_nano = 7; fixed64 end_time_unix_nano = 8;
    repeated KeyValue attributes = 9;
  }
  message KeyValue { string key = 1; AnyValue value = 2; }
  message ArrayValue { repeated AnyValue values = 1; }
  message AnyValue {
    oneof value {
      string string_value = 1; bool bool_value = 2; int64 int_value = 3; double double_value = 4;
      ArrayValue array_value = 5;
    }
  }`

interface AnyValue {
  stringValue?: string
  boolValue?: boolean
  intValue?: string
  doubleValue?: number
  arrayValue?: { values?: AnyValue[] }
}
interface KeyValue {
  key: string
  value?: AnyValue
}
interface WireSpan {
  traceId: Buffer
  spanId: Buffer
  parentSpanId?: Buffer
  name: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  attributes?: KeyValue[]
}
interface TracesData {
  resourceSpans?: {
    resource?: { attributes?: KeyValue[] }
    scopeSpans?: { spans?: WireSpan[] }[]
  }[]
}

const tracesData = protobuf.parse(schema).root.lookupType('TracesData')

/** Reads the topic from its beginning until nothing has come for a second. */
export async function readSpans(bootstrap: string): Promise<Span[]> {
  const groupId = `example-agent-${process.pid}-${Date.now()}`
  const base = { clientId: 'example-agent', bootstrapBrokers: [bootstrap], maxWaitTime: 250 }
  const consumer: Consumer = new Consumer({ ...base, groupId, retries: 5, retryDelay: 200 })
  const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: false })
  const spans: Span[] = []
  let quiet = setTimeout(() => {}, 0)
  const waitOn = () => {
    clearTimeout(quiet)
    quiet = setTimeout(() => void stream.close(), 1_000)
  }
  waitOn()
  for await (const { key, value, partition, offset } of stream) {
    waitOn()
    spans.push(...decodeSpans(value, key.toString(), `${partition}:${offset}`))
  }
  await consumer.close()
  return spans
}

function decodeSpans(value: Buffer, recordKey: string, place: string): Span[] {
  const message = tracesData.decode(value)
  const data = tracesData.toObject(message, { longs: String }) as TracesData
  const spans: Span[] = []
  for (const { resource, scopeSpans = [] } of data.resourceSpans ?? []) {
    const serviceName = toAttributes(resource?.attributes).get('service.name')
    for (const span of scopeSpans.flatMap((scope) => scope.spans ?? [])) {
      spans.push({ ...toSpan(span), serviceName, place, recordKey })
    }
  }
  return spans
}

function toSpan(span: WireSpan): Omit<Span, 'serviceName' | 'place' | 'recordKey'> {
  const startedAt = BigInt(span.startTimeUnixNano)
  return {
    traceId: span.traceId.toString('hex'),
    spanId: span.spanId.toString('hex'),
    parentSpanId: span.parentSpanId?.toString('hex') ?? '',
    name: span.name,
    startedAt,
    durationMs: Number(BigInt(span.endTimeUnixNano) - startedAt) / 1e6,
    attributes: toAttributes(span.attributes),
  }
}

function toAttributes(pairs: KeyValue[] = []): Map<string, unknown> {
  return new Map(pairs.map(({ key, value }) => [key, toPlain(value)]))
}

function toPlain(value: AnyValue | undefined): unknown {
  if (value?.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(toPlain)
  if (value?.intValue !== undefined) return Number(value.intValue)
  return value?.stringValue ?? value?.boolValue ?? value?.doubleValue
}

/** The traces as indented lines, children below their parents in the order of their start. */
export function drawTraces(spans: Span[]): string[] {
  const ids = new Set(spans.map((span) => span.spanId))
  const roots = spans.filter((span) => !ids.has(span.parentSpanId))
  return sortByStart(roots).flatMap((root) => {
    return [`trace ${root.traceId} of ${String(root.serviceName)}`, ...draw(root, spans, '  ')]
  })
}

function draw(span: Span, spans: Span[], indent: string): string[] {
  const children = spans.filter((other) => other.parentSpanId === span.spanId)
  const tokens = ['input', 'output'].map((kind) => {
    const count = span.attributes.get(`gen_ai.usage.${kind}_tokens`)
    return typeof count === 'number' ? ` ${kind}=${count}` : ''
  })
  const line = `${indent}${span.name} (${span.durationMs.toFixed(1)} ms)${tokens.join('')}`
  return [line, ...sortByStart(children).flatMap((child) => draw(child, spans, `${indent}  `))]
}

function sortByStart(spans: Span[]): Span[] {
  return spans.toSorted((a, b) => Number(a.startedAt - b.startedAt))
}
