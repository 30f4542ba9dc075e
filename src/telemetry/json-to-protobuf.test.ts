import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { decode, encode } from './otlp-oracle.ts'
import { jsonToProtobuf } from './json-to-protobuf.ts'
import { OutputTooLarge } from './protobuf-writer.ts'
import { signals } from './signal.ts'

const { traces, logs, metrics } = signals

function convert(json: string, signal = traces) {
  const converted = jsonToProtobuf(Buffer.from(json), signal.message, 1_000_000)
  assert.ok(converted.outcome === 'converted', JSON.stringify(converted))
  return { value: decode(signal.message.name, converted.bytes), warning: converted.warning }
}

function span(fields: string) {
  const { value, warning } = convert(`{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`)
  return { span: value.resourceSpans[0].scopeSpans[0].spans[0], warning }
}

const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

test('ids are hexadecimal in either case, times keep all their digits', () => {
  const traceId = '5B8EFFF798038103d269b633813fc60c'
  const { span: read } = span(
    `"traceId":"${traceId}","spanId":"EEE19B7EC3C1B174","name":"a",` +
      `"startTimeUnixNano":1544712660300000001,"endTimeUnixNano":"1544712661300000003","kind":2`,
  )
  assert.deepEqual(read, {
    traceId: base64(traceId),
    spanId: base64('EEE19B7EC3C1B174'),
    name: 'a',
    startTimeUnixNano: '1544712660300000001',
    endTimeUnixNano: '1544712661300000003',
    kind: 2,
  })
})

test('every kind of value', () => {
  const values = {
    stringValue: ['"a\\u00df\\ud83d\\ude42\\n"', 'aß🙂\n'],
    boolValue: ['true', true],
    intValue: ['"-9223372036854775808"', '-9223372036854775808'],
    doubleValue: ['-1.5e-3', -0.0015],
    bytesValue: ['"_-8"', '/+8='],
    arrayValue: ['{"values":[{"intValue":1},{}]}', { values: [{ intValue: '1' }, {}] }],
    kvlistValue: ['{"values":[{"key":"k"}]}', { values: [{ key: 'k' }] }],
  } as const
  for (const [name, [json, expected]] of Object.entries(values)) {
    const { span: read } = span(`"attributes":[{"key":"x","value":{"${name}":${json}}}]`)
    assert.deepEqual(read.attributes, [{ key: 'x', value: { [name]: expected } }])
  }
})

test('numbers of metrics: NaN, signed, negative varints, packed lists', () => {
  const point = `"scale":-3,"sum":"NaN","min":"-Infinity","count":"18446744073709551615",
    "positive":{"offset":-2147483648,"bucketCounts":[1,"2",3.0,4e0]}`
  const json = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[
    {"name":"m","exponentialHistogram":
      {"dataPoints":[{${point}}],"aggregationTemporality":1}}]}]}]}`
  const { value } = convert(json, metrics)
  const [metric] = value.resourceMetrics[0].scopeMetrics[0].metrics
  assert.deepEqual(metric.exponentialHistogram, {
    dataPoints: [
      {
        scale: -3,
        sum: NaN,
        min: -Infinity,
        count: '18446744073709551615',
        positive: { offset: -2147483648, bucketCounts: ['1', '2', '3', '4'] },
      },
    ],
    aggregationTemporality: 1,
  })
})

test('null is absent, unknown fields are ignored, an empty body is an empty request', () => {
  assert.deepEqual(span('"name":null,"later":{"a":[1,{"b":null}],"c":"\\""},"kind":1').span, {
    kind: 1,
  })
  assert.deepEqual(convert('').value, {})
  assert.deepEqual(convert(' { } ').value, {})
  assert.deepEqual(convert('{"resourceSpans":null}').value, {})
})

test("a field in protobuf's spelling is ignored too, as OTLP wants, but not in silence", () => {
  const { span: read, warning } = span('"trace_id":"00"')
  assert.deepEqual(read, {})
  assert.equal(
    warning,
    'resourceSpans[0].scopeSpans[0].spans[0].trace_id: ' +
      "ignored, in OTLP's JSON this field is called 'traceId'",
  )
})

const s = 'resourceSpans[0].scopeSpans[0].spans[0]'
const bad: readonly (readonly [json: string, path: string, reason: RegExp])[] = [
  ['[]', '', /^'\[' where TracesData, an object, is expected, at byte 0$/],
  ['{', '', /the JSON ends where a key is expected, at byte 1/],
  ['{}}', '', /'}' where the end is expected, at byte 2/],
  ['{"resourceSpans":[}', 'resourceSpans[0]', /'}' where a value is expected/],
  ['{"resourceSpans":{}}', 'resourceSpans', /an array is expected/],
  ['{"resourceSpans":[null]}', 'resourceSpans[0]', /ResourceSpans, an object, is expected/],
  ['{"resourceSpans":[],}', '', /a key is expected/],
  ['{"resourceSpans" []}', '', /':' is expected/],
  ['{"a":nul}', '', /'null' is expected/],
  ['{"a":01}', '', /'1' where the end of a number is expected/],
  ['{"a":-}', '', /a digit is expected/],
  ['{"a":1.}', '', /a digit is expected/],
  ['{"a":1e+}', '', /a digit is expected/],
  ['{"a":1.5.5}', '', /',' or '}' is expected/],
  ['{"a":"\\x"}', '', /an escape that JSON does not know/],
  ['{"a":"', '', /a string without an end/],
  ['{"a":"\n"}', '', /control character/],
  ['{"resourceSpans":[\xff]}', 'resourceSpans[0]', /a value is expected/],
]
const badSpans: readonly (readonly [fields: string, path: string, reason: RegExp])[] = [
  ['"traceId":"5b8"', `${s}.traceId`, /hexadecimal/],
  ['"traceId":5', `${s}.traceId`, /a string is expected/],
  ['"kind":"SPAN_KIND_SERVER"', `${s}.kind`, /an enum, a number, is expected/],
  ['"kind":4294967296', `${s}.kind`, /32 bits/],
  ['"startTimeUnixNano":-1', `${s}.startTimeUnixNano`, /64 bits, not negative/],
  ['"startTimeUnixNano":1.5', `${s}.startTimeUnixNano`, /whole number/],
  ['"startTimeUnixNano":"1e999"', `${s}.startTimeUnixNano`, /whole number/],
  [`"startTimeUnixNano":"${'9'.repeat(1_000)}"`, `${s}.startTimeUnixNano`, /not '9{40}'/],
  [
    '"attributes":[{},{"value":{"boolValue":"true"}}]',
    `${s}.attributes[1].value.boolValue`,
    /true or false/,
  ],
  ['"attributes":[{"value":{"bytesValue":"*"}}]', `${s}.attributes[0].value.bytesValue`, /base64/],
  [
    '"attributes":[{"value":{"doubleValue":"1,5"}}]',
    `${s}.attributes[0].value.doubleValue`,
    /a number/,
  ],
  ['"name":{}', `${s}.name`, /a string is expected/],
]

test('what is wrong is told with its place', () => {
  const inSpan = badSpans.map(
    ([fields, ...rest]) =>
      [`{"resourceSpans":[{"scopeSpans":[{"spans":[{${fields}}]}]}]}`, ...rest] as const,
  )
  for (const [json, path, reason] of [...bad, ...inSpan]) {
    const outcome = jsonToProtobuf(Buffer.from(json), traces.message, 1_000_000)
    assert.ok(outcome.outcome === 'bad', json)
    assert.equal(outcome.path, path, json)
    assert.match(outcome.reason, reason, json)
  }
  const notText = jsonToProtobuf(Buffer.from([0x7b, 0x22, 0xff]), traces.message, 1_000)
  assert.deepEqual(notText, { outcome: 'bad', path: '', reason: 'the body is not valid UTF-8' })
})

test('nesting is bounded, in what is known and in what is not', () => {
  const deep = (open: string, close: string): string => open.repeat(300) + close.repeat(300)
  const known = deep('{"arrayValue":{"values":[', ']}}')
  for (const json of [
    `{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":${known}}]}]}]}`,
    `{"unknown":${deep('[', ']')}}`,
    `{"unknown":${'[{"a":'.repeat(1_000_000)}`,
  ]) {
    const outcome = jsonToProtobuf(Buffer.from(json), logs.message, 1_000_000)
    assert.ok(outcome.outcome === 'bad')
    assert.match(outcome.reason, /nested deeper than 200/)
  }
})

test('small JSON can not become large protobuf', () => {
  const counts = '1,'.repeat(100_000)
  const json = `{"resourceMetrics":[{"scopeMetrics":[{"metrics":[{"histogram":{"dataPoints":[
    {"bucketCounts":[${counts}1]}]}}]}]}]}`
  const convertIt = () => jsonToProtobuf(Buffer.from(json), metrics.message, 300_000)
  assert.throws(convertIt, OutputTooLarge)
})

test('any text and any number survives, whatever lengths they have', () => {
  const value = fc.record({
    name: fc.string({ unit: 'binary', maxLength: 400 }),
    droppedAttributesCount: fc.nat(),
    startTimeUnixNano: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }).map(String),
    attributes: fc.array(
      fc.record({
        key: fc.string({ unit: 'grapheme' }),
        value: fc.oneof(
          fc.record({
            intValue: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
          }),
          fc.record({ doubleValue: fc.double({ noNaN: true, noDefaultInfinity: true }) }),
        ),
      }),
      { maxLength: 20 },
    ),
  })
  const property = fc.property(value, fc.integer({ min: 0, max: 2 }), (fields, indent) => {
    const wanted = { resourceSpans: [{ scopeSpans: [{ spans: [fields] }] }] }
    const expected = decode('TracesData', encode('TracesData', wanted))
    const { value: read } = convert(JSON.stringify(wanted, null, indent))
    assert.deepEqual(withoutDefaults(read), withoutDefaults(expected))
  })
  fc.assert(property, { numRuns: 300 })
})

/** protobufjs writes defaults of fields that have presence only where they were given. */
function withoutDefaults(value: unknown): unknown {
  return JSON.parse(
    JSON.stringify(value, (_key, each: unknown) =>
      each === '' || each === 0 || each === '0' ? undefined : each,
    ),
  )
}
