/**
 * Idempotent producers behind a proxy that cuts their connections: nothing lost, nothing twice,
 * everything in order.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { faultsOf, judge } from '../support/acknowledged.ts'
import type { Acknowledged, ReadRecord } from '../support/acknowledged.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { readAll } from '../support/clients/kcat.ts'
import { openJavaProducer, openRdkafkaProducer } from '../support/clients/verifiable.ts'
import type { ProducerOptions, VerifiableProducer } from '../support/clients/verifiable.ts'
import { CutProxy } from '../support/cut-proxy.ts'
import type { CutProxyOptions } from '../support/cut-proxy.ts'
import { freshName, openTarget } from '../support/target.ts'
import type { Target } from '../support/target.ts'

const partitions = 3
const count = 20_000
const timeoutMs = 120_000
const seed = Number(process.env['KARST_TEST_SEED'] ?? 20_261_120)

let target: Target
before(async () => {
  target = await openTarget()
})
after(async () => {
  await target.close()
})

type ProxyExtras = Partial<Pick<CutProxyOptions, 'spareFragile'>>

interface Producing {
  proxy: CutProxy
  topic: string
}

const programs: Record<string, (options: ProducerOptions) => Promise<VerifiableProducer>> = {
  librdkafka: openRdkafkaProducer,
  java: openJavaProducer,
}

for (const [name, open] of Object.entries(programs)) {
  test(`${name} behind a cutting proxy`, async (t) => {
    const { proxy, topic } = await startProducing(name)
    const load = { count, perSecond: 4_000, padBytes: 200, timeoutMs }
    const producer = await open({ bootstrap: proxy.bootstrap, topic, partitions, ...load })
    try {
      await producer.finished()
    } finally {
      await proxy.close()
    }
    assert.deepEqual(producer.failed(), [])
    assert.equal(producer.acknowledgedCount(), count)
    t.diagnostic(`cuts: ${JSON.stringify(proxy.counts)}`)
    await check(proxy, topic, producer.acknowledged(), count)
  })
}

test('kafkajs behind a cutting proxy', async (t) => {
  const { proxy, topic } = await startProducing('kafkajs', { spareFragile: true })
  const retry = { initialRetryTime: 10, maxRetryTime: 200, retries: 100 }
  const kafka = openKafkajs(proxy.bootstrap, { retry, requestTimeout: 5_000 })
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await sendUntilDone(() => producer.connect())
  const acknowledged: Acknowledged[] = []
  const sends = 300
  const perSend = 20
  for (let i = 0; i < sends; i++) {
    const partition = i % partitions
    const messages = Array.from({ length: perSend }, (_, j) => ({
      partition,
      value: `js.${i * perSend + j}`,
      headers: { pad: 'x'.repeat(200) },
    }))
    const [result] = await sendUntilDone(() => producer.send({ topic, messages, acks: -1 }))
    const base = Number(result?.baseOffset)
    for (const [j, { value }] of messages.entries()) {
      acknowledged.push({ partition, offset: base + j, value })
    }
  }
  await producer.disconnect()
  await proxy.close()
  t.diagnostic(`cuts: ${JSON.stringify(proxy.counts)}`)
  await check(proxy, topic, acknowledged, sends * perSend)
})

/**
 * kafkajs gives up while it is between two connections. Sending the same again is safe: it keeps
 * the sequence number of what was not acknowledged.
 */
async function sendUntilDone<T>(send: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      return await send()
    } catch (error) {
      if (performance.now() > deadline) throw error
      await sleep(50)
    }
  }
}

async function startProducing(name: string, more: ProxyExtras = {}): Promise<Producing> {
  const topic = freshName(`idempotent-${name}`)
  const admin = openKafkajs(target.bootstrap).admin()
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })
  await admin.disconnect()
  const life = { lifeBytesMax: 120_000, lifeResponsesMax: 20 }
  const proxy = await CutProxy.start({ target: target.bootstrap, seed, ...life, ...more })
  return { proxy, topic }
}

async function check(
  proxy: CutProxy,
  topic: string,
  acknowledged: readonly Acknowledged[],
  written: number,
): Promise<void> {
  const again = `KARST_TEST_SEED=${seed}`
  assert.ok(proxy.counts.request > 0, `no request was cut, ${again}`)
  assert.ok(proxy.counts.response > 0, `no response was cut, ${again}`)
  assert.ok(proxy.counts.lostAnswer > 0, `no acknowledgement was lost, ${again}`)
  const records: ReadRecord[] = await readAll(target.bootstrap, topic)
  assert.deepEqual(faultsOf(judge(acknowledged, records)), [], again)
  assert.equal(records.length, written, again)
}
