/** Mutated requests: whatever comes in is answered, soon, and what is stored can be read. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemorySink } from './memory-sink.ts'
import { decode, encode } from './otlp-oracle.ts'
import { systemClock } from '../base/system-clock.ts'
import { ByteBudget } from './byte-budget.ts'
import { ingest } from './ingest.ts'
import { defaultOtlpLimits } from './limits.ts'
import { inlinePreparer } from './prepare.ts'
import { signals } from './signal.ts'

const id = (length: number): string => Buffer.alloc(length, 0xab).toString('hex')
const attributes = [
  { key: 'a', value: { stringValue: 'é' } },
  { key: 'b', value: { arrayValue: { values: [{ intValue: '-1' }, { boolValue: true }] } } },
  { key: 'c', value: { kvlistValue: { values: [{ key: 'd', value: { doubleValue: 1.5 } }] } } },
]
const scope = { name: 's', version: '1', attributes }
const resource = { attributes, droppedAttributesCount: 1 }
const ids = { traceId: id(16), spanId: id(8) }
const point = {
  attributes,
  timeUnixNano: '1544712660300000001',
  exemplars: [{ asInt: '5', ...ids }],
}
const span = {
  ...ids,
  name: 'n',
  attributes,
  events: [{ name: 'e', attributes }],
  links: [ids],
  kind: 2,
}
const logRecord = { ...ids, body: { stringValue: 'b' }, severityNumber: 9, attributes }
const metrics = [
  { name: 'g', gauge: { dataPoints: [{ ...point, asDouble: 1 }] } },
  {
    name: 'h',
    histogram: { dataPoints: [{ ...point, bucketCounts: ['1', '2'], explicitBounds: [1] }] },
  },
  {
    name: 'e',
    exponentialHistogram: { dataPoints: [{ ...point, positive: { bucketCounts: ['1'] } }] },
  },
]
const requests = {
  traces: {
    resourceSpans: [
      {
        resource,
        scopeSpans: [{ scope, spans: [span, { ...span, traceId: id(16).replace('a', 'c') }] }],
      },
    ],
  },
  logs: { resourceLogs: [{ resource, scopeLogs: [{ scope, logRecords: [logRecord, {}] }] }] },
  metrics: { resourceMetrics: [{ resource, scopeMetrics: [{ scope, metrics }] }] },
} as const

/** Ids in hexadecimal, as JSON has them, to the bytes that protobufjs wants. */
function withBytes(value: unknown): object {
  return JSON.parse(JSON.stringify(value), (key, each: unknown) =>
    key === 'traceId' || key === 'spanId'
      ? Buffer.from(String(each), 'hex').toString('base64')
      : each,
  ) as object
}

interface Edit {
  readonly at: number
  /** Undefined: as many as are inserted, so that lengths around stay right. */
  readonly remove: number | undefined
  readonly insert: Uint8Array
}

const edits = fc.array(
  fc.record({
    at: fc.nat({ max: 10_000 }),
    remove: fc.option(fc.nat({ max: 4 }), { nil: undefined, freq: 1 }),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.constantFrom(
        ...['{', '}', '[', ']', '"', ',', '1e9', 'null', '\\u'].map((text) => Buffer.from(text)),
      ),
    ),
  }),
  { minLength: 1, maxLength: 4 },
)

function edit(body: Uint8Array, changes: readonly Edit[]): Uint8Array {
  let edited = Buffer.from(body)
  for (const { at, remove, insert } of changes) {
    const from = at % (edited.length + 1)
    edited = Buffer.concat([
      edited.subarray(0, from),
      insert,
      edited.subarray(from + (remove ?? insert.length)),
    ])
  }
  return edited
}

const runsEach = 4_000

for (const signal of Object.values(signals)) {
  for (const isJson of [false, true]) {
    test(`${signal.name} as ${isJson ? 'JSON' : 'protobuf'}: mutated requests`, async () => {
      const value = requests[signal.name]
      const body = isJson
        ? Buffer.from(JSON.stringify(value))
        : encode(signal.message.name, withBytes(value))
      const statuses = new Map<number, number>()
      const property = fc.asyncProperty(edits, async (changes) => {
        const sink = new MemorySink()
        const memory = new ByteBudget(1e9).open()
        const request = { signal, isJson, memory, body: edit(body, changes) }
        const parts = {
          sink,
          clock: systemClock,
          preparer: inlinePreparer,
          limits: defaultOtlpLimits,
        }
        const { answer, acceptedCount } = await ingest(parts, request)
        statuses.set(answer.status, (statuses.get(answer.status) ?? 0) + 1)
        assert.ok(answer.status === 200 || answer.status === 400, answer.message)
        if (answer.status === 400) assert.ok(answer.message.length > 0)
        if (acceptedCount > 0) assert.equal(sink.appendCount, 1)
        for (const record of sink.records(signal.topic)) decode(signal.message.name, record.value)
      })
      await fc.assert(property, { numRuns: runsEach })
      assert.ok((statuses.get(200) ?? 0) > 100 && (statuses.get(400) ?? 0) > 100, 'both are seen')
    })
  }
}

test('every truncation of a request is answered 400 or is a shorter request', async () => {
  const body = encode('TracesData', withBytes(requests.traces))
  for (let end = 0; end < body.length; end++) {
    const sink = new MemorySink()
    const memory = new ByteBudget(1e9).open()
    const request = { signal: signals.traces, isJson: false, memory, body: body.subarray(0, end) }
    const { answer } = await ingest(
      { sink, clock: systemClock, preparer: inlinePreparer, limits: defaultOtlpLimits },
      request,
    )
    assert.equal(answer.status, end === 0 ? 200 : 400)
  }
})
