/** Every client writes with every codec, and every client reads what all of them wrote. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { javaClient } from '../support/clients/java.ts'
import { kafkajsClient, openKafkajs } from '../support/clients/kafkajs.ts'
import { kcatClient } from '../support/clients/kcat.ts'
import { platformaticClient } from '../support/clients/platformatic.ts'
import { codecs } from '../support/record.ts'
import type { Codec, MatrixClient, SeenRecord, SentRecord } from '../support/record.ts'
import { freshName, openTarget } from '../support/target.ts'
import type { Target } from '../support/target.ts'

const clients = [kafkajsClient, platformaticClient, kcatClient, javaClient]
const partitions = 3
const largeValueBytes = 100_000 // several network reads, one batch
const plain = freshName('matrix')
const framed = freshName('matrix-framed-snappy')

let target: Target
const sent = new Map<string, Map<string, SentRecord>>([
  [plain, new Map()], // records by what is unique: the key, or the value of one without key
  [framed, new Map()],
])
const startedAt = Date.now()

before(async () => {
  target = await openTarget()
  const admin = openKafkajs(target.bootstrap).admin()
  const topics = [plain, framed].map((topic) => ({ topic, numPartitions: partitions }))
  await admin.createTopics({ topics })
  await admin.disconnect()
})
after(async () => {
  await target.close()
})

for (const client of clients) {
  test(`${client.name} writes with ${codecs.join(', ')}`, async () => {
    for (const codec of codecs) {
      const records = recordsOf(client, codec)
      const topic = client === javaClient && codec === 'snappy' ? framed : plain
      await client.produce(target.bootstrap, topic, records, codec)
      for (const record of records) sent.get(topic)?.set(identity(record), record)
    }
  })
}

test('the topics hold as many records as were written', async () => {
  const admin = openKafkajs(target.bootstrap).admin()
  let total = 0
  for (const [topic, records] of sent) {
    const ends = await admin.fetchTopicOffsets(topic)
    assert.equal(ends.length, partitions)
    const count = ends.reduce((sum, { high }) => sum + Number(high), 0)
    assert.equal(count, records.size)
    total += count
  }
  await admin.disconnect()
  assert.equal(total, clients.length * codecs.length * 6)
})

for (const client of clients) {
  test(`${client.name} reads what all clients wrote`, async () => {
    await checkTopic(client, plain)
    if (client.readsFramedSnappy) await checkTopic(client, framed)
  })
}

async function checkTopic(client: MatrixClient, topic: string): Promise<void> {
  const records = sent.get(topic) ?? new Map<string, SentRecord>()
  const seen = await client.consume(target.bootstrap, topic, records.size)
  assert.equal(seen.length, records.size)
  const places = new Set(seen.map(({ partition, offset }) => `${partition}:${offset}`))
  assert.equal(places.size, records.size, 'every record once')
  for (const record of seen) checkRecord(record, records.get(identity(record)))
}

function checkRecord(seen: SeenRecord, record: SentRecord | undefined): void {
  assert.ok(record !== undefined, `nobody sent ${identity(seen).slice(0, 80)}`)
  assert.equal(seen.key, record.key)
  assert.equal(seen.value, record.value)
  assert.deepEqual(new Map(seen.headers), new Map(record.headers)) // their order is the client's
  const minute = 60_000
  assert.ok(seen.timestamp >= startedAt - minute, `timestamp ${seen.timestamp}`)
  assert.ok(seen.timestamp <= Date.now() + minute, `timestamp ${seen.timestamp}`)
}

function identity({ key, value }: { key: string | null; value: string | null }): string {
  return key ?? value ?? 'neither key nor value'
}

function recordsOf(client: MatrixClient, codec: Codec): SentRecord[] {
  const name = `${client.name}/${codec}`
  const headers: SentRecord['headers'] = [
    ['trace', '00-0af7651916cd43dd8448eb211c80319c'],
    ['größe', '7 €'],
  ]
  return [
    { key: `${name}/text`, value: 'größer als 7 €', headers: [] },
    { key: null, value: `${name}/no-key`, headers: [] },
    { key: `${name}/no-value`, value: null, headers: [] },
    { key: `${name}/headers`, value: 'with headers', headers },
    { key: `${name}/no-value-headers`, value: null, headers },
    { key: `${name}/large`, value: 'large '.repeat(largeValueBytes / 6), headers: [] },
  ]
}
