/**
 * Brokers that come and go while clients write: a new one gets its share, one that is asked to stop
 * sends its clients elsewhere, and no client sees a failure of either.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { faultsOf, judge } from '../support/acknowledged.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { readAll } from '../support/clients/kcat.ts'
import { openJavaProducer, openRdkafkaProducer } from '../support/clients/verifiable.ts'
import type { VerifiableProducer } from '../support/clients/verifiable.ts'
import { Fleet } from '../support/fleet.ts'
import { until } from '../support/until.ts'

const partitions = 24
const timeoutMs = 240_000

let fleet: Fleet

before(async () => {
  fleet = await Fleet.start({ brokers: 3 })
})
after(() => fleet.close())

/** How many partitions each broker is shown for, as a client is told. */
async function shares(topic: string): Promise<Map<number, number>> {
  const admin = openKafkajs(fleet.bootstrap).admin()
  const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
  await admin.disconnect()
  const found = new Map<number, number>()
  for (const { leader } of topics[0]?.partitions ?? []) {
    found.set(leader, (found.get(leader) ?? 0) + 1)
  }
  return found
}

/** Bytes that clients wrote through a broker, as its metrics tell. */
async function written(at: number): Promise<number> {
  const broker = fleet.brokers[at]
  assert.ok(broker !== undefined)
  const text = await (await fetch(`http://${broker.addresses.http}/metrics`)).text()
  const lines = text
    .split('\n')
    .filter((line) => line.startsWith('karst_topic_appended_bytes_total'))
  return lines.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
}

async function producers(topic: string): Promise<VerifiableProducer[]> {
  const admin = openKafkajs(fleet.bootstrap).admin()
  await admin.createTopics({ topics: [{ topic, numPartitions: partitions }] })
  await admin.disconnect()
  const shared = { bootstrap: fleet.bootstrap, topic, partitions, timeoutMs }
  return [await openRdkafkaProducer({ ...shared, perSecond: 2_000, padBytes: 500 })]
}

async function check(topic: string, all: readonly VerifiableProducer[]): Promise<void> {
  for (const producer of all) {
    await producer.stop()
    assert.deepEqual(producer.failed(), [], `${producer.name} gave nothing up`)
    const stored = await readAll(fleet.bootstrap, topic)
    const verdict = judge(producer.acknowledged(), stored, stored)
    assert.deepEqual(faultsOf(verdict), [], `${producer.name}, ${stored.length} records`)
  }
}

test('a fourth broker has its share of partitions and traffic within ten seconds', async (t) => {
  const topic = 'join'
  const all = await producers(topic)
  await until(
    () => all.every((each) => each.acknowledgedCount() > 1_000),
    30_000,
    () => 'no load',
  )
  await fleet.add()
  const joinedAt = performance.now()
  await until(
    async () => ((await shares(topic)).get(4) ?? 0) >= 0.8 * (partitions / 4),
    10_000,
    () => 'the fourth broker is shown for less than its share',
  )
  const before4 = await Promise.all([0, 1, 2, 3].map(written))
  await until(
    async () => (await written(3)) - (before4[3] ?? 0) > 0,
    10_000,
    () => 'nobody writes to the fourth broker',
  )
  const movedMs = performance.now() - joinedAt
  const from = await Promise.all([0, 1, 2, 3].map(written))
  await new Promise((resolve) => setTimeout(resolve, 5_000))
  const to = await Promise.all([0, 1, 2, 3].map(written))
  const grown = to.map((bytes, at) => bytes - (from[at] ?? 0))
  const total = grown.reduce((sum, bytes) => sum + bytes, 0)
  const parts = grown.map((bytes) => `${Math.round((100 * bytes) / total)} %`).join(', ')
  t.diagnostic(`first bytes after ${Math.round(movedMs)} ms, then ${parts}`)
  assert.ok(movedMs <= 10_000)
  assert.ok((grown[3] ?? 0) >= 0.8 * (total / 4), 'at least 80 % of its fair share')
  await check(topic, all)
})

test('a broker that is asked to stop is left by its clients before it ends', async (t) => {
  const topic = 'drain'
  const all = await producers(topic)
  const shared = { bootstrap: fleet.bootstrap, topic: 'drain-java', partitions, timeoutMs }
  const admin = openKafkajs(fleet.bootstrap).admin()
  await admin.createTopics({ topics: [{ topic: 'drain-java', numPartitions: partitions }] })
  await admin.disconnect()
  const java = await openJavaProducer({ ...shared, perSecond: 500 })
  const everybody = [...all, java]
  await until(
    () => everybody.every((each) => each.acknowledgedCount() > 500),
    30_000,
    () => 'no load',
  )
  const begunAt = performance.now()
  await fleet.brokers[1]?.stop()
  t.diagnostic(`stopped after ${Math.round(performance.now() - begunAt)} ms`)
  const counts = everybody.map((each) => each.acknowledgedCount())
  await until(
    () => everybody.every((each, at) => each.acknowledgedCount() > (counts[at] ?? 0) + 500),
    10_000,
    () => 'clients do not go on',
  )
  await check(topic, all)
  await check('drain-java', [java])
})
