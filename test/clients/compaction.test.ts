/** A compacted topic as clients of three vendors use it: they write, and read the latest per key. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { BrokerProcess } from '../support/broker-process.ts'
import { javaClient } from '../support/clients/java.ts'
import { kafkajsClient, openKafkajs } from '../support/clients/kafkajs.ts'
import { readAll } from '../support/clients/kcat.ts'
import { codecs, type SeenRecord } from '../support/record.ts'
import { freshName } from '../support/target.ts'
import { until } from '../support/until.ts'

const keyCount = 5
const rounds = 6

let broker: BrokerProcess
before(async () => {
  const env = { KARST_PACK_WINDOW_MS: '300', KARST_LOG_CLEANER_BACKOFF_MS: '200' }
  broker = await BrokerProcess.start({ env })
})
after(async () => {
  await broker.close()
})

async function createTopic(what: string): Promise<string> {
  const topic = freshName(what)
  const admin = openKafkajs(broker.bootstrap).admin()
  const configs = {
    'cleanup.policy': 'compact',
    'min.cleanable.dirty.ratio': '0',
    'delete.retention.ms': '0',
  }
  const configEntries = Object.entries(configs).map(([name, value]) => ({ name, value }))
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] })
  await admin.disconnect()
  return topic
}

/** By key, as text. */
const told = (records: readonly SeenRecord[]): string[] =>
  records.map(({ key, value, headers }) => `${key}=${value} ${headers[0]?.[1]}`).toSorted()

test('every client reads the latest record of each key, and nothing else', async () => {
  const topic = await createTopic('latest')
  const sent: { key: string; value: string; headers: [string, string][] }[] = []
  for (let round = 0; round < rounds; round++) {
    for (const codec of codecs) {
      const records = Array.from({ length: keyCount }, (_, at) => ({
        key: `k${at}`,
        value: `${codec} ${round}`,
        headers: [['round', `${round}`]] as [string, string][],
      }))
      // The last batch holds one key only: of the others one survivor is in an older batch.
      const some = round === rounds - 1 && codec === codecs.at(-1) ? records.slice(0, 1) : records
      await kafkajsClient.produce(broker.bootstrap, topic, some, codec)
      sent.push(...some)
    }
  }
  const latest = new Map(sent.map((record) => [record.key, record]))
  const expected = [...latest.values()]
    .map(({ key, value, headers }) => `${key}=${value} ${headers[0]?.[1]}`)
    .toSorted()
  await until(
    async () => (await readAll(broker.bootstrap, topic)).length === keyCount,
    20_000,
    () => `it is not compacted\n${broker.errors}`,
  )
  assert.deepEqual(told(await readAll(broker.bootstrap, topic)), expected, 'kcat')
  for (const client of [kafkajsClient, javaClient]) {
    const seen = await client.consume(broker.bootstrap, topic, keyCount)
    assert.deepEqual(told(seen), expected, client.name)
  }
})

test('tombstones and aborted transactions leave nothing behind', async () => {
  const topic = await createTopic('emptied')
  const kafka = openKafkajs(broker.bootstrap)
  const transactionalId = freshName('txn')
  const producer = kafka.producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  for (let round = 0; round < 4; round++) {
    const transaction = await producer.transaction()
    const messages = [
      { key: 'a', value: `${round}` },
      { key: 'gone', value: round === 2 ? null : `${round}` },
    ]
    await transaction.send({ topic, messages })
    if (round === 3) await transaction.abort()
    else await transaction.commit()
  }
  await producer.disconnect()
  const seen = (): Promise<SeenRecord[]> => readAll(broker.bootstrap, topic)
  const values = async (): Promise<string[]> =>
    (await seen()).map(({ key, value }) => `${key}=${value}`)
  await until(
    async () => (await values()).join() === 'a=2',
    20_000,
    () => `it is not compacted\n${broker.errors}`,
  )
  const [read] = await kafkajsClient.consume(broker.bootstrap, topic, 1)
  assert.equal(read?.value, '2')
})

test('a record without a key is refused with its place', async () => {
  const topic = await createTopic('keyless')
  const record = { key: null, value: 'x', headers: [] }
  await assert.rejects(kafkajsClient.produce(broker.bootstrap, topic, [record], 'none'))
  assert.deepEqual(await readAll(broker.bootstrap, topic), [])
})
