import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupWorld, asText, joinedOf, outcomeOf, text } from '../../test/group/group-world.ts'
import type { MemoryFault } from '../catalog/memory-faults.ts'
import { consumerGroups } from '../catalog/schema.ts'

test('after a restart a stable group heartbeats on, with fresh sessions', async () => {
  const world = new GroupWorld()
  const [leader, follower] = await world.stable({}, {})
  await world.clock.advance(9_000)
  world.crash()
  assert.equal(await world.state(), 'stable 2')
  assert.equal(await world.heartbeat(leader!), 'alive')
  await world.clock.advance(9_000)
  assert.equal(await world.heartbeat(follower!), 'alive', 'the load gave it a session')
  const synced = await world.sync(follower!)
  assert.ok(synced.answer.outcome === 'synced')
  assert.equal(asText(synced.answer.assignment), 'part-1')
})

test('after a restart who comes back slowly is still a member', async () => {
  const world = new GroupWorld()
  const [leader, follower] = await world.stable({}, {})
  world.crash()
  assert.equal(await world.heartbeat(leader!), 'alive')
  // librdkafka may wait for 10 s before it connects again, which is the session that it asked for.
  for (let second = 0; second < 14; second++) {
    await world.clock.advance(1_000)
    assert.equal(await world.heartbeat(leader!), 'alive')
  }
  assert.equal(await world.heartbeat(follower!), 'alive')
  for (let second = 0; second < 9; second++) {
    await world.clock.advance(1_000)
    assert.equal(await world.heartbeat(leader!), 'alive')
  }
  await world.clock.advance(1_000)
  assert.equal(await world.heartbeat(leader!), 'rebalance-in-progress')
})

test('a restart between join and sync: the leader goes on where it was', async () => {
  const world = new GroupWorld()
  const asked = [await world.join(), await world.join()]
  await world.clock.advance(0)
  const [leader, follower] = asked.map((each) => joinedOf(each.answer))
  const lost = await world.sync(follower!)
  world.crash()
  await world.clock.settle()
  assert.equal(outcomeOf(lost.answer), 'not-coordinator')
  assert.equal(await world.state(), 'completing-rebalance 2')
  const waiting = await world.sync(follower!)
  await world.sync(leader!, { [follower!.memberId]: 'mine' })
  assert.ok(waiting.answer.outcome === 'synced')
  assert.equal(asText(waiting.answer.assignment), 'mine')
})

test('a restart while members join: they join again and the group goes on', async () => {
  const world = new GroupWorld()
  const [leader, follower, gone] = await world.stable({}, {}, {})
  await world.leave([gone!.memberId, null])
  const lost = await world.join({ memberId: leader!.memberId })
  world.crash()
  await world.clock.settle()
  assert.equal(outcomeOf(lost.answer), 'not-coordinator')
  assert.equal(await world.heartbeat(gone!), 'unknown-member', 'who has left does not come back')
  assert.equal(await world.heartbeat(follower!), 'rebalance-in-progress')
  const again = await world.join({ memberId: leader!.memberId })
  await world.join({ memberId: follower!.memberId })
  assert.equal(joinedOf(again.answer).generation, 2)
})

test('of two coordinators the older one is refused, and its members are sent away', async () => {
  const world = new GroupWorld()
  const [leader] = await world.stable({})
  const older = world.coordinator
  world.coordinator = world.start()
  assert.equal(await world.heartbeat(leader!), 'alive')
  const committed = await older.commitOffsets({
    groupId: 'g',
    memberId: leader!.memberId,
    instanceId: null,
    generation: 1,
    retentionMs: null,
    offsets: [{ topicId: 'T', partitionIndex: 0, offset: 1, leaderEpoch: -1, metadata: '' }],
  })
  assert.equal(outcomeOf(committed), 'not-coordinator')
  const left = await older.leave({
    groupId: 'g',
    members: [{ memberId: leader!.memberId, instanceId: null, reason: null }],
  })
  assert.equal(outcomeOf(left), 'not-coordinator')
  assert.equal(await world.state(), 'stable 1')
})

const faults: readonly [string, () => MemoryFault, readonly string[]][] = [
  ['the catalog fails', () => ({ fault: 'fail' }), ['preparing-rebalance 1']],
  ['the answer is lost', () => ({ fault: 'lose-answer' }), ['completing-rebalance 1']],
  ['the request is lost', () => ({ fault: 'lose-request' }), ['empty 0']],
]
for (const [what, fault, states] of faults) {
  test(`a generation is told only when it is durable: ${what}`, async () => {
    const world = new GroupWorld()
    const first = await world.join({ requireKnownMemberId: true })
    assert.ok(first.answer.outcome === 'member-id-required')
    const { memberId } = first.answer
    world.fault = ({ at }) => (at === 'commit' ? fault() : undefined)
    const asked = await world.join({ memberId })
    await world.clock.advance(0)
    assert.equal(outcomeOf(asked.answer), 'unavailable')
    world.fault = () => undefined
    assert.ok(states.includes(await world.state()), await world.state())
    // Whoever was refused tries again as clients do, and gets there.
    const retry = await world.join({ memberId })
    const known = outcomeOf(retry.value) === 'unknown-member' ? await world.join() : retry
    await world.clock.advance(0)
    const joined = joinedOf(known.answer)
    await world.sync(joined, { [joined.memberId]: 'x' })
    assert.equal(await world.state(), 'stable 1')
  })
}

test('who was told to try again is waited for, and not taken for present', async () => {
  const world = new GroupWorld({ config: { initialRebalanceDelayMs: 3_000 } })
  const first = [await world.join(), await world.join()]
  world.fault = ({ at }) => (at === 'commit' ? { fault: 'fail' } : undefined)
  await world.clock.advance(6_000)
  assert.deepEqual(
    first.map(({ answer }) => outcomeOf(answer)),
    ['unavailable', 'unavailable'],
  )
  world.fault = () => undefined
  const [described] = await world.coordinator.describe(['g'])
  assert.ok(described?.outcome === 'described')
  const [one, other] = described.members.map(({ memberId }) => memberId)
  const again = await world.join({ memberId: one! })
  await world.clock.advance(10_000)
  assert.equal(again.value, undefined)
  const late = await world.join({ memberId: other! })
  assert.equal(joinedOf(again.answer).members.length, 2)
  assert.equal(joinedOf(late.answer).generation, 1)
})

test('an assignment is told only when it is durable', async () => {
  const world = new GroupWorld()
  const asked = [await world.join(), await world.join()]
  await world.clock.advance(0)
  const [leader, follower] = asked.map((each) => joinedOf(each.answer))
  const waiting = await world.sync(follower!)
  world.fault = ({ at }) => (at === 'commit' ? { fault: 'fail' } : undefined)
  const refused = await world.sync(leader!, { [follower!.memberId]: 'x' })
  assert.equal(outcomeOf(refused.answer), 'unavailable')
  assert.equal(outcomeOf(waiting.answer), 'unavailable')
  assert.equal(await world.state(), 'completing-rebalance 2')
  world.fault = () => undefined
  const again = await world.sync(follower!)
  await world.sync(leader!, { [follower!.memberId]: 'y' })
  assert.ok(again.answer.outcome === 'synced')
  assert.equal(asText(again.answer.assignment), 'y')
})

test('a session that ends while the catalog is away ends when it is back', async () => {
  const world = new GroupWorld()
  await world.stable({})
  world.fault = () => ({ fault: 'fail' })
  await world.clock.advance(25_000)
  world.fault = () => undefined
  assert.equal(await world.state(), 'stable 1')
  await world.clock.advance(1_000)
  assert.equal(await world.state(), 'empty 0')
})

test('without the catalog a group that is not in memory is unavailable', async () => {
  const world = new GroupWorld()
  const [leader] = await world.stable({})
  world.crash()
  world.fault = ({ at }) => (at === 'begin' ? { fault: 'fail' } : undefined)
  assert.equal(await world.heartbeat(leader!), 'unavailable')
  assert.equal(outcomeOf((await world.join()).answer), 'unavailable')
  assert.equal(outcomeOf(await world.commit()), 'unavailable')
  assert.equal(await world.committed(), undefined)
  assert.equal(outcomeOf(await world.coordinator.list({ states: [], types: [] })), 'unavailable')
  assert.equal(outcomeOf((await world.coordinator.describe(['g']))[0]), 'unavailable')
  assert.equal((await world.coordinator.delete(['g']))[0]?.refusal, 'unavailable')
  await world.coordinator.topicDeleted('T')
  assert.deepEqual(await world.coordinator.expireOffsets(), { offsets: 0, groups: 0 })
  world.fault = () => undefined
  assert.equal(await world.heartbeat(leader!), 'alive')
})

test('many first requests at once load the group once', async () => {
  const world = new GroupWorld()
  const [leader] = await world.stable({})
  world.crash()
  const before = world.commits.length
  const beats = await Promise.all(Array.from({ length: 20 }, () => world.heartbeat(leader!)))
  assert.deepEqual(new Set(beats), new Set(['alive']))
  assert.deepEqual(world.commits.slice(before), ['take group over'])
})

test('heartbeats write nothing', async () => {
  const world = new GroupWorld()
  const [leader] = await world.stable({})
  const before = world.commits.length
  for (let beats = 0; beats < 100; beats++) {
    await world.clock.advance(3_000)
    assert.equal(await world.heartbeat(leader!), 'alive')
  }
  assert.equal(world.commits.length, before)
})

test('a row that cannot be read is named, and hides no other', async () => {
  const world = new GroupWorld()
  await world.stable({})
  const row = {
    groupId: 'broken',
    coordinatorEpoch: 1,
    protocolType: 'consumer',
    generation: 1,
    body: '{"version":2}',
    changedMs: 0,
  }
  await world.database.transaction('break', async (tx) => tx.put(consumerGroups, [row]))
  const listed = await world.coordinator.list({ states: [], types: [] })
  assert.deepEqual(listed.outcome === 'listed' && listed.groups.map((each) => each.state), [
    'dead',
    'stable',
  ])
  const described = await world.coordinator.describe(['broken', 'g'])
  assert.deepEqual(described.map(outcomeOf), ['unavailable', 'described'])
  assert.equal(outcomeOf((await world.join({ groupId: 'broken' })).answer), 'unavailable')
})

test('closing answers whoever waits and leaves no timer', async () => {
  const world = new GroupWorld()
  const [leader] = await world.stable({}, {})
  const asked = await world.join({ memberId: leader!.memberId })
  world.coordinator.close()
  await world.clock.settle()
  assert.equal(outcomeOf(asked.answer), 'not-coordinator')
  assert.equal(await world.heartbeat(leader!), 'not-coordinator')
  assert.equal(outcomeOf(await world.commit()), 'not-coordinator')
  assert.equal(world.clock.pending, 0)
})

test('groups are listed by state and type, from memory or the catalog', async () => {
  const world = new GroupWorld()
  await world.stable({})
  await world.commit({ groupId: 'simple', offsets: [] })
  const connect = { groupId: 'workers', protocolType: 'connect' }
  await world.join({ ...connect, protocols: [{ name: 'sessioned', metadata: text('') }] })
  const list = async (states: readonly string[], types: readonly string[] = []) => {
    const filter = { states, types } as Parameters<typeof world.coordinator.list>[0]
    const listed = await world.coordinator.list(filter)
    assert.ok(listed.outcome === 'listed')
    return listed.groups.map(({ groupId, state, protocolType }) => [groupId, state, protocolType])
  }
  await world.clock.advance(0)
  const all = await list([])
  assert.deepEqual(
    all.map(([groupId]) => groupId),
    ['g', 'simple', 'workers'],
  )
  assert.deepEqual(await list(['empty']), [['simple', 'empty', '']])
  assert.deepEqual(await list(['completing-rebalance']), [
    ['workers', 'completing-rebalance', 'connect'],
  ])
  assert.deepEqual(await list([], ['classic']), all)
  world.crash()
  assert.deepEqual(await list([]), all)
})
