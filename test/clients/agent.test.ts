/**
 * A real agent's telemetry, exported over OTLP, comes back through a Kafka client: complete, once
 * each, and with the shape the agent gave it.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { runAgent, serviceName } from '../../examples/agent/agent.ts'
import { drawTraces, readSpans } from '../../examples/agent/spans.ts'
import type { Span } from '../../examples/agent/spans.ts'
import { BrokerProcess } from '../support/broker-process.ts'

let broker: BrokerProcess
before(async () => {
  broker = await BrokerProcess.start()
})
after(async () => {
  await broker.close()
})

/** Name and parent's name of every span of one run, in the order of their start. */
const expected = [
  ['invoke_agent mock-model', undefined],
  ['step 1', 'invoke_agent mock-model'],
  ['chat mock-model', 'step 1'],
  ['execute_tool weather', 'step 1'],
  ['step 2', 'invoke_agent mock-model'],
  ['chat mock-model', 'step 2'],
]

test('an agent with two steps and a tool call', async () => {
  assert.equal(await runAgent(`http://${broker.addresses.otlp}`), 'It is 21 °C in Karst.')
  const spans = await readSpans(broker.bootstrap)
  checkTrace(spans)
  const drawing = drawTraces(spans).map((line) =>
    line.replace(/ \(.*/, '').replace(/[0-9a-f]{32}/, 'ID'),
  )
  assert.deepEqual(drawing, [
    'trace ID of weather-agent',
    '  invoke_agent mock-model',
    '    step 1',
    '      chat mock-model',
    '      execute_tool weather',
    '    step 2',
    '      chat mock-model',
  ])
})

test('ten agents at once: every trace is complete, every span there once', async () => {
  const otlp = `http://${broker.addresses.otlp}`
  await Promise.all(Array.from({ length: 10 }, () => runAgent(otlp)))
  const spans = await readSpans(broker.bootstrap)
  const traces = Map.groupBy(spans, (span) => span.traceId)
  assert.equal(traces.size, 11)
  assert.equal(new Set(spans.map((span) => span.spanId)).size, spans.length)
  for (const trace of traces.values()) checkTrace(trace)
})

function checkTrace(spans: Span[]): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]))
  assert.equal(byId.size, spans.length, 'every span once')
  const found = spans.map((span) => [span.name, byId.get(span.parentSpanId)?.name])
  assert.deepEqual(sorted(found), sorted(expected))
  const [root] = spans.filter((span) => span.parentSpanId === '')
  assert.equal(root?.name, 'invoke_agent mock-model')
  for (const span of spans) {
    assert.equal(span.traceId, root.traceId)
    assert.equal(span.recordKey, root.traceId, 'records are keyed by trace id')
    assert.equal(span.place.split(':')[0], root.place.split(':')[0], 'a trace has one partition')
    assert.equal(span.serviceName, serviceName)
    assert.ok(span.durationMs >= 0)
  }
  assert.equal(root.attributes.get('gen_ai.operation.name'), 'invoke_agent')
  assert.equal(root.attributes.get('gen_ai.usage.input_tokens'), 24)
  assert.equal(root.attributes.get('gen_ai.usage.output_tokens'), 14)
  checkInner(spans)
}

function checkInner(spans: Span[]): void {
  const tool = spans.find((span) => span.name === 'execute_tool weather')?.attributes
  assert.equal(tool?.get('gen_ai.operation.name'), 'execute_tool')
  assert.equal(tool?.get('gen_ai.tool.name'), 'weather')
  assert.equal(tool?.get('gen_ai.tool.call.id'), 'call-1')
  const chats = spans.filter((span) => span.name === 'chat mock-model')
  const ordered = chats.toSorted((a, b) => Number(a.startedAt - b.startedAt))
  const reasons = ordered.map((chat) => chat.attributes.get('gen_ai.response.finish_reasons'))
  assert.deepEqual(reasons, [['tool-calls'], ['stop']])
  for (const { attributes } of chats) {
    assert.equal(attributes.get('gen_ai.request.model'), 'mock-model')
    assert.equal(attributes.get('gen_ai.provider.name'), 'mock')
    assert.equal(attributes.get('gen_ai.usage.input_tokens'), 12)
    assert.equal(attributes.get('gen_ai.usage.output_tokens'), 7)
  }
}

function sorted(pairs: (string | undefined)[][]): string[] {
  return pairs.map((pair) => pair.join(' < ')).toSorted((a, b) => (a < b ? -1 : 1))
}
