/** What records must keep on their way through the broker, beyond key and value. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { javaClient } from '../support/clients/java.ts'
import { kafkajsClient, openKafkajs } from '../support/clients/kafkajs.ts'
import { kcatClient, readAll } from '../support/clients/kcat.ts'
import { openKafkajsMember, openKcatMember } from '../support/clients/members.ts'
import { platformaticClient } from '../support/clients/platformatic.ts'
import { openRdkafkaProducer } from '../support/clients/verifiable.ts'
import { codecs } from '../support/record.ts'
import { freshName, openTarget } from '../support/target.ts'
import type { Target } from '../support/target.ts'
import { until } from '../support/until.ts'

const clients = [kafkajsClient, platformaticClient, kcatClient, javaClient]
const manyPartitions = 50
const largeBytes = 900_000 // below the limit of a batch, 1 MiB, as it is by default
const tooLargeBytes = 2_000_000

let target: Target
before(async () => {
  target = await openTarget()
})
after(async () => {
  await target.close()
})

test('timestamps of a client are kept, to the millisecond and in any order', async () => {
  const topic = await createTopic('timestamps', 1)
  const base = Date.now() - 1_000_000
  const times = [base, base + 1, base - 5_000, base + 999_999]
  for (const client of [kafkajsClient, platformaticClient]) {
    for (const codec of codecs) {
      const records = times.map((timestamp, i) => {
        return { key: null, value: `${i}`, headers: [], partition: 0, timestamp }
      })
      await client.produce(target.bootstrap, topic, records, codec)
    }
  }
  for (const client of clients) {
    const seen = await client.consume(target.bootstrap, topic, times.length * 2 * codecs.length)
    for (const { timestamp, value } of seen) assert.equal(timestamp, times[Number(value)])
  }
})

test('a topic that packs batches itself gives every client what was sent', async () => {
  for (const type of ['uncompressed', 'gzip', 'snappy', 'lz4', 'zstd']) {
    const topic = await createTopic(type, 1, { 'compression.type': type })
    const timestamp = Date.now() - 5_000
    for (const codec of codecs) {
      const records = ['a', 'b'].map((value) => {
        return { key: codec, value, headers: [['h', codec] as [string, string]], timestamp }
      })
      await kafkajsClient.produce(target.bootstrap, topic, records, codec)
    }
    for (const client of clients) {
      const seen = await client.consume(target.bootstrap, topic, 2 * codecs.length)
      const expected = codecs.flatMap((codec) => [`${codec} a ${codec}`, `${codec} b ${codec}`])
      const inOrder = seen.toSorted((a, b) => a.offset - b.offset)
      const told = inOrder.map(({ key, value, headers }) => `${key} ${value} ${headers[0]?.[1]}`)
      assert.deepEqual(told, expected, `${client.name}, ${type}`)
      assert.ok(seen.every((record) => record.timestamp === timestamp))
    }
  }
})

test(`${manyPartitions} partitions, each in the order of its writer`, async () => {
  const topic = await createTopic('many', manyPartitions)
  const count = manyPartitions * 20
  const load = { partitions: manyPartitions, count, perSecond: 0, timeoutMs: 30_000 }
  // An idempotent writer: right after a creation Kafka refuses some partitions for a moment, and
  // clients that send all again would write the others twice.
  const writer = await openRdkafkaProducer({ bootstrap: target.bootstrap, topic, ...load })
  await writer.finished()
  for (const client of clients) {
    const seen = await client.consume(target.bootstrap, topic, count)
    assert.equal(new Set(seen.map(({ value }) => value)).size, count, client.name)
    for (const { partition, offset, value } of seen) {
      assert.equal(value, `rd.${offset * manyPartitions + partition}`, client.name)
    }
  }
})

test('large values', async () => {
  const topic = await createTopic('large', 1)
  const valueOf = (name: string) => `${name} ${'x'.repeat(largeBytes)}`
  for (const client of clients) {
    const record = { key: client.name, value: valueOf(client.name), headers: [] }
    await client.produce(target.bootstrap, topic, [record], 'none')
  }
  for (const client of clients) {
    const seen = await client.consume(target.bootstrap, topic, clients.length)
    for (const { key, value } of seen) assert.ok(value === valueOf(key ?? ''), `${key}: differs`)
  }
})

test('a value beyond the limit is refused, and leaves nothing behind', async () => {
  const topic = await createTopic('too-large', 1)
  const records = [{ key: null, value: 'x'.repeat(tooLargeBytes), headers: [] }]
  const refused = /MESSAGE_TOO_LARGE|larger|too large/i
  const send = (client: typeof kafkajsClient) =>
    client.produce(target.bootstrap, topic, records, 'none')
  for (const client of [kafkajsClient, platformaticClient]) {
    await assert.rejects(send(client), (error) => refused.test(tellAll(error)), client.name)
  }
  assert.equal((await readAll(target.bootstrap, topic)).length, 0)
})

test('one client resumes where another one committed', async () => {
  const topic = await createTopic('handover', 1)
  const group = freshName('handover')
  const write = (values: string[]) => {
    const records = values.map((value) => ({ key: null, value, headers: [] }))
    return kafkajsClient.produce(target.bootstrap, topic, records, 'none')
  }
  for (const [open, value] of [
    [openKafkajsMember, 'a'],
    [openKcatMember, 'b'],
    [openKafkajsMember, 'c'],
  ] as const) {
    await write([value])
    const member = await open(target.bootstrap, group, topic)
    const seen = () => [...member.seen().values()]
    await until(
      () => seen().length > 0,
      20_000,
      () => `nobody saw ${value}`,
    )
    assert.deepEqual(seen(), [value])
    await member.leave()
  }
})

async function createTopic(
  what: string,
  numPartitions: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<string> {
  const topic = freshName(what)
  const admin = openKafkajs(target.bootstrap).admin()
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
  await admin.createTopics({ topics: [{ topic, numPartitions, configEntries }] })
  await admin.disconnect()
  return topic
}

/** An error with all that it wraps. */
function tellAll(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { errors = [] } = error as Error & { errors?: unknown[] }
  const inner = [error.cause, ...errors].filter((one) => one !== undefined)
  const { apiId } = error as Error & { apiId?: string }
  return [apiId, error.message, ...inner.map(tellAll)].join(' / ')
}
