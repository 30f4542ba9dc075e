/** Records that do not come over Kafka's protocol: every one arrives, in batches that fit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../base/log.ts'
import { configureTopic } from '../catalog/topics.ts'
import { inlineChecker } from '../contract/check/record-checker.ts'
import { TopicContracts } from '../contract/topic-contracts.ts'
import { codecIdOf, recordCountOf } from '../record/batch-header.ts'
import { codecIdOfName } from '../record/codec.ts'
import { partitionOfKey } from '../record/murmur2.ts'
import { recordsIn } from '../record/records.ts'
import { schemaFormats } from '../registry/schema/schema-formats.ts'
import { inlineRepacker } from '../../test/support/inline-repacker.ts'
import { LogWorld } from '../../test/log/log-world.ts'
import { LogSink, type SinkRecord } from './log-sink.ts'

async function newSink(): Promise<{ world: LogWorld; sink: LogSink }> {
  const world = new LogWorld()
  const { logs, topics } = await world.within(world.start())
  const { clock, database } = world
  const shape = { partitionCount: 3, replicationFactor: 1 }
  const checker = inlineChecker(schemaFormats)
  const contracts = new TopicContracts({ database, checker, clock, log: silentLog })
  const parts = { logs, topics, clock, repacker: inlineRepacker, contracts }
  return { world, sink: new LogSink({ ...parts, ...shape }) }
}

const record = (key: string | null, bytes = 10): SinkRecord => ({
  key: key === null ? null : Buffer.from(key),
  value: Buffer.alloc(bytes, 'v'),
  headers: [{ key: 'h', value: Buffer.from('1') }],
  timestampMs: 5,
})

/** Counts of records by batch, by partition. */
async function batchesOf(world: LogWorld, name: string): Promise<number[][]> {
  const ids = world.process.topics.byName(name)?.partitionIds ?? []
  const counts: number[][] = []
  for (const id of ids) {
    const batches = await world.within(world.readAll(id))
    counts.push(batches.map((batch) => recordCountOf(batch, 0)))
  }
  return counts
}

test('keys choose the partition as Kafka does; without one, batches go round', async () => {
  const { world, sink } = await newSink()
  const keys = ['a', 'b', 'c', 'd', 'e']
  await world.within(
    sink.append(
      't',
      keys.map((key) => record(key)),
    ),
  )
  const expected = [0, 0, 0]
  for (const key of keys) expected[partitionOfKey(Buffer.from(key), 3)]!++
  const counts = await batchesOf(world, 't')
  assert.deepEqual(
    counts.map((batches) => batches.reduce((sum, count) => sum + count, 0)),
    expected,
  )
  for (let round = 0; round < 3; round++) {
    await world.within(sink.append('round', [record(null), record(null)]))
  }
  assert.deepEqual(await batchesOf(world, 'round'), [[2], [2], [2]])
})

test('no batch is larger than the topic allows', async () => {
  const { world, sink } = await newSink()
  await world.within(world.createTopic('small', 1, { 'max.message.bytes': '1000' }))
  assert.equal(await world.within(sink.maxRecordBytes('small')), 1_000)
  await world.within(
    sink.append(
      'small',
      Array.from({ length: 10 }, () => record(null, 300)),
    ),
  )
  const [id = -1] = world.process.topics.byName('small')?.partitionIds ?? []
  const batches = await world.within(world.readAll(id))
  assert.ok(batches.length > 1)
  for (const batch of batches) assert.ok(batch.length <= 1_000, `${batch.length} bytes`)
  assert.equal(
    batches.reduce((sum, batch) => sum + recordCountOf(batch, 0), 0),
    10,
  )
})

test('what a restart finds is what was confirmed', async () => {
  const { world, sink } = await newSink()
  await world.within(sink.append('t', [record('k')]))
  await world.within(world.restart(true))
  const counts = await batchesOf(world, 't')
  assert.deepEqual(counts.flat(), [1])
})

test('batches are packed as the topic stores them', async () => {
  const { world, sink } = await newSink()
  for (const type of ['producer', 'uncompressed', 'zstd', 'snappy']) {
    await world.within(world.createTopic(type, 1, { 'compression.type': type }))
    await world.within(sink.append(type, [record('a', 500), record('b', 500)]))
    const [id] = world.process.topics.byName(type)?.partitionIds ?? []
    const [batch, ...more] = await world.within(world.readAll(id ?? -1))
    assert.ok(batch !== undefined && more.length === 0)
    const codec = type === 'zstd' || type === 'snappy' ? type : 'none'
    assert.equal(codecIdOf(batch, 0), codecIdOfName(codec))
    const keys = [...recordsIn(batch)].map(({ key }) => Buffer.from(key ?? []).toString())
    assert.deepEqual(keys, ['a', 'b'])
  }
})

/** Found by simulation: an apply whose answer was lost had changed a quarantine topic. */
test('what was changed unheard is asked for: the next attempt is taken', async () => {
  const { world, sink } = await newSink()
  await world.within(sink.append('t', [record(null)]))
  const { topicId = '' } = world.process.topics.byName('t') ?? {}
  await world.within(configureTopic(world.database, topicId, () => ({ 'retention.ms': '1000' })))
  await assert.rejects(world.within(sink.append('t', [record(null)])), /config-changed, send again/)
  await world.within(sink.append('t', [record(null)]))
  assert.equal(world.process.topics.byName('t')?.effective['retention.ms'], 1_000)
})
