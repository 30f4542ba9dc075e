/**
 * The messages of OTLP 1.11 in a notation of our own: `number name type`, where `[]` repeats and
 * `*` is the way from a request down to its items (spans, log records, data points). Names are
 * those of the JSON encoding.
 */
import { assert } from '../base/assert.ts'

const scalars = {
  string: 2,
  bytes: 2,
  traceId: 2,
  spanId: 2,
  bool: 0,
  enum: 0,
  int32: 0,
  uint32: 0,
  sint32: 0,
  int64: 0,
  uint64: 0,
  double: 1,
  fixed64: 1,
  sfixed64: 1,
  fixed32: 5,
} as const

/** `traceId` and `spanId` are bytes whose JSON form is hexadecimal and whose length is fixed. */
export type Scalar = keyof typeof scalars
/** Protobuf's wire types that OTLP uses: varint, 8 bytes, length-delimited, 4 bytes. */
export type WireType = 0 | 1 | 2 | 5

export interface Field {
  readonly number: number
  readonly name: string
  readonly type: Scalar | Message
  readonly wireType: WireType
  readonly isRepeated: boolean
  /** On the way from the request to its items. */
  readonly isSpine: boolean
}

export interface Message {
  readonly name: string
  readonly byNumber: readonly (Field | undefined)[]
  readonly byName: ReadonlyMap<string, Field>
  /** True where items lie further below. */
  readonly hasSpine: boolean
}

const attributes = 'attributes KeyValue[]'
const dropped = 'droppedAttributesCount uint32'
const envelope = '3 schemaUrl string'
const times = '2 startTimeUnixNano fixed64, 3 timeUnixNano fixed64'

const notation: Readonly<Record<string, string>> = {
  AnyValue: `
    1 stringValue string, 2 boolValue bool, 3 intValue int64, 4 doubleValue double,
    5 arrayValue ArrayValue, 6 kvlistValue KeyValueList, 7 bytesValue bytes`,
  ArrayValue: '1 values AnyValue[]',
  KeyValueList: '1 values KeyValue[]',
  KeyValue: '1 key string, 2 value AnyValue',
  InstrumentationScope: `1 name string, 2 version string, 3 ${attributes}, 4 ${dropped}`,
  EntityRef: '1 schemaUrl string, 2 type string, 3 idKeys string[], 4 descriptionKeys string[]',
  Resource: `1 ${attributes}, 2 ${dropped}, 3 entityRefs EntityRef[]`,

  TracesData: '1 resourceSpans ResourceSpans[]*',
  ResourceSpans: `1 resource Resource, 2 scopeSpans ScopeSpans[]*, ${envelope}`,
  ScopeSpans: `1 scope InstrumentationScope, 2 spans Span[]*, ${envelope}`,
  Span: `
    1 traceId traceId, 2 spanId spanId, 3 traceState string, 4 parentSpanId spanId,
    5 name string, 6 kind enum, 7 startTimeUnixNano fixed64, 8 endTimeUnixNano fixed64,
    9 ${attributes}, 10 ${dropped}, 11 events SpanEvent[], 12 droppedEventsCount uint32,
    13 links SpanLink[], 14 droppedLinksCount uint32, 15 status Status, 16 flags fixed32`,
  SpanEvent: `1 timeUnixNano fixed64, 2 name string, 3 ${attributes}, 4 ${dropped}`,
  SpanLink: `
    1 traceId traceId, 2 spanId spanId, 3 traceState string, 4 ${attributes}, 5 ${dropped},
    6 flags fixed32`,
  Status: '2 message string, 3 code enum',

  LogsData: '1 resourceLogs ResourceLogs[]*',
  ResourceLogs: `1 resource Resource, 2 scopeLogs ScopeLogs[]*, ${envelope}`,
  ScopeLogs: `1 scope InstrumentationScope, 2 logRecords LogRecord[]*, ${envelope}`,
  LogRecord: `
    1 timeUnixNano fixed64, 2 severityNumber enum, 3 severityText string, 5 body AnyValue,
    6 ${attributes}, 7 ${dropped}, 8 flags fixed32, 9 traceId traceId, 10 spanId spanId,
    11 observedTimeUnixNano fixed64, 12 eventName string`,

  MetricsData: '1 resourceMetrics ResourceMetrics[]*',
  ResourceMetrics: `1 resource Resource, 2 scopeMetrics ScopeMetrics[]*, ${envelope}`,
  ScopeMetrics: `1 scope InstrumentationScope, 2 metrics Metric[]*, ${envelope}`,
  Metric: `
    1 name string, 2 description string, 3 unit string, 5 gauge Gauge*, 7 sum Sum*,
    9 histogram Histogram*, 10 exponentialHistogram ExponentialHistogram*, 11 summary Summary*,
    12 metadata KeyValue[]`,
  Gauge: '1 dataPoints NumberDataPoint[]*',
  Sum: '1 dataPoints NumberDataPoint[]*, 2 aggregationTemporality enum, 3 isMonotonic bool',
  Histogram: '1 dataPoints HistogramDataPoint[]*, 2 aggregationTemporality enum',
  ExponentialHistogram: `
    1 dataPoints ExponentialHistogramDataPoint[]*, 2 aggregationTemporality enum`,
  Summary: '1 dataPoints SummaryDataPoint[]*',
  NumberDataPoint: `
    ${times}, 4 asDouble double, 5 exemplars Exemplar[], 6 asInt sfixed64, 7 ${attributes},
    8 flags uint32`,
  HistogramDataPoint: `
    ${times}, 4 count fixed64, 5 sum double, 6 bucketCounts fixed64[],
    7 explicitBounds double[], 8 exemplars Exemplar[], 9 ${attributes}, 10 flags uint32,
    11 min double, 12 max double`,
  ExponentialHistogramDataPoint: `
    1 ${attributes}, ${times}, 4 count fixed64, 5 sum double, 6 scale sint32,
    7 zeroCount fixed64, 8 positive Buckets, 9 negative Buckets, 10 flags uint32,
    11 exemplars Exemplar[], 12 min double, 13 max double, 14 zeroThreshold double`,
  Buckets: '1 offset sint32, 2 bucketCounts uint64[]',
  SummaryDataPoint: `
    ${times}, 4 count fixed64, 5 sum double, 6 quantileValues ValueAtQuantile[],
    7 ${attributes}, 8 flags uint32`,
  ValueAtQuantile: '1 quantile double, 2 value double',
  Exemplar: `
    2 timeUnixNano fixed64, 3 asDouble double, 4 spanId spanId, 5 traceId traceId,
    6 asInt sfixed64, 7 filteredAttributes KeyValue[]`,
}

interface OpenMessage extends Message {
  readonly byNumber: (Field | undefined)[]
  readonly byName: Map<string, Field>
  hasSpine: boolean
}

const parsed = parseNotation()

/** The message with this name in the table above. */
export function otlpMessage(name: string): Message {
  const message = parsed[name]
  assert(message !== undefined, `'${name}' is in the table of messages`)
  return message
}

function parseNotation(): Record<string, OpenMessage> {
  const messages: Record<string, OpenMessage> = {}
  for (const name of Object.keys(notation)) {
    messages[name] = { name, byNumber: [], byName: new Map(), hasSpine: false }
  }
  for (const [name, fields] of Object.entries(notation)) {
    const message = messages[name]
    assert(message !== undefined, 'every message was made above')
    for (const words of fields.split(',')) {
      const field = parseField(words.trim(), messages)
      message.byNumber[field.number] = field
      message.byName.set(field.name, field)
      message.hasSpine ||= field.isSpine
    }
  }
  return messages
}

function parseField(words: string, messages: Record<string, OpenMessage>): Field {
  const match = /^(\d+) (\w+) (\w+)(\[\])?(\*)?$/.exec(words)
  assert(match !== null, `a field is 'number name type', not '${words}'`)
  const [, number, name, typeName, repeated, spine] = match
  assert(name !== undefined && typeName !== undefined, 'the pattern has these groups')
  const type = Object.hasOwn(scalars, typeName) ? (typeName as Scalar) : messages[typeName]
  assert(type !== undefined, `'${typeName}' is a scalar or a message`)
  return {
    number: Number(number),
    name,
    type,
    wireType: typeof type === 'string' ? scalars[type] : 2,
    isRepeated: repeated !== undefined,
    isSpine: spine !== undefined,
  }
}
