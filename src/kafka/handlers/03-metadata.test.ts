import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { metadata, type MetadataResponse } from '../../wire/messages/03-metadata.ts'

const ask = (
  world: KafkaWorld,
  names: readonly (string | null)[] | null,
  more: object = {},
  version = 12,
): Promise<MetadataResponse> => {
  const topics = names?.map((name) => ({ name })) ?? null
  return world.ask(metadata, version, { topics, ...more })
}

const codes = ({ topics }: MetadataResponse): number[] => topics.map(({ errorCode }) => errorCode)
const names = ({ topics }: MetadataResponse): (string | null)[] => topics.map(({ name }) => name)

test('all topics, no topics and some topics, as each version asks for them', async () => {
  const world = new KafkaWorld()
  for (const name of ['b', 'a']) await world.topic(name)
  assert.deepEqual(names(await ask(world, null)), ['a', 'b'])
  assert.deepEqual(names(await ask(world, [], {}, 0)), ['a', 'b'])
  assert.deepEqual(names(await ask(world, [], {}, 1)), [])
  for (let version = 0; version <= 13; version++) {
    const { topics, brokers } = await ask(world, ['b'], {}, version)
    assert.deepEqual(
      topics[0]?.partitions.map(({ partitionIndex }) => partitionIndex),
      [0, 1, 2],
    )
    assert.equal(brokers.length, 1)
  }
})

test('a topic named often is answered once', async () => {
  const world = new KafkaWorld()
  const topicId = await world.topic('t', 100)
  assert.deepEqual(
    names(
      await ask(
        world,
        Array.from({ length: 50_000 }, () => 't'),
      ),
    ),
    ['t'],
  )
  const topics = Array.from({ length: 1_000 }, () => ({ name: null, topicId }))
  assert.equal((await world.ask(metadata, 12, { topics })).topics.length, 1)
})

test('a topic that is asked for is made, where client and broker permit it', async () => {
  const world = new KafkaWorld()
  assert.deepEqual(codes(await ask(world, ['new', 'also'])), [0, 0])
  assert.deepEqual(codes(await ask(world, ['no'], { allowAutoTopicCreation: false })), [3])
  const strict = new KafkaWorld({ 'auto.create.topics.enable': 'false' })
  assert.deepEqual(codes(await ask(strict, ['no'])), [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
})

test('names that no topic may have are refused, internal ones are not made', async () => {
  const world = new KafkaWorld()
  await world.topic('a.b')
  const invalid = ErrorCode.INVALID_TOPIC_EXCEPTION
  const wrong = ['', '.', 'a b', 'x'.repeat(250), 'a_b']
  assert.deepEqual(
    codes(await ask(world, wrong)),
    wrong.map(() => invalid),
  )
  assert.deepEqual(codes(await ask(world, ['c.d', 'c_d'])), [0, invalid])
  assert.deepEqual(codes(await ask(world, ['__consumer_offsets', '__mine'])), [3, 0])
})

test('one request makes at most 10,000 partitions, the next one the rest', async () => {
  const world = new KafkaWorld({ 'num.partitions': '4000' })
  assert.deepEqual(codes(await ask(world, ['a', 'b', 'c'])), [0, 0, 3])
  assert.deepEqual(codes(await ask(world, ['c'])), [0])
})

test('without a catalog a new topic is not known yet', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  world.cutCatalog()
  assert.deepEqual(codes(await ask(world, ['t', 'new'])), [0, ErrorCode.LEADER_NOT_AVAILABLE])
})

test('topics are asked for by id from 12 on, and then by id altogether', async () => {
  const world = new KafkaWorld()
  const topicId = await world.topic('t')
  const unknownId = `${'B'.repeat(21)}A`
  const topics = [{ name: null, topicId }, { name: 't' }, { name: 't', topicId: unknownId }]
  const byId = await world.ask(metadata, 12, { topics })
  assert.deepEqual(
    byId.topics.map(({ name, topicId: id, errorCode }) => [name, id, errorCode]),
    [
      ['t', topicId, ErrorCode.NONE],
      [null, unknownId, ErrorCode.UNKNOWN_TOPIC_ID],
    ],
  )
  for (const version of [10, 11]) {
    const refused = await world.ask(metadata, version, { topics })
    assert.deepEqual(codes(refused), [42, 42, 42])
    assert.deepEqual(refused.brokers, [])
  }
})

test('who asks what may be done is told that everything may', async () => {
  const world = new KafkaWorld()
  await world.topic('t')
  const asked = { includeTopicAuthorizedOperations: true }
  const both = { ...asked, includeClusterAuthorizedOperations: true }
  const told = await ask(world, ['t'], both, 8)
  assert.equal(told.clusterAuthorizedOperations, 8096)
  assert.equal(told.topics[0]?.topicAuthorizedOperations, 3576)
  const silent = await ask(world, ['t'])
  assert.equal(silent.topics[0]?.topicAuthorizedOperations, -2_147_483_648)
})

test('topics of Kafka itself are shown as internal', async () => {
  const world = new KafkaWorld()
  for (const name of ['__consumer_offsets', '__mine']) await world.topic(name)
  const { topics } = await ask(world, null)
  assert.deepEqual(
    topics.map(({ name, isInternal }) => [name, isInternal]),
    [
      ['__consumer_offsets', true],
      ['__mine', false],
    ],
  )
})
