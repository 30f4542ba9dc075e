import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KafkaWorld } from '../../../test/kafka/kafka-world.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  describeTopicPartitions,
  type DescribeTopicPartitionsRequest,
  type DescribeTopicPartitionsResponse,
} from '../../wire/messages/75-describe-topic-partitions.ts'

type Cursor = DescribeTopicPartitionsResponse['nextCursor']

/** Topics as `name: error code, first partition shown, count`, and where the next page begins. */
async function page(
  world: KafkaWorld,
  names: readonly string[],
  cursor: Cursor = null,
  responsePartitionLimit = 2000,
): Promise<{ shown: unknown[]; next: Cursor }> {
  const topics = names.map((name) => ({ name }))
  const asked = { topics, cursor, responsePartitionLimit }
  const answer = await world.ask(describeTopicPartitions, 0, asked)
  const shown = answer.topics.map(({ name, errorCode, partitions }) => {
    return [name, errorCode, partitions[0]?.partitionIndex, partitions.length]
  })
  return { shown, next: answer.nextCursor }
}

async function someTopics(options: Record<string, string> = {}): Promise<KafkaWorld> {
  const world = new KafkaWorld(options)
  for (const name of ['b', 'a', 'c']) await world.topic(name)
  return world
}

test('topics come by name, once, with why some are not there', async () => {
  const world = await someTopics()
  const { shown, next } = await page(world, ['x', 'b', 'a b', 'a', 'b'])
  assert.deepEqual(shown, [
    ['a', 0, 0, 3],
    ['a b', ErrorCode.INVALID_TOPIC_EXCEPTION, undefined, 0],
    ['b', 0, 0, 3],
    ['x', ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, undefined, 0],
  ])
  assert.equal(next, null)
  const answer = await world.ask(describeTopicPartitions, 0, { topics: [{ name: 'a' }] })
  const [topic] = answer.topics
  assert.equal(topic?.topicId, world.broker.topics.byName('a')?.topicId)
  assert.equal(topic?.topicAuthorizedOperations, 3576)
  const { leaderId, replicaNodes, isrNodes, eligibleLeaderReplicas } = topic.partitions[0] ?? {}
  assert.deepEqual([leaderId, replicaNodes, isrNodes, eligibleLeaderReplicas], [1, [1], [1], []])
})

test('pages follow each other to the end, however small', async () => {
  const world = await someTopics()
  for (const limit of [-1, 0, 1, 2, 3, 4, 9, 10]) {
    const seen: string[] = []
    let cursor: Cursor = null
    for (let pages = 0; pages < 10; pages++) {
      const asked: DescribeTopicPartitionsRequest = {
        topics: [],
        cursor,
        responsePartitionLimit: limit,
      }
      const answer: DescribeTopicPartitionsResponse = await world.ask(
        describeTopicPartitions,
        0,
        asked,
      )
      const count = answer.topics.reduce((sum, { partitions }) => sum + partitions.length, 0)
      assert.ok(count <= Math.max(1, limit))
      for (const { name, partitions } of answer.topics) {
        for (const { partitionIndex } of partitions) seen.push(`${name}${partitionIndex}`)
      }
      cursor = answer.nextCursor
      if (cursor === null) break
    }
    const all = ['a0', 'a1', 'a2', 'b0', 'b1', 'b2', 'c0', 'c1', 'c2']
    assert.deepEqual(seen, all, `limit ${limit}`)
  }
})

test('the broker bounds a page, too', async () => {
  const world = await someTopics({ 'max.request.partition.size.limit': '4' })
  const { shown, next } = await page(world, [])
  assert.deepEqual(shown, [
    ['a', 0, 0, 3],
    ['b', 0, 0, 1],
  ])
  assert.deepEqual(next, { topicName: 'b', partitionIndex: 1 })
})

test('a cursor names a topic that is asked for, and may be past its end', async () => {
  const world = await someTopics()
  const past = await page(world, ['a', 'b'], { topicName: 'a', partitionIndex: 99 })
  assert.deepEqual(past.shown, [
    ['a', 0, undefined, 0],
    ['b', 0, 0, 3],
  ])
  const deleted = await page(world, [], { topicName: 'aa', partitionIndex: 2 })
  assert.deepEqual(deleted.shown, [
    ['b', 0, 0, 3],
    ['c', 0, 0, 3],
  ])
  const refused = [
    ['a', ErrorCode.INVALID_REQUEST, undefined, 0],
    ['b', ErrorCode.INVALID_REQUEST, undefined, 0],
  ]
  for (const cursor of [
    { topicName: 'a', partitionIndex: -1 },
    { topicName: 'c', partitionIndex: 0 },
  ]) {
    assert.deepEqual((await page(world, ['a', 'b'], cursor)).shown, refused)
  }
})

test('without a catalog a topic that is not known may still be there', async () => {
  const world = await someTopics()
  world.cutCatalog()
  assert.deepEqual((await page(world, ['a', 'x'])).shown, [
    ['a', 0, 0, 3],
    ['x', ErrorCode.LEADER_NOT_AVAILABLE, undefined, 0],
  ])
})
