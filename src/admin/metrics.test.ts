/** /metrics and /readyz of a real broker, scraped as Prometheus does. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BrokerProcess } from '../../test/support/broker-process.ts'
import { here } from '../../test/support/karst-command.ts'
import { metricTable } from './metric-table.ts'

let broker: BrokerProcess
before(async () => {
  broker = await BrokerProcess.start()
})
after(() => broker.close())

async function scrape(): Promise<Map<string, number>> {
  const response = await fetch(`http://${broker.addresses.http}/metrics`)
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
  const lines = (await response.text()).split('\n')
  const samples = lines.filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    samples.map((line) => {
      const at = line.lastIndexOf(' ')
      const value = Number(line.slice(at + 1))
      assert.ok(!Number.isNaN(value), line)
      return [line.slice(0, at), value]
    }),
  )
}

test('what clients do is counted', async () => {
  const karst = (...args: string[]): Promise<unknown> => here(broker.bootstrap, args)
  await karst('topic', 'create', 'counted', '-p', '1')
  await karst('produce', 'counted', '-v', 'one', '-v', 'two')
  await karst('consume', 'counted', '--until-end', '--group', 'counting')
  const traces = { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: '00', spanId: '01' }] }] }] }
  await fetch(`http://${broker.addresses.otlp}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(traces),
  })
  for (const path of ['subjects/a', 'subjects/b']) {
    await fetch(`http://${broker.addresses.registry}/${path}/versions`)
  }
  const seen = await scrape()
  const atLeast = (name: string, least: number): void =>
    assert.ok((seen.get(name) ?? -1) >= least, `${name} is ${seen.get(name)}, not ${least}`)
  assert.equal(seen.get('karst_topic_appended_records_total{topic="counted"}'), 2)
  assert.equal(seen.get('karst_topic_appended_batches_total{topic="counted"}'), 1)
  atLeast('karst_topic_appended_bytes_total{topic="counted"}', 70)
  atLeast('karst_topic_read_bytes_total{topic="counted"}', 70)
  assert.equal(seen.get('karst_requests_total{api="Produce",version="12",outcome="answered"}'), 1)
  assert.equal(seen.get('karst_request_duration_seconds_count{api="Produce"}'), 1)
  assert.equal(seen.get('karst_request_duration_seconds_bucket{api="Produce",le="+Inf"}'), 1)
  atLeast('karst_journal_write_seconds_count', 1)
  atLeast('karst_catalog_transaction_seconds_count{name="commit-groups"}', 1)
  atLeast('karst_catalog_transaction_seconds_count{name="commit group offsets"}', 1)
  atLeast('karst_tail_cache_reads_total{result="hit"}', 1)
  atLeast('karst_groups', 1)
  assert.equal(seen.get('karst_append_queue_bytes'), 0)
  assert.equal(seen.get('karst_ready'), 1)
  atLeast('process_resident_memory_bytes', 1e7)
  const route = 'route="/subjects/:subject/versions",method="GET"'
  assert.equal(seen.get(`karst_registry_requests_total{${route},status="404"}`), 2)
  assert.equal(seen.get(`karst_registry_request_duration_seconds_count{${route}}`), 2)
  const otlp = [...seen].find(([name]) => name.startsWith('karst_otlp_requests_total'))
  assert.match(otlp?.[0] ?? '', /signal="traces"/)
  atLeast('nodejs_eventloop_utilization_ratio', 0)
  assert.ok((await scrape()).has('nodejs_eventloop_lag_seconds{quantile="0.99"}'))
})

test('a client that speaks no Kafka is counted as refused', async () => {
  const before = (await scrape()).get('karst_requests_refused_total') ?? 0
  const { connect } = await import('node:net')
  const [host = '', port = ''] = broker.bootstrap.split(':')
  const socket = connect({ host, port: Number(port) })
  socket.on('error', () => undefined)
  // A frame of API key 32,000.
  socket.write(Buffer.from('0000000a7d0000000000000100ff', 'hex'))
  await new Promise((closed) => socket.once('close', closed))
  assert.equal((await scrape()).get('karst_requests_refused_total'), before + 1)
})

test('every metric that is printed is in the table, and nearly all are printed', async () => {
  const printed = new Set(
    [...(await scrape()).keys()].map((name) =>
      (name.split('{')[0] ?? '').replace(/_(bucket|sum|count)$/, ''),
    ),
  )
  const unknown = [...printed].filter((name) => !Object.hasOwn(metricTable, name))
  assert.deepEqual(unknown, [])
  // The last run of a job is there once one has run; a bucket, a feed, zones, a clock of
  // its own and small groups inside the commit in a fleet.
  const missing = Object.keys(metricTable).filter(
    (name) =>
      !printed.has(name) &&
      name !== 'karst_job_last_run_seconds' &&
      name !== 'karst_zone_bytes_total' &&
      name !== 'karst_clock_difference_seconds' &&
      !name.startsWith('karst_object_store_') &&
      !name.startsWith('karst_feed_') &&
      !name.startsWith('karst_inline_'),
  )
  assert.deepEqual(missing, [])
})

test('readyz and healthz', async () => {
  const ready = await fetch(`http://${broker.addresses.http}/readyz`)
  assert.deepEqual([ready.status, await ready.text()], [200, 'ready\n'])
  assert.equal((await fetch(`http://${broker.addresses.http}/healthz`)).status, 200)
})
