/** The directory follows the catalog, whatever order answers come in and whichever are lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import type { MemoryFault, MemoryPoint } from '../catalog/memory-faults.ts'
import { LogWorld } from '../../test/log/log-world.ts'
import { LogIndex } from './log-index.ts'
import { TopicDirectory } from './topic-directory.ts'

async function newWorld(): Promise<{ world: LogWorld; topics: TopicDirectory }> {
  const world = new LogWorld()
  const { topics } = await world.within(world.start())
  return { world, topics }
}

const known = (topics: TopicDirectory): string[] => topics.all().map(({ name }) => name)

test('what is created is known, also after a restart; what is deleted is not', async () => {
  const { world, topics } = await newWorld()
  await world.within(world.createTopic('b', 1))
  const topic = await world.within(world.createTopic('a', 2, { 'retention.ms': '5' }))
  assert.deepEqual(known(topics), ['a', 'b'])
  assert.equal(topics.byId(topic.topicId)?.effective['retention.ms'], 5)
  const again = await world.within(
    topics.create({ name: 'a', partitionCount: 9, replicationFactor: 1, overrides: {} }),
  )
  assert.deepEqual(again, { outcome: 'exists', topic: topics.byName('a') })
  await world.within(topics.delete(topic.topicId))
  assert.equal(topics.byName('a'), undefined)
  assert.equal(world.process.logs.index.get(topic.partitionIds[0] ?? -1), undefined)
  assert.equal(await world.within(topics.delete(topic.topicId)), undefined)
  const fresh = await world.within(world.createTopic('a', 1))
  assert.notEqual(fresh.topicId, topic.topicId)
  const { topics: next } = await world.within(world.restart())
  assert.deepEqual(known(next), ['a', 'b'])
  assert.equal(next.byName('a')?.topicId, fresh.topicId)
})

test('unknown is said after a look at the catalog', async () => {
  const { world, topics } = await newWorld()
  const topic = await world.within(world.createTopic('a', 1))
  const { topics: other } = await world.within(world.start())
  assert.equal((await world.within(other.find('a')))?.topicId, topic.topicId)
  assert.equal(await world.within(other.find('none')), undefined)
  assert.ok(topics !== other)
})

for (const at of ['read topic', 'read partitions']) {
  test(`an answer that was under way does not bring a deleted topic back: ${at}`, async () => {
    const { world } = await newWorld()
    const { topicId, partitionIds } = await world.within(world.createTopic('a', 1))
    const { database, clock, random } = world
    const index = new LogIndex() // of a directory that has not heard of the topic
    const parts = { database, index, clock, random, leaderEpoch: 0, brokerDefaults: () => [] }
    const topics = new TopicDirectory(parts)
    const gate = Promise.withResolvers<void>()
    world.hooks.catalog = {
      pause: async (point) => {
        if (point.transaction === at && point.at === 'get') await gate.promise
      },
    }
    const finding = topics.find('a')
    await clock.settle()
    await world.within(topics.delete(topicId))
    gate.resolve()
    assert.equal(await world.within(finding), undefined)
    assert.deepEqual(known(topics), [])
    assert.equal(topics.byId(topicId), undefined)
    assert.equal(index.get(partitionIds[0] ?? -1), undefined)
  })
}

/** The answer to the commit of that transaction is lost, though it was done. */
const losing =
  (name: string): ((point: MemoryPoint) => MemoryFault | undefined) =>
  ({ transaction, at }) =>
    transaction === name && at === 'commit' ? { fault: 'lose-answer' } : undefined

test('a change whose answer was lost is taken in all the same', async () => {
  const { world, topics } = await newWorld()
  const { topicId } = await world.within(world.createTopic('a', 1))
  const unknown = (error: unknown): boolean => isFailure(error, 'unknown-outcome')

  world.hooks.catalog = { fault: losing('grow topic') }
  await assert.rejects(world.within(topics.grow(topicId, 3)), unknown)
  assert.equal(topics.byName('a')?.partitionIds.length, 3)
  const third = topics.byName('a')?.partitionIds[2] ?? -1
  assert.ok(world.process.logs.index.get(third) !== undefined)

  world.hooks.catalog = { fault: losing('configure topic') }
  const change = (): Record<string, string> => ({ 'retention.ms': '7' })
  await assert.rejects(world.within(topics.configure(topicId, change)), unknown)
  const topic = topics.byName('a')
  assert.equal(topic?.effective['retention.ms'], 7)
  assert.ok(topic !== undefined)
  const outcome = await world.within(world.append(topic, 0, ['x']))
  assert.equal(outcome.outcome, 'appended', 'or no append would ever be right again')

  world.hooks.catalog = { fault: losing('delete topic') }
  await assert.rejects(world.within(topics.delete(topicId)), unknown)
  assert.equal(topics.byName('a'), undefined)
  assert.equal(world.process.logs.index.get(third), undefined)
})

test('of two changes the later one stays, whichever is heard of last', async () => {
  const { world, topics } = await newWorld()
  const { topicId } = await world.within(world.createTopic('a', 1))
  const growths = [3, 5].map((count) => topics.grow(topicId, count))
  await world.within(Promise.allSettled(growths))
  assert.equal(topics.byName('a')?.partitionIds.length, 5)
})
