import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemorySink } from './memory-sink.ts'
import { decode, encode } from './otlp-oracle.ts'
import { Failure, type FailureKind } from '../base/errors.ts'
import { systemClock } from '../base/system-clock.ts'
import { isolatingAppendsMax } from './append-isolating.ts'
import { ByteBudget } from './byte-budget.ts'
import { ingest, type Ingested } from './ingest.ts'
import { defaultOtlpLimits, type OtlpLimits } from './limits.ts'
import { inlinePreparer } from './prepare.ts'
import { signals } from './signal.ts'

const { traces, logs, metrics } = signals

interface Given {
  readonly sink?: MemorySink
  readonly signal?: typeof traces
  readonly limits?: Partial<OtlpLimits>
  readonly isJson?: boolean
  readonly budgetBytes?: number
}

function send(body: Uint8Array, given: Given = {}): Promise<Ingested> {
  const { sink = new MemorySink(), signal = traces, isJson = false } = given
  const limits = { ...defaultOtlpLimits, ...given.limits }
  const memory = new ByteBudget(given.budgetBytes ?? 1e9).open()
  return ingest(
    { sink, clock: systemClock, preparer: inlinePreparer, limits },
    { signal, body, isJson, memory },
  )
}

const id = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill)
const span = (trace: number, name: string, more: object = {}): object => ({
  traceId: id(16, trace),
  spanId: id(8, trace),
  name,
  ...more,
})
const request = (spans: readonly object[], more: object = {}): Uint8Array =>
  encode('TracesData', { resourceSpans: [{ ...more, scopeSpans: [{ spans }] }] })
/** A field with this number around `content`. */
const within = (number: number, content: Uint8Array): Buffer => {
  const length = encode('Link', { droppedAttributesCount: content.length }).subarray(1)
  return Buffer.concat([Buffer.from([number * 8 + 2]), length, content])
}
const names = (sink: MemorySink): string[] =>
  sink.records('otlp_spans').flatMap(({ value }) => {
    const spans: { name: string }[] = decode('TracesData', value).resourceSpans[0].scopeSpans[0]
      .spans
    return spans.map(({ name }) => name)
  })

test('requests without items succeed, and nothing is appended', async () => {
  const sink = new MemorySink()
  for (const body of [
    encode('TracesData', {}),
    request([]),
    encode('TracesData', { resourceSpans: [{}, {}] }),
  ]) {
    const { answer } = await send(body, { sink })
    assert.deepEqual(answer, { status: 200, rejectedCount: 0, message: '' })
  }
  assert.equal(sink.appendCount, 0)
})

test('spans without valid ids are refused alone, with their place and reason', async () => {
  const sink = new MemorySink()
  const spans = [
    span(1, 'good'),
    span(2, 'no trace id', { traceId: id(0, 0) }),
    span(3, 'zero trace id', { traceId: id(16, 0) }),
    span(4, 'short trace id', { traceId: id(15, 1) }),
    span(5, 'no span id', { spanId: id(0, 0) }),
    span(6, 'long span id', { spanId: id(9, 1) }),
    span(7, 'bad parent', { parentSpanId: id(3, 1) }),
    span(8, 'bad link', { links: [{}, { traceId: id(1, 1) }] }),
    span(9, 'also good'),
  ]
  const { answer, acceptedCount } = await send(request(spans), { sink })
  assert.deepEqual(names(sink), ['good', 'also good'])
  assert.equal(acceptedCount, 2)
  assert.ok(answer.status === 200)
  assert.equal(answer.rejectedCount, 7)
  const place = 'resourceSpans[0].scopeSpans[0].spans'
  assert.equal(
    answer.message,
    `7 spans refused: ${place}[1]: the trace id is missing or zero; ` +
      `${place}[2]: the trace id is missing or zero; ` +
      `${place}[3].traceId: an id of 15 bytes; 16 or none are expected; ` +
      `${place}[4]: the span id is missing or zero; ` +
      `${place}[5].spanId: an id of 9 bytes; 8 or none are expected`,
  )
})

test('text that is no UTF-8 costs its span, or all under its resource', async () => {
  const sink = new MemorySink()
  const spoil = (body: Uint8Array): Uint8Array => {
    const at = Buffer.from(body).indexOf('SPOIL')
    body[at] = 0xff
    return body
  }
  const spans = [span(1, 'a'), span(2, 'b', { attributes: [{ key: 'SPOIL' }] })]
  const one = await send(spoil(request(spans)), { sink })
  assert.ok(one.answer.status === 200)
  assert.equal(
    one.answer.message,
    '1 span refused: resourceSpans[0].scopeSpans[0].spans[1].attributes[0].key: ' +
      'text that is not valid UTF-8',
  )
  assert.deepEqual(names(sink), ['a'])
  // protobufjs writes in order of numbers; here the resource stands behind its spans.
  const resource = encode('ResourceSpans', { resource: { attributes: [{ key: 'SPOIL' }] } })
  const scopes = encode('ResourceSpans', {
    scopeSpans: [{ spans: [span(1, 'a'), span(2, 'b')] }],
  })
  const content = Buffer.concat([scopes, resource])
  const body = within(1, content)
  const all = await send(spoil(body), { sink })
  assert.ok(all.answer.status === 200)
  assert.equal(all.answer.rejectedCount, 2)
  assert.match(all.answer.message, /resourceSpans\[0\]\.resource\.attributes\[0\]\.key: text/)
  assert.equal(sink.appendCount, 1)
})

test('a value nested deeper than readers go costs its log record only', async () => {
  const sink = new MemorySink()
  const logRecord = (depth: number): Buffer => {
    let value: Uint8Array = Buffer.from(encode('AnyValue', { stringValue: 'x' }))
    for (let level = 0; level < depth; level++) value = within(5, within(1, value))
    return within(2, within(5, value))
  }
  const logRecords = Buffer.concat([logRecord(48), logRecord(49), logRecord(10), logRecord(1_000)])
  const body = within(1, within(2, logRecords))
  const { answer } = await send(body, { sink, signal: logs })
  assert.ok(answer.status === 200)
  assert.equal(answer.rejectedCount, 2)
  assert.match(answer.message, /nested deeper than 100 messages/)
  assert.match(answer.message, /logRecords\[1\]\.body/)
  const [record] = sink.records('otlp_logs')
  assert.ok(record)
  const [stored] = decode('LogsData', record.value).resourceLogs[0].scopeLogs
  assert.equal(stored.logRecords.length, 2)
})

test('a log record without trace id has no key; a span too large is refused', async () => {
  const sink = new MemorySink()
  const logRecords = [{ traceId: id(16, 0) }, {}, { traceId: id(16, 0xab) }]
  await send(encode('LogsData', { resourceLogs: [{ scopeLogs: [{ logRecords }] }] }), {
    sink,
    signal: logs,
  })
  const keys = sink
    .records('otlp_logs')
    .map(({ key }) => (key === null ? null : Buffer.from(key).toString()))
  assert.deepEqual(keys, [null, 'ab'.repeat(16)])

  sink.recordBytesMax = 400
  const spans = [span(1, 'a'), span(1, 'x'.repeat(300)), span(1, 'b'), span(1, 'c'.repeat(200))]
  const { answer } = await send(request(spans), { sink })
  assert.ok(answer.status === 200)
  assert.equal(answer.rejectedCount, 1)
  assert.match(
    answer.message,
    /spans\[1\]: 340 bytes with resource and scope, but topic otlp_spans takes at most 272/,
  )
  assert.deepEqual(
    names(sink).map(([first]) => first),
    ['a', 'b', 'c'],
  )
  for (const record of sink.records('otlp_spans')) assert.ok(record.value.length <= 272)
})

test('points of a metric that is larger than a record go into several', async () => {
  const sink = new MemorySink()
  sink.recordBytesMax = 400
  const dataPoints = Array.from({ length: 100 }, (_, index) => ({ asInt: index + 1 }))
  const sum = { dataPoints, isMonotonic: true }
  const body = encode('MetricsData', {
    resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'm', sum }] }] }],
  })
  const { answer, acceptedCount } = await send(body, { sink, signal: metrics })
  assert.deepEqual([answer.status, acceptedCount], [200, 100])
  const read = sink.records('otlp_metrics').flatMap(({ key, value }) => {
    assert.equal(key, null)
    const [metric] = decode('MetricsData', value).resourceMetrics[0].scopeMetrics[0].metrics
    assert.deepEqual([metric.name, metric.sum.isMonotonic], ['m', true])
    return metric.sum.dataPoints.map((point: { asInt: string }) => Number(point.asInt))
  })
  assert.deepEqual(
    read,
    dataPoints.map(({ asInt }) => asInt),
  )
})

test('malformed protobuf is 400 with the place', async () => {
  const good = Buffer.from(request([span(1, 'name')], { resource: { attributes: [{ key: 'k' }] } }))
  const cases: readonly (readonly [Uint8Array, RegExp])[] = [
    [
      good.subarray(0, good.length - 1),
      /^resourceSpans\[0\]: a length of \d+ bytes, but only \d+ bytes are left, at byte 1$/,
    ],
    [
      Buffer.from('0a05', 'hex'),
      /^resourceSpans\[0\]: a length of 5 bytes, but only 0 bytes are left, at byte 1$/,
    ],
    [Buffer.from('0800', 'hex'), /^resourceSpans\[0\]: wire type 0 where 2 is expected/],
    [Buffer.from('00', 'hex'), /^field number 0 does not exist, at byte 0$/],
    [Buffer.from('0b', 'hex'), /wire type 3 where 2/],
    [Buffer.from('9b0100', 'hex'), /^field 19: wire type 3 is not used by OTLP/],
    [Buffer.from('ffffffffffffffffffff01', 'hex'), /more than 32 bits/],
    [
      Buffer.from('0a04120212000a', 'hex'),
      /the bytes end in the middle of a number, at byte 7|cut|end/,
    ],
    [Buffer.from('not protobuf at all'), /./],
    [Buffer.from('{"resourceSpans":[]}'), /./],
  ]
  for (const [body, reason] of cases) {
    const { answer } = await send(body)
    assert.equal(answer.status, 400, Buffer.from(body).toString('hex'))
    assert.match(answer.message, reason)
  }
  const name = good.indexOf('name')
  good[name - 1] = 0x7f
  const { answer } = await send(good)
  assert.ok(answer.status === 400)
  assert.equal(answer.field, 'resourceSpans[0].scopeSpans[0].spans[0].name')
})

test('limits: elements, bytes of records, memory', async () => {
  const spans = Array.from({ length: 50 }, (_, index) => span(index + 1, 'x'))
  const resource = { attributes: [{ key: 'k', value: { stringValue: 'v'.repeat(10_000) } }] }
  const body = request(spans, { resource })
  const sink = new MemorySink()
  const elements = await send(body, { sink, limits: { elementsMax: 51 } })
  assert.equal(elements.answer.status, 413)
  assert.match(elements.answer.message, /more than 51 resources, scopes and spans; send smaller/)
  const records = await send(body, { sink, limits: { recordsBytesMax: 400_000 } })
  assert.equal(records.answer.status, 413)
  assert.match(records.answer.message, /becomes 50 records of 50\d{4} bytes, more than 400000/)
  const split = await send(body, { sink, limits: { recordsMax: 49 } })
  assert.equal(split.answer.status, 413)
  assert.match(split.answer.message, /becomes 50 records, more than 49/)
  const memory = await send(body, { sink, budgetBytes: 400_000 })
  assert.equal(memory.answer.status, 429)
  assert.equal(sink.appendCount, 0)
  const { answer } = await send(body, { sink, limits: { elementsMax: 52 } })
  assert.equal(answer.status, 200)
})

test("each kind of the sink's failure has its status", async () => {
  const expected: Record<FailureKind, number> = {
    overloaded: 429,
    unavailable: 503,
    closed: 503,
    fenced: 503,
    'unknown-outcome': 503,
    conflict: 500,
    'not-found': 500,
    corrupt: 500,
    invalid: 200,
  }
  for (const [kind, status] of Object.entries(expected)) {
    const sink = new MemorySink()
    sink.before = () => {
      throw new Failure(kind as FailureKind, 'the disk is on fire')
    }
    const { answer, failure } = await send(request([span(1, 'a')]), { sink })
    assert.equal(answer.status, status, kind)
    assert.match(answer.message, /the disk is on fire/)
    assert.equal(failure?.kind, status === 200 ? undefined : kind)
  }
})

test('records that the sink calls invalid are found, the others are stored', async () => {
  const sink = new MemorySink()
  const isBad = (key: Uint8Array | null): boolean => (key?.at(-1) ?? 0) === 0x37 // …7
  sink.before = (records) => {
    if (records.some(({ key }) => isBad(key))) throw new Failure('invalid', 'sevens are not liked')
  }
  const spans = Array.from({ length: 40 }, (_, index) => span(index + 1, String(index + 1)))
  const { answer, acceptedCount } = await send(request(spans), { sink })
  assert.ok(answer.status === 200)
  assert.equal(answer.rejectedCount, 3) // 0x07, 0x17, 0x27
  assert.equal(acceptedCount, 37)
  assert.equal(answer.message, '3 spans refused: topic otlp_spans: sevens are not liked')
  const stored = names(sink)
  assert.equal(stored.length, 37)
  assert.equal(new Set(stored).size, 37)
})

test('the search for invalid records ends', async () => {
  const sink = new MemorySink()
  sink.before = () => {
    throw new Failure('invalid', 'no')
  }
  const spans = Array.from({ length: 2_000 }, (_, index) =>
    span(1, 'x', { traceId: Buffer.from((index + 1).toString(16).padStart(32, '0'), 'hex') }),
  )
  const { answer } = await send(request(spans), { sink })
  assert.ok(answer.status === 200)
  assert.equal(answer.rejectedCount, 2_000)
  assert.ok(sink.appendCount < 2 * isolatingAppendsMax)
})

test('JSON of the same request is stored alike; a warning goes into the answer', async () => {
  const sink = new MemorySink()
  const json = {
    resourceSpans: [
      { scopeSpans: [{ spans: [{ traceId: 'AB'.repeat(16), spanId: 'cd'.repeat(8) }] }] },
    ],
  }
  await send(Buffer.from(JSON.stringify(json)), { sink, isJson: true })
  const [record] = sink.records('otlp_spans')
  assert.equal(Buffer.from(record?.key ?? []).toString(), 'ab'.repeat(16))
  const warned = await send(Buffer.from('{"resource_spans":[]}'), { sink, isJson: true })
  assert.deepEqual(warned.answer, {
    status: 200,
    rejectedCount: 0,
    message: "resource_spans: ignored, in OTLP's JSON this field is called 'resourceSpans'",
  })
  const bad = await send(
    Buffer.from('{"resourceSpans":[{"scopeSpans":[{"spans":[{"kind":""}]}]}]}'),
    { isJson: true },
  )
  assert.ok(bad.answer.status === 400)
  assert.equal(bad.answer.field, 'resourceSpans[0].scopeSpans[0].spans[0].kind')
})
