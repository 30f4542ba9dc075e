/** What people really run sends in: OpenTelemetry's own exporters, over the network. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { ROOT_CONTEXT, SpanStatusCode, trace } from '@opentelemetry/api'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http'
import { OTLPTraceExporter as JsonTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtoTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { LoggerProvider, SimpleLogRecordProcessor } from '@opentelemetry/sdk-logs'
import { MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  InMemorySpanExporter,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base'
import { MemorySink } from './memory-sink.ts'
import { decode } from './otlp-oracle.ts'
import { silentLog } from '../base/log.ts'
import { systemClock } from '../base/system-clock.ts'
import { type OtlpHttp, startOtlpHttp } from './http-receiver.ts'
import { defaultOtlpLimits } from './limits.ts'

/** A member of an enum that only a package of the exporters' own has. */
const gzip = 'gzip' as never

let receiver: OtlpHttp
const sink = new MemorySink()

before(async () => {
  receiver = await startOtlpHttp({
    listen: { host: '127.0.0.1', port: 0 },
    sink,
    limits: defaultOtlpLimits,
    clock: systemClock,
    log: silentLog,
  })
})

after(() => receiver.close())

function exporters() {
  const url = `http://${receiver.address}/v1/traces`
  return {
    'protobuf with gzip': new ProtoTraceExporter({ url, compression: gzip }),
    protobuf: new ProtoTraceExporter({ url }),
    JSON: new JsonTraceExporter({ url }),
    'JSON with gzip': new JsonTraceExporter({ url, compression: gzip }),
  }
}

/** An agent's run: three traces, each of a step with a tool call in it. */
async function makeSpans(): Promise<ReadableSpan[]> {
  const memory = new InMemorySpanExporter()
  const processor = new BatchSpanProcessor(memory)
  const provider = new BasicTracerProvider({ spanProcessors: [processor] })
  for (let run = 0; run < 3; run++) {
    const tracer = provider.getTracer(`agent-${run % 2}`, '1.2.3', {
      schemaUrl: 'https://example.com/1',
    })
    const step = tracer.startSpan('invoke_agent', { attributes: { run, ratio: 0.25, ok: true } })
    const tool = tracer.startSpan('execute_tool', {}, trace.setSpan(ROOT_CONTEXT, step))
    tool.setAttribute('list', ['a', 'ß', '🙂'])
    tool.addEvent('called', { count: 2 ** 40 })
    tool.addLink({ context: step.spanContext(), attributes: { why: 'test' } })
    tool.setStatus({ code: SpanStatusCode.ERROR, message: 'no' })
    tool.end()
    step.end()
  }
  await provider.forceFlush()
  return memory.getFinishedSpans()
}

interface StoredSpan {
  readonly key: string
  readonly scope: { readonly name: string; readonly version: string }
  readonly schemaUrl: string
  readonly resource: { readonly attributes: readonly { readonly key: string }[] }
  readonly span: { readonly traceId: string; readonly spanId: string; readonly name: string }
}

function storedSpans(): StoredSpan[] {
  return sink.records('otlp_spans').flatMap((record) => {
    const key = Buffer.from(record.key ?? []).toString()
    const { resourceSpans } = decode('TracesData', record.value)
    return resourceSpans.flatMap(({ resource, scopeSpans }: never) =>
      (scopeSpans as never[]).flatMap(({ scope, schemaUrl, spans }) =>
        (spans as never[]).map((span) => ({ key, resource, scope, schemaUrl, span })),
      ),
    )
  })
}

const perEncoding = new Map<string, unknown>()

for (const name of ['protobuf with gzip', 'protobuf', 'JSON', 'JSON with gzip'] as const) {
  test(`traces as ${name} arrive complete, one record per trace, keyed by trace id`, async () => {
    sink.topics.clear()
    const spans = await makeSpans()
    const exporter = exporters()[name]
    const { promise, resolve } = Promise.withResolvers<{ readonly code: number }>()
    exporter.export(spans, resolve)
    assert.deepEqual(await promise, { code: 0 })
    await exporter.shutdown()

    assert.equal(sink.records('otlp_spans').length, 3)
    const stored = storedSpans()
    const hex = (base64: string): string => Buffer.from(base64, 'base64').toString('hex')
    assert.deepEqual(
      stored.map(({ span }) => `${hex(span.traceId)} ${hex(span.spanId)} ${span.name}`).toSorted(),
      spans
        .map((span) => `${span.spanContext().traceId} ${span.spanContext().spanId} ${span.name}`)
        .toSorted(),
    )
    for (const { key, scope, schemaUrl, resource, span } of stored) {
      assert.equal(key, hex(span.traceId))
      assert.match(scope.name, /^agent-[01]$/)
      assert.equal(scope.version, '1.2.3')
      assert.equal(schemaUrl, 'https://example.com/1')
      assert.ok(resource.attributes.some((attribute) => attribute.key === 'service.name'))
    }
    const changing =
      /"(?:traceId|spanId|parentSpanId|startTimeUnixNano|endTimeUnixNano|timeUnixNano)":"[^"]*"/g
    perEncoding.set(
      name,
      JSON.stringify(
        stored.map(({ scope, schemaUrl, resource, span }) => ({
          scope,
          schemaUrl,
          resource,
          span,
        })),
      ).replaceAll(changing, '""'),
    )
  })
}

test('JSON and protobuf of the same spans are stored alike', () => {
  const [first, ...others] = [...perEncoding.values()]
  assert.equal(others.length, 3)
  for (const other of others) assert.equal(other, first)
})

test('logs arrive, keyed by the trace they belong to', async () => {
  const exporter = new OTLPLogExporter({ url: `http://${receiver.address}/v1/logs` })
  const processor = new SimpleLogRecordProcessor({ exporter })
  const provider = new LoggerProvider({ processors: [processor] })
  const logger = provider.getLogger('agent')
  const traceId = '0af7651916cd43dd8448eb211c80319c'
  const context = trace.setSpanContext(ROOT_CONTEXT, {
    traceId,
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
  })
  logger.emit({
    context,
    eventName: 'gen_ai.evaluation.result',
    body: { score: 1, parts: ['a', null] },
  })
  logger.emit({ body: 'no trace' })
  await provider.forceFlush()
  await provider.shutdown()
  const records = sink.records('otlp_logs').map(({ key, value }) => {
    const [resourceLog] = decode('LogsData', value).resourceLogs
    return {
      key: key === null ? null : Buffer.from(key).toString(),
      record: resourceLog.scopeLogs[0].logRecords[0],
    }
  })
  assert.deepEqual(new Set(records.map(({ key }) => key)), new Set([traceId, null]))
  const event = records.find(({ key }) => key === traceId)?.record
  assert.equal(event.eventName, 'gen_ai.evaluation.result')
  assert.equal(event.body.kvlistValue.values.length, 2)
})

test('metrics arrive, without keys', async () => {
  const exporter = new OTLPMetricExporter({ url: `http://${receiver.address}/v1/metrics` })
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  const meter = provider.getMeter('agent')
  meter.createCounter('calls').add(3, { tool: 'search' })
  meter.createHistogram('tokens').record(17)
  meter.createGauge('load').record(0.5)
  await provider.forceFlush()
  await provider.shutdown()
  const metrics = sink.records('otlp_metrics').flatMap(({ key, value }) => {
    assert.equal(key, null)
    return decode('MetricsData', value).resourceMetrics[0].scopeMetrics[0].metrics
  })
  const byName = new Map(metrics.map((metric) => [metric.name, metric]))
  assert.equal(byName.get('calls').sum.dataPoints[0].asDouble, 3)
  assert.equal(byName.get('calls').sum.isMonotonic, true)
  assert.equal(byName.get('tokens').histogram.dataPoints[0].sum, 17)
  assert.equal(byName.get('load').gauge.dataPoints[0].asDouble, 0.5)
})
