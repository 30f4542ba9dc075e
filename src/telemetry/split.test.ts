import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decode, encode } from './otlp-oracle.ts'
import { openEnvelope } from './envelope.ts'
import { signals } from './signal.ts'
import { type Plan, planRecords, recordByteCount, writeRecords } from './split.ts'

type Json = Record<string, unknown>

const traceIds = [1, 2, 3].map((n) => new Uint8Array(16).fill(n))
const attributes = fc.array(
  fc.record({ key: fc.string(), value: fc.record({ stringValue: fc.string({ maxLength: 200 }) }) }),
  { maxLength: 3 },
)
const frame = { schemaUrl: fc.string({ maxLength: 5 }) }
const resource = fc.option(fc.record({ attributes }), { nil: undefined })
const scope = fc.option(fc.record({ name: fc.string(), attributes }), { nil: undefined })

const span = fc.record({
  traceId: fc.constantFrom(...traceIds),
  spanId: fc
    .uint8Array({ minLength: 8, maxLength: 8 })
    .map((id) => (id.every((b) => b === 0) ? id.fill(1) : id)),
  name: fc.string({ maxLength: 300 }),
  attributes,
})
const logRecord = fc.record({
  traceId: fc.constantFrom(new Uint8Array(), ...traceIds),
  body: fc.record({ stringValue: fc.string({ maxLength: 300 }) }),
})
const points = fc.array(fc.record({ asInt: fc.integer(), attributes }), { maxLength: 5 })
const metric = fc.oneof(
  fc.record({ name: fc.string(), gauge: fc.record({ dataPoints: points }) }),
  fc.record({
    name: fc.string(),
    sum: fc.record({ dataPoints: points, isMonotonic: fc.boolean() }),
  }),
)

function request(resources: string, scopes: string, items: string, item: fc.Arbitrary<unknown>) {
  const scopeOf = fc.record({ scope, ...frame, [items]: fc.array(item, { maxLength: 6 }) })
  const resourceOf = fc.record({
    resource,
    ...frame,
    [scopes]: fc.array(scopeOf, { maxLength: 3 }),
  })
  return fc.record({ [resources]: fc.array(resourceOf, { maxLength: 3 }) }) as fc.Arbitrary<Json>
}

/** Every item with all that is around it, as text. */
function flatten(value: Json, names: readonly string[], around: unknown[] = []): string[] {
  const [name, ...rest] = names
  if (name === undefined) return [JSON.stringify([around, value])]
  const others =
    names.length > 1 ? ['gauge', 'sum'].find((data) => name === 'data' && data in value) : undefined
  const key = others ?? name
  const inner = value[key]
  const list = (Array.isArray(inner) ? inner : inner === undefined ? [] : [inner]) as Json[]
  const { [key]: _, ...frameOf } = value
  return list.flatMap((each) => flatten(each, rest, [...around, key, frameOf]))
}

function writeEach(bytes: Uint8Array, plan: Plan): Uint8Array[] {
  const all = writeRecords(bytes, plan)
  let end = 0
  return plan.records.map(({ byteCount }) => all.subarray(end, (end += byteCount)))
}

const cases = [
  {
    signal: signals.traces,
    request: request('resourceSpans', 'scopeSpans', 'spans', span),
    names: ['resourceSpans', 'scopeSpans', 'spans'],
  },
  {
    signal: signals.logs,
    request: request('resourceLogs', 'scopeLogs', 'logRecords', logRecord),
    names: ['resourceLogs', 'scopeLogs', 'logRecords'],
  },
  {
    signal: signals.metrics,
    request: request('resourceMetrics', 'scopeMetrics', 'metrics', metric),
    names: ['resourceMetrics', 'scopeMetrics', 'metrics', 'data', 'dataPoints'],
  },
] as const

for (const { signal, request: requests, names } of cases) {
  test(`${signal.name}: split and put together is what was sent, no record too large`, () => {
    const property = fc.property(
      requests,
      fc.integer({ min: 20, max: 3_000 }),
      (value, bytesMax) => {
        const bytes = encode(signal.message.name, value)
        const { items, rejectedCount } = openEnvelope(bytes, signal, 1_000)
        assert.equal(rejectedCount, 0)
        const plan = planRecords(items, bytesMax)
        const written = writeEach(bytes, plan)
        const merged = written.flatMap((record, index) => {
          assert.ok(record.length <= bytesMax)
          assert.equal(record.length, plan.records[index]?.byteCount)
          const flat = flatten(decode(signal.message.name, record), names)
          assert.equal(flat.length, plan.records[index]?.items.length, 'one item each')
          for (const item of plan.records[index]?.items ?? []) {
            assert.equal(item.traceId, plan.records[index]?.traceId)
          }
          return flat
        })
        for (const item of plan.tooLarge) {
          assert.ok(recordByteCount(item) > bytesMax)
          const items = [item]
          const byteCount = recordByteCount(item)
          const records = [{ traceId: item.traceId, items, byteCount }]
          const alone = { records, byteCount, tooLarge: [] }
          merged.push(...flatten(decode(signal.message.name, writeRecords(bytes, alone)), names))
        }
        const sent = flatten(decode(signal.message.name, bytes), names)
        assert.deepEqual(merged.toSorted(), sent.toSorted())
      },
    )
    fc.assert(property, { numRuns: 500 })
  })
}

test('a trace is one record as long as it fits, and the next begins only when it does not', () => {
  const spans = Array.from({ length: 100 }, (_, index) => ({
    traceId: traceIds[index % 2],
    spanId: new Uint8Array(8).fill(index + 1),
    name: 'x'.repeat(80),
  }))
  const bytes = encode('TracesData', { resourceSpans: [{ scopeSpans: [{ spans }] }] })
  const { items } = openEnvelope(bytes, signals.traces, 1_000)
  assert.equal(planRecords(items, 1_000_000).records.length, 2)
  const [all] = planRecords(items, 1_000_000).records
  assert.ok(all)
  assert.equal(planRecords(items, all.byteCount).records.length, 2, 'exactly as large as allowed')
  const split = planRecords(items, all.byteCount - 1).records
  assert.deepEqual(
    split.map((record) => record.items.length),
    [49, 1, 49, 1],
  )
})

test('unknown fields around and in items are kept as they came', () => {
  const unknown = Buffer.from('9a3f03616263', 'hex') // field 1011, 'abc'
  const framed = (...parts: Uint8Array[]): Buffer => {
    const content = Buffer.concat(parts)
    return Buffer.concat([Buffer.from([0x0a, content.length]), content])
  }
  const second = (...parts: Uint8Array[]): Buffer => {
    const bytes = framed(...parts)
    bytes[0] = 0x12
    return bytes
  }
  const spanBytes = encode('Span', {
    traceId: traceIds[0],
    spanId: new Uint8Array(8).fill(1),
    name: 'a',
  })
  const bytes = framed(second(second(spanBytes, unknown), unknown), unknown)
  const { items } = openEnvelope(bytes, signals.traces, 1_000)
  const written = Buffer.from(writeRecords(bytes, planRecords(items, 1_000)))
  assert.equal(written.length, bytes.length)
  assert.equal(written.toString('hex').split(unknown.toString('hex')).length - 1, 3)
  assert.deepEqual(decode('TracesData', written), decode('TracesData', bytes))
})
