import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ConsumerClient, joining, settle } from '../../../test/group/consumer-client.ts'
import { GroupWorld, outcomeOf } from '../../../test/group/group-world.ts'
import type { WorldOptions } from '../../../test/group/group-world.ts'
import { groupLimits } from '../config.ts'
import { noPartitions, partitionSets } from './partition-sets.ts'

async function worldOf(partitionCount = 6, options: WorldOptions = {}): Promise<GroupWorld> {
  const world = new GroupWorld(options)
  await world.addTopic('T', 'topic')
  world.topics.set('T', 'topic', partitionCount)
  return world
}

async function stateOf(world: GroupWorld): Promise<string> {
  const [group] = await world.coordinator.describeConsumer(['g'])
  return group?.outcome === 'described' ? group.state : (group?.reason ?? '')
}

test('the first member gets everything, and is told it once', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  const joined = await a.join()
  assert.deepEqual([joined.memberEpoch, a.has], [2, '0,1,2,3,4,5'])
  assert.equal(joined.heartbeatIntervalMs, 5_000)
  assert.equal((await a.beat()).assignment, null)
  assert.equal(await stateOf(world), 'stable')
})

test('a partition is given only after its owner has said that it gave it up', async () => {
  const world = await worldOf()
  const [a, b] = [new ConsumerClient(world, 'a'), new ConsumerClient(world, 'b')]
  await a.join()
  const joined = await b.join()
  assert.deepEqual([joined.memberEpoch, b.has], [3, ''], 'nothing is free yet')
  const asked = await a.beat()
  assert.deepEqual([asked.memberEpoch, a.has], [2, '0,1,2'], 'it stays at its epoch')
  // It goes on to say that it has all of them: it has not stopped.
  const all = partitionSets([['T', [0, 1, 2, 3, 4, 5]]])
  assert.equal((await a.beat({ owned: all })).memberEpoch, 2)
  await b.beat()
  assert.equal(b.has, '')
  assert.equal((await a.beat()).memberEpoch, 3)
  await b.beat()
  assert.equal(b.has, '3,4,5')
  assert.equal(await stateOf(world), 'stable')
})

test('the next target is made when its interval is over, by any heartbeat', async () => {
  const world = await worldOf(6, { config: { consumerAssignmentIntervalMs: 1_000 } })
  const [a, b] = [new ConsumerClient(world, 'a'), new ConsumerClient(world, 'b')]
  await a.join()
  assert.equal(a.has, '0,1,2,3,4,5', 'the first at once')
  const joined = await b.join()
  assert.deepEqual([joined.memberEpoch, b.has], [2, ''], 'it follows the target that there is')
  assert.equal(await stateOf(world), 'assigning')
  await world.clock.advance(999)
  assert.equal((await b.beat()).memberEpoch, 2)
  await world.clock.advance(1)
  assert.equal((await b.beat()).memberEpoch, 3)
  assert.equal((await a.beat()).memberEpoch, 2)
  assert.equal(a.has, '0,1,2')
  // Who comes into an empty group waits for nothing.
  for (const each of [a, b]) await each.beat({ memberEpoch: -1 })
  assert.equal((await new ConsumerClient(world, 'c').join()).assignment?.size, 1)
})

test('a group has its own timeouts, from the next heartbeat on', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  await a.join()
  const own = { consumerSessionTimeoutMs: 50_000, consumerHeartbeatIntervalMs: 7_000 }
  world.configs.set('g', { ...world.config, ...own })
  assert.equal((await a.beat()).heartbeatIntervalMs, 7_000)
  await world.clock.advance(49_999)
  assert.equal(await stateOf(world), 'stable')
  await world.clock.advance(1)
  assert.equal(await stateOf(world), 'empty')
})

test('an answer that raised the epoch may be lost, if nothing was done since', async () => {
  const world = await worldOf()
  const [a, b] = [new ConsumerClient(world, 'a'), new ConsumerClient(world, 'b')]
  await a.join()
  await b.join()
  await a.beat()
  const { owned } = a
  await a.beat()
  assert.equal(a.epoch, 3)
  a.epoch = 2
  assert.equal((await a.beat({ owned })).memberEpoch, 3)
  assert.equal(await a.refusal({ memberEpoch: 2, owned: null }), 'fenced-member-epoch')
  const foreign = partitionSets([['T', [5]]])
  assert.equal(await a.refusal({ memberEpoch: 2, owned: foreign }), 'fenced-member-epoch')
  assert.equal(await a.refusal({ memberEpoch: 4 }), 'fenced-member-epoch')
  await b.beat()
  await b.beat({ memberEpoch: -1 })
  await a.beat()
  assert.equal(a.epoch, 4)
  const twoBack = { memberEpoch: 2, owned: noPartitions }
  assert.equal(await a.refusal(twoBack), 'fenced-member-epoch', 'but not the one before that')
})

test('a member that does not give up within its rebalance timeout is gone', async () => {
  const world = await worldOf()
  const [a, b] = [new ConsumerClient(world, 'a'), new ConsumerClient(world, 'b')]
  await a.join({ rebalanceTimeoutMs: 20_000 })
  await b.join()
  const { owned } = a
  for (let at = 0; at < 4; at++) {
    await a.beat({ owned })
    await b.beat()
    await world.clock.advance(6_000)
  }
  assert.equal(await a.refusal(), 'unknown-member')
  await settle(b)
  assert.equal(b.has, '0,1,2,3,4,5')
})

test('a member that falls silent is gone after the session', async () => {
  const world = await worldOf()
  const [a, b] = [new ConsumerClient(world, 'a'), new ConsumerClient(world, 'b')]
  await a.join()
  await b.join()
  await settle(a, b)
  await world.clock.advance(44_000)
  await b.beat()
  assert.equal(b.has, '3,4,5')
  await world.clock.advance(1_000)
  await settle(b)
  assert.equal(b.has, '0,1,2,3,4,5')
  await world.clock.advance(45_000)
  assert.equal(await stateOf(world), 'empty')
})

test('who leaves is not missed', async () => {
  const world = await worldOf()
  const [a, b] = [new ConsumerClient(world, 'a'), new ConsumerClient(world, 'b')]
  await a.join()
  await b.join()
  await settle(a, b)
  assert.equal((await a.beat({ memberEpoch: -1 })).memberEpoch, -1)
  await settle(b)
  assert.equal(b.has, '0,1,2,3,4,5')
  assert.equal(await a.refusal({ memberEpoch: -1 }), 'unknown-member')
})

test('after the death of the broker members go on where they were', async () => {
  const world = await worldOf()
  const [a, b] = [new ConsumerClient(world, 'a'), new ConsumerClient(world, 'b')]
  await a.join()
  await b.join()
  await a.beat()
  world.crash()
  await settle(a, b)
  assert.deepEqual([a.has, b.has, a.epoch, b.epoch], ['0,1,2', '3,4,5', 3, 3])
  world.crash()
  assert.equal((await a.beat()).assignment, null)
  assert.equal(a.epoch, 3)
  assert.equal(await stateOf(world), 'stable')
})

test('what a member is told is durable before', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  world.fault = ({ at }) => (at === 'commit' ? { fault: 'fail' } : undefined)
  assert.equal(await a.refusal(joining), 'unavailable')
  world.fault = () => undefined
  await a.join()
  const b = new ConsumerClient(world, 'b')
  await b.join()
  world.fault = ({ at }) => (at === 'commit' ? { fault: 'fail' } : undefined)
  assert.equal(await a.refusal({ owned: a.owned }), 'unavailable')
  world.fault = () => undefined
  await a.beat()
  assert.equal(a.has, '0,1,2')
})

test('topics that are made, grown and deleted are followed', async () => {
  const world = await worldOf(1)
  const a = new ConsumerClient(world, 'a', { topicNames: ['topic', 'later'] })
  await a.join({ topicNames: ['topic', 'later'] })
  assert.equal(a.has, '0')
  world.topics.set('T', 'topic', 3)
  await a.beat()
  assert.equal(a.has, '0,1,2')
  world.topics.set('L', 'later', 2)
  world.topics.set('X', 'other', 2)
  await a.beat()
  assert.deepEqual(a.owned.get('L'), [0, 1])
  const { epoch } = a
  world.topics.set('Y', 'another', 2)
  await a.beat()
  assert.equal(a.epoch, epoch, 'a topic that nobody is subscribed to changes nothing')
  world.topics.delete('topic')
  await settle(a)
  assert.deepEqual([...a.owned.keys()], ['L'])
  world.topics.set('T2', 'topic', 1)
  await a.beat()
  assert.deepEqual(a.owned.get('T2'), [0], 'the same name, another topic')
})

test('a pattern follows topics as they come', async () => {
  const world = await worldOf(2)
  const a = new ConsumerClient(world, 'a')
  await a.join({ topicNames: null, topicPattern: 'top.*' })
  assert.equal(a.has, '0,1')
  world.topics.set('S', 'topical', 1)
  world.topics.set('N', 'untopical', 1)
  await a.beat()
  assert.deepEqual([...a.owned.keys()].toSorted(), ['S', 'T'])
  await a.beat({ topicPattern: '', topicNames: ['topic'] })
  await settle(a)
  assert.deepEqual([...a.owned.keys()], ['T'])
  const long = 'a'.repeat(groupLimits.patternLengthMax + 1)
  for (const topicPattern of ['[', 'a(?=b)', '(a)\\1', long]) {
    assert.equal(await a.refusal({ topicPattern }), 'invalid-pattern', topicPattern.slice(0, 9))
  }
})

test('after a restart a pattern is made ready before it is asked for', async () => {
  const world = await worldOf(2)
  const a = new ConsumerClient(world, 'a')
  await a.join({ topicNames: null, topicPattern: 'top.*' })
  const { epoch } = a
  world.crash()
  await a.beat()
  assert.deepEqual([a.epoch, a.has], [epoch, '0,1'])
})

test('a static member that goes for now comes back to what it had', async () => {
  const world = await worldOf()
  const fixed = { instanceId: 'i' }
  const [a, b] = [new ConsumerClient(world, 'a', fixed), new ConsumerClient(world, 'b')]
  await a.join(fixed)
  await b.join()
  await settle(a, b)
  const epoch = b.epoch
  const next = new ConsumerClient(world, 'a2', fixed)
  const rejoin = { ...joining, ...fixed, memberEpoch: 0 }
  assert.equal(await next.refusal(rejoin), 'unreleased-instance')
  await a.beat({ memberEpoch: -2, ...fixed })
  await settle(b)
  assert.equal(b.has, '3,4,5', 'its place is kept')
  await next.join(fixed)
  assert.equal(next.has, '0,1,2')
  await settle(next, b)
  assert.equal(b.epoch, epoch, 'the others did not notice')
  assert.equal(await a.refusal({ ...fixed, memberEpoch: epoch }), 'fenced-instance')
  assert.equal(await a.refusal({ instanceId: 'j', memberEpoch: 1 }), 'unknown-member')
  await next.beat({ memberEpoch: -2, ...fixed })
  await world.clock.advance(44_000)
  await b.beat()
  await world.clock.advance(1_000)
  await settle(b)
  assert.equal(b.has, '0,1,2,3,4,5', 'but not for ever')
})

test('offsets are committed and read under the present epoch only', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  await a.join()
  const commit = { memberId: 'a', generation: 2 }
  assert.equal(outcomeOf(await world.commit(commit)), 'committed')
  assert.equal(outcomeOf(await world.commit({ ...commit, generation: 3 })), 'stale-member-epoch')
  assert.equal(outcomeOf(await world.commit({ memberId: 'x', generation: 1 })), 'unknown-member')
  assert.equal(outcomeOf(await world.commit()), 'unknown-member', 'nor by who is no member')
  const old = { ...commit, understandsEpochs: false }
  assert.equal(outcomeOf(await world.commit(old)), 'unsupported-version')
  const fetch = async (memberId: string, generation: number): Promise<string> => {
    const request = { groupId: 'g', topics: null, member: { memberId, generation } }
    return outcomeOf(await world.coordinator.fetchOffsets(request))
  }
  assert.equal(await fetch('a', 2), 'fetched')
  assert.equal(await fetch('a', 1), 'stale-member-epoch')
  assert.equal(await fetch('x', 1), 'unknown-member')
  await a.beat({ memberEpoch: -1 })
  assert.equal(outcomeOf(await world.commit()), 'committed', 'a group without members takes any')
})

test('an older epoch commits what the member has had since then (KIP-1251)', async () => {
  const world = await worldOf()
  const [a, b] = [new ConsumerClient(world, 'a'), new ConsumerClient(world, 'b')]
  const commit = async (memberId: string, generation: number, ...partitions: number[]) => {
    const offsets = partitions.map((partitionIndex) => {
      return { topicId: 'T', partitionIndex, offset: 7, leaderEpoch: 0, metadata: '' }
    })
    return outcomeOf(await world.commit({ memberId, generation, offsets }))
  }
  await a.join()
  await b.join()
  // It is to give up 3, 4 and 5, and still has them.
  await a.beat()
  assert.deepEqual([a.epoch, a.has], [2, '0,1,2'])
  assert.equal(await commit('a', 2, 0, 3), 'committed')
  assert.equal(await commit('a', 1, 0), 'stale-member-epoch', 'before it had them')
  await a.beat()
  await b.beat()
  assert.deepEqual([a.epoch, b.epoch, b.has], [3, 3, '3,4,5'])
  assert.equal(await commit('a', 2, 0, 1, 2), 'committed')
  assert.equal(await commit('a', 2, 0, 3), 'stale-member-epoch', 'all or none')
  assert.equal(await commit('b', 2, 3), 'stale-member-epoch', 'it has them since epoch 3')
  assert.equal(await commit('a', 4, 0), 'stale-member-epoch', 'an epoch to come')
  world.crash()
  assert.equal(await commit('a', 2, 0), 'committed')
  assert.equal(await commit('a', 2, 3), 'stale-member-epoch')
  // Given up and given back: since then only.
  await b.beat({ memberEpoch: -1 })
  await settle(a)
  assert.deepEqual([a.epoch, a.has], [4, '0,1,2,3,4,5'])
  assert.equal(await commit('a', 2, 0), 'committed')
  assert.equal(await commit('a', 3, 3), 'stale-member-epoch')
  assert.equal(await commit('a', 4, 3), 'committed')
})

test('a commit that meets a rebalance is judged again', async () => {
  const world = await worldOf()
  const [a, b] = [new ConsumerClient(world, 'a'), new ConsumerClient(world, 'b')]
  await a.join()
  await b.join()
  await a.beat()
  world.delayMs = ({ at, transaction }) => {
    return at === 'begin' && transaction === 'commit group offsets' ? 50 : 0
  }
  // While the commit is on its way, `a` follows to the next epoch, and what it gave up is free.
  const given = { offset: 7, leaderEpoch: 0, metadata: '' }
  const offsets = [{ topicId: 'T', partitionIndex: 3, ...given }]
  const late = world.commit({ memberId: 'a', generation: 2, offsets })
  const kept = world.commit({ memberId: 'a', generation: 2 })
  const fine = world.commit({ memberId: 'b', generation: 3 })
  await world.clock.settle()
  const followed = a.beat()
  await world.clock.advance(1_000)
  await followed
  assert.equal(outcomeOf(await late), 'stale-member-epoch')
  assert.equal(outcomeOf(await kept), 'committed', 'it has had the partition all the time')
  assert.equal(outcomeOf(await fine), 'committed')
})

test('what no member may say is refused, in words', async () => {
  const world = await worldOf(1, { config: { consumerMembersMax: 1 } })
  const a = new ConsumerClient(world, 'a')
  const refusals: readonly [Parameters<typeof a.refusal>[0], string][] = [
    [{ ...joining, memberId: '' }, 'invalid-request'],
    [{ ...joining, groupId: '' }, 'invalid-request'],
    [{ ...joining, instanceId: '' }, 'invalid-request'],
    [{ ...joining, rackId: '' }, 'invalid-request'],
    [{ ...joining, rebalanceTimeoutMs: -1 }, 'invalid-request'],
    [{ ...joining, owned: null }, 'invalid-request'],
    [{ ...joining, owned: partitionSets([['T', [0]]]) }, 'invalid-request'],
    [{ ...joining, topicNames: null }, 'invalid-request'],
    [{ memberEpoch: -3 }, 'invalid-request'],
    [{ memberEpoch: -2 }, 'invalid-request'],
    [{ ...joining, assignor: 'sticky' }, 'unsupported-assignor'],
    [{ memberEpoch: 1 }, 'group-not-found'],
    [{ memberEpoch: -1 }, 'group-not-found'],
  ]
  for (const [request, reason] of refusals) {
    assert.equal(await a.refusal(request), reason, JSON.stringify(request))
  }
  await a.join()
  assert.equal(await a.refusal({ ...joining, memberId: 'b' }), 'group-full')
  assert.equal(await a.refusal({ memberId: 'b', memberEpoch: 1 }), 'unknown-member')
  // An older client is given its id.
  await a.beat({ memberEpoch: -1 })
  const given = await a.join({ memberId: '', requireMemberId: false })
  assert.match(given.memberId, /^.{20,}$/)
})

test('a group of too many names is refused: it is one row', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  const names = (length: number): string[] =>
    Array.from({ length }, (_, at) => `${'n'.repeat(200)}${at}`)
  const many = names(groupLimits.subscribedTopicsMax + 1)
  assert.equal(await a.refusal({ ...joining, topicNames: many }), 'invalid-request')
  const large = names(Math.ceil(groupLimits.groupBytesMax / 200))
  assert.equal(await a.refusal({ ...joining, topicNames: large }), 'invalid-request')
})

test('the assignor that most members ask for is taken', async () => {
  const world = await worldOf()
  const range = { assignor: 'range' }
  const [a, b] = [new ConsumerClient(world, 'a', range), new ConsumerClient(world, 'b', range)]
  const c = new ConsumerClient(world, 'c', { assignor: 'uniform' })
  await a.join(range)
  await b.join(range)
  await c.join({ assignor: 'uniform' })
  await settle(a, b, c)
  assert.deepEqual([a.has, b.has, c.has], ['0,1', '2,3', '4,5'])
  const [group] = await world.coordinator.describeConsumer(['g'])
  assert.ok(group?.outcome === 'described')
  assert.equal(group.assignor, 'range')
  assert.deepEqual(group.members[0]?.target, partitionSets([['T', [0, 1]]]))
})

test('consumer groups are listed, described, emptied and deleted as such', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  await a.join()
  const list = async (types: readonly ('classic' | 'consumer')[]): Promise<number> => {
    const result = await world.coordinator.list({ states: [], types })
    return result.outcome === 'listed' ? result.groups.length : -1
  }
  assert.deepEqual([await list(['consumer']), await list(['classic']), await list([])], [1, 0, 1])
  assert.equal(await world.state(), 'group-not-found', 'it is no classic group')
  const erase = async (): Promise<string | null | undefined> =>
    (await world.coordinator.delete(['g']))[0]?.refusal
  const topics = [{ topicId: 'T', name: 'topic', partitions: [0] }]
  const result = await world.coordinator.deleteOffsets({ groupId: 'g', topics })
  assert.deepEqual(result.outcome === 'deleted' && result.topics[0]?.refusal, 'subscribed')
  assert.equal(await erase(), 'group-not-empty')
  await a.beat({ memberEpoch: -1 })
  assert.equal(await erase(), null)
  assert.equal(await stateOf(world), 'group-not-found')
})

test('offsets of a consumer group expire when nobody is subscribed or there', async () => {
  const world = await worldOf(1, { config: { offsetsRetentionMs: 100_000 } })
  await world.addTopic('O', 'other')
  const a = new ConsumerClient(world, 'a')
  await a.join()
  const [first] = [{ topicId: 'T', partitionIndex: 0, offset: 7, leaderEpoch: -1, metadata: '' }]
  const offsets = [first, { ...first, topicId: 'O' }]
  await world.commit({ memberId: 'a', generation: 2, offsets })
  for (let at = 0; at < 5; at++) {
    await world.clock.advance(30_000)
    await a.beat()
  }
  assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 1, groups: 0 })
  await a.beat({ memberEpoch: -1 })
  assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 0, groups: 0 })
  await world.clock.advance(100_000)
  assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 1, groups: 1 })
})

test('nothing is written for a heartbeat that changes nothing', async () => {
  const world = await worldOf()
  const a = new ConsumerClient(world, 'a')
  await a.join()
  const written = world.commits.length
  for (let at = 0; at < 10; at++) await a.beat({ owned: at % 2 === 0 ? null : a.owned })
  assert.equal(world.commits.length, written)
})
