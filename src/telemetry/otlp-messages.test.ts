import assert from 'node:assert/strict'
import { test } from 'node:test'
import { otlpFields } from './otlp-oracle.ts'
import { type Message, otlpMessage } from './otlp-messages.ts'
import { signals } from './signal.ts'

/** Where our names differ from the specification's. */
const renamed: Record<string, string> = { SpanEvent: 'Event', SpanLink: 'Link' }
const asProtobuf: Record<string, string> = { traceId: 'bytes', spanId: 'bytes', enum: 'int32' }

test('the table has every field of OTLP with its number and type, and no other', () => {
  const seen = new Set<string>()
  const compare = (message: Message): void => {
    const name = renamed[message.name] ?? message.name
    if (seen.has(name)) return
    seen.add(name)
    const fields = [...message.byName.values()].map((field) => {
      const type = typeof field.type === 'string' ? field.type : field.type.name
      const plain = renamed[type] ?? asProtobuf[type] ?? type
      if (typeof field.type !== 'string') compare(field.type)
      return [
        field.name,
        field.isRepeated ? [field.number, plain, 'repeated'] : [field.number, plain],
      ]
    })
    assert.deepEqual(Object.fromEntries(fields), otlpFields[name], name)
  }
  for (const signal of Object.values(signals)) compare(signal.message)
  const answers = /^(?:ExportResponse|PartialSuccess|RpcStatus|Any|BadRequest|FieldViolation)$/
  const expected = Object.keys(otlpFields).filter((name) => !answers.test(name))
  assert.deepEqual([...seen].toSorted(), expected.toSorted())
})

test('the way from a request to its items ends at spans, log records and data points', () => {
  const leaves = (message: Message): string[] =>
    [...message.byName.values()].flatMap(({ isSpine, type }) => {
      if (!isSpine || typeof type === 'string') return []
      return type.hasSpine ? leaves(type) : [type.name]
    })
  assert.deepEqual(leaves(signals.traces.message), ['Span'])
  assert.deepEqual(leaves(signals.logs.message), ['LogRecord'])
  assert.deepEqual(leaves(signals.metrics.message), [
    'NumberDataPoint',
    'NumberDataPoint',
    'HistogramDataPoint',
    'ExponentialHistogramDataPoint',
    'SummaryDataPoint',
  ])
  assert.equal(otlpMessage('Span').hasSpine, false)
})
