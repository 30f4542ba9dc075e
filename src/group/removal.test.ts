import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  GroupWorld,
  commitDefaults,
  outcomeOf,
  subscriptionTo,
  text,
} from '../../test/group/group-world.ts'

const dayMs = 24 * 60 * 60_000
const offset = commitDefaults.offsets[0]!

async function worldWithTopics(): Promise<GroupWorld> {
  const world = new GroupWorld()
  await world.addTopic('T', 'topic')
  await world.addTopic('U', 'other')
  return world
}

const bothTopics = [offset, { ...offset, topicId: 'U' }]
const consumerOf = (...names: string[]) => ({
  protocols: [{ name: 'range', metadata: subscriptionTo(...names) }],
  sessionTimeoutMs: 1_800_000,
})

test('groups are deleted with their offsets, but for those with members', async () => {
  const world = await worldWithTopics()
  await world.commit()
  const [member] = await world.stable({})
  const first = await world.coordinator.delete(['g', 'none'])
  assert.deepEqual(
    first.map(({ refusal }) => refusal),
    ['group-not-empty', 'group-not-found'],
  )
  await world.leave([member!.memberId, null])
  assert.deepEqual((await world.coordinator.delete(['g']))[0]?.refusal, null)
  assert.equal(await world.state(), 'group-not-found')
  assert.equal(await world.committed(), -1)
  assert.equal(outcomeOf(await world.commit()), 'committed')
  assert.equal(await world.committed(), 7)
})

test('offsets are deleted, but for topics that members are subscribed to', async () => {
  const world = await worldWithTopics()
  await world.commit({ offsets: bothTopics })
  await world.stable(consumerOf('topic'))
  const topics = [
    { topicId: 'T', name: 'topic', partitions: [0] },
    { topicId: 'U', name: 'other', partitions: [0, 1] },
  ]
  assert.deepEqual(await world.coordinator.deleteOffsets({ groupId: 'g', topics }), {
    outcome: 'deleted',
    topics: [
      { topicId: 'T', refusal: 'subscribed' },
      { topicId: 'U', refusal: null },
    ],
  })
  assert.equal(await world.committed('T'), 7)
  assert.equal(await world.committed('U'), -1)
  const none = await world.coordinator.deleteOffsets({ groupId: 'none', topics })
  assert.equal(outcomeOf(none), 'group-not-found')
})

test('other protocols must be empty; unreadable subscriptions hold everything', async () => {
  const world = await worldWithTopics()
  await world.commit()
  const topics = [{ topicId: 'T', name: 'topic', partitions: [0] }]
  const [member] = await world.stable({ protocolType: 'connect' })
  const refused = await world.coordinator.deleteOffsets({ groupId: 'g', topics })
  assert.equal(outcomeOf(refused), 'group-not-empty')
  await world.leave([member!.memberId, null])
  await world.stable({ protocols: [{ name: 'range', metadata: text('?') }] })
  const held = await world.coordinator.deleteOffsets({ groupId: 'g', topics })
  assert.deepEqual(held.outcome === 'deleted' && held.topics[0]?.refusal, 'subscribed')
})

test('what is committed for a deleted topic goes, in all groups', async () => {
  const world = await worldWithTopics()
  for (const groupId of ['f', 'g', 'h']) await world.commit({ groupId, offsets: bothTopics })
  await world.coordinator.topicDeleted('T')
  for (const groupId of ['f', 'g', 'h']) {
    const all = await world.coordinator.fetchOffsets({ groupId, topics: null })
    assert.deepEqual(all.outcome === 'fetched' && all.offsets.map((each) => each.topicId), ['U'])
  }
})

test('offsets of a simple group expire by their own age, then the group goes', async () => {
  const world = await worldWithTopics()
  await world.commit({ offsets: [offset] })
  await world.clock.advance(3 * dayMs)
  await world.commit({ offsets: [{ ...offset, topicId: 'U' }] })
  await world.clock.advance(4 * dayMs - 1)
  assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 0, groups: 0 })
  await world.clock.advance(1)
  assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 1, groups: 0 })
  assert.equal(await world.committed('T'), -1)
  assert.equal(await world.committed('U'), 7)
  await world.clock.advance(3 * dayMs)
  assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 1, groups: 1 })
  assert.equal(await world.state(), 'group-not-found')
})

test('offsets of a group that became empty expire from then on, loaded or not', async () => {
  for (const isLoaded of [true, false]) {
    const world = await worldWithTopics()
    const [member] = await world.stable(consumerOf('topic'))
    const { memberId, generation } = member!
    await world.commit({ memberId, generation })
    for (let days = 0; days < 10; days++) {
      for (let beats = 0; beats < 96; beats++) {
        await world.clock.advance(dayMs / 96)
        await world.heartbeat(member!)
      }
      if (days === 8) await world.coordinator.expireOffsets()
    }
    assert.equal(await world.committed(), 7, 'a subscribed topic does not expire')
    await world.leave([memberId, null])
    await world.clock.advance(7 * dayMs - 1)
    if (!isLoaded) world.crash()
    assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 0, groups: 0 })
    await world.clock.advance(1)
    assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 1, groups: 1 })
  }
})

test('in a stable consumer group only what nobody is subscribed to expires', async () => {
  const world = await worldWithTopics()
  await world.commit({ offsets: bothTopics })
  await world.clock.advance(7 * dayMs)
  await world.stable(consumerOf('topic'))
  assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 1, groups: 0 })
  assert.equal(await world.committed('T'), 7)
  assert.equal(await world.committed('U'), -1)
})

test('members of other protocols, and a rebalance, keep everything', async () => {
  const world = await worldWithTopics()
  await world.commit({ offsets: bothTopics })
  await world.clock.advance(8 * dayMs)
  await world.stable({ protocolType: 'connect' })
  assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 0, groups: 0 })
})

test('old clients say themselves when their offsets expire', async () => {
  const world = await worldWithTopics()
  await world.commit({ retentionMs: 60_000 })
  await world.clock.advance(59_999)
  assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 0, groups: 0 })
  await world.clock.advance(1)
  assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 1, groups: 1 })
})

test('the job runs at its interval until it is stopped', async () => {
  const world = await worldWithTopics()
  await world.commit({ retentionMs: 1 })
  const stop = new AbortController()
  const running = world.coordinator.runExpiry(stop.signal)
  await world.clock.advance(599_999)
  assert.equal(await world.committed(), 7)
  await world.clock.advance(1)
  assert.equal(await world.committed(), -1)
  stop.abort()
  await running
  assert.equal(world.clock.pending, 0)
})
