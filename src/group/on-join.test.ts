import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupWorld, asText, joinedOf, outcomeOf, text } from '../../test/group/group-world.ts'
import type { JoinRequest } from './membership.ts'

const roundRobin = { name: 'roundrobin', metadata: text('rr') }
const range = { name: 'range', metadata: text('r') }

test('a new dynamic member is told its id first, and joins with it', async () => {
  const world = new GroupWorld()
  const first = await world.join({ requireKnownMemberId: true })
  assert.ok(first.answer.outcome === 'member-id-required')
  const { memberId } = first.answer
  assert.match(memberId, /^c-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/)
  assert.equal(await world.state(), 'empty 0')
  const second = await world.join({ requireKnownMemberId: true, memberId })
  await world.clock.advance(0)
  const joined = joinedOf(second.answer)
  assert.equal(joined.memberId, memberId)
  assert.equal(joined.leaderId, memberId)
  assert.equal(joined.generation, 1)
  assert.deepEqual(
    joined.members.map((each) => [each.memberId, each.instanceId, asText(each.metadata)]),
    [[memberId, null, 'r']],
  )
})

test('an id that was given is kept for the session timeout', async () => {
  const world = new GroupWorld()
  const first = await world.join({ requireKnownMemberId: true })
  assert.ok(first.answer.outcome === 'member-id-required')
  await world.clock.advance(10_000)
  const late = await world.join({ memberId: first.answer.memberId })
  assert.equal(outcomeOf(late.answer), 'unknown-member')
})

test('a static member is not asked to join twice; its id begins with the instance', async () => {
  const world = new GroupWorld()
  const asked = await world.join({ requireKnownMemberId: true, instanceId: 'i' })
  await world.clock.advance(0)
  assert.match(joinedOf(asked.answer).memberId, /^i-/)
})

const refusals: readonly [string, Partial<JoinRequest>, string][] = [
  ['empty group id', { groupId: '' }, 'invalid-group-id'],
  ['too long a group id', { groupId: 'g'.repeat(2_049) }, 'invalid-group-id'],
  ['session timeout too short', { sessionTimeoutMs: 5_999 }, 'invalid-session-timeout'],
  ['session timeout too long', { sessionTimeoutMs: 1_800_001 }, 'invalid-session-timeout'],
  ['an id that nobody was given', { memberId: 'c-1' }, 'unknown-member'],
  ['an unknown id in a group that is not', { groupId: 'h', memberId: 'c-1' }, 'unknown-member'],
  ['another protocol type', { protocolType: 'connect' }, 'inconsistent-protocol'],
  ['no protocol in common', { protocols: [roundRobin] }, 'inconsistent-protocol'],
  ['no protocol', { protocols: [] }, 'inconsistent-protocol'],
  ['no protocol in a new group', { groupId: 'h', protocols: [] }, 'inconsistent-protocol'],
  ['no protocol type in a new group', { groupId: 'h', protocolType: '' }, 'inconsistent-protocol'],
  ['too many protocols', { protocols: Array.from({ length: 65 }, () => range) }, 'invalid-request'],
  [
    'too much metadata',
    { protocols: [{ name: 'range', metadata: new Uint8Array(9 * 1024 * 1024) }] },
    'invalid-request',
  ],
  ['an instance that is not', { memberId: 'c-1', instanceId: 'i' }, 'unknown-member'],
]
for (const [what, request, reason] of refusals) {
  test(`a join is refused: ${what}`, async () => {
    const world = new GroupWorld()
    await world.stable({})
    assert.equal(outcomeOf((await world.join(request)).answer), reason)
    assert.equal(await world.state(), 'stable 1')
  })
}

test('the first rebalance waits for others, and longer while they come', async () => {
  const world = new GroupWorld({ config: { initialRebalanceDelayMs: 3_000 } })
  const first = await world.join({ rebalanceTimeoutMs: 7_000 })
  await world.clock.advance(2_999)
  const second = await world.join({ rebalanceTimeoutMs: 7_000 })
  await world.clock.advance(1)
  assert.equal(first.value, undefined, 'a newcomer extends the delay')
  await world.clock.advance(2_999)
  const third = await world.join({ rebalanceTimeoutMs: 7_000 })
  await world.clock.advance(1)
  assert.equal(first.value, undefined)
  await world.clock.advance(1_000)
  const answers = [first, second, third].map((each) => joinedOf(each.answer))
  assert.deepEqual(
    answers.map(({ generation, members }) => [generation, members.length]),
    [
      [1, 3],
      [1, 0],
      [1, 0],
    ],
    'never longer than the rebalance timeout',
  )
})

test('the protocol is the one that all know and most prefer', async () => {
  const world = new GroupWorld()
  const sticky = { name: 'sticky', metadata: text('s') }
  const [leader] = await world.stable(
    { protocols: [sticky, range, roundRobin] },
    { protocols: [roundRobin, range] },
    { protocols: [range, roundRobin] },
  )
  assert.equal(leader?.protocolName, 'range')
})

test('a follower that joins again with the same metadata gets the present generation', async () => {
  const world = new GroupWorld()
  const [leader, follower] = await world.stable({}, {})
  const again = await world.join({ memberId: follower!.memberId })
  assert.deepEqual(joinedOf(again.answer), { ...follower, leaderId: leader!.memberId })
  assert.equal(await world.state(), 'stable 2')
  const synced = await world.sync(follower!)
  assert.ok(synced.answer.outcome === 'synced')
  assert.equal(asText(synced.answer.assignment), 'part-1')
})

for (const who of ['the leader', 'a follower with other metadata'] as const) {
  test(`${who} that joins again begins a rebalance`, async () => {
    const world = new GroupWorld()
    const [leader, follower] = await world.stable({}, {})
    const [one, other] = who === 'the leader' ? [leader!, follower!] : [follower!, leader!]
    const protocols = [{ name: 'range', metadata: text('changed') }]
    const again = await world.join({ memberId: one.memberId, protocols })
    assert.equal(again.value, undefined)
    assert.equal(await world.heartbeat(other), 'rebalance-in-progress')
    const late = await world.join({ memberId: other.memberId })
    assert.equal(joinedOf(again.answer).generation, 2)
    assert.equal(joinedOf(late.answer).generation, 2)
  })
}

test('a member that lost the answer to its join gets it again', async () => {
  const world = new GroupWorld()
  const asked = await world.join()
  await world.clock.advance(0)
  const joined = joinedOf(asked.answer)
  assert.equal(await world.state(), 'completing-rebalance 1')
  const again = await world.join({ memberId: joined.memberId })
  assert.deepEqual(again.answer, joined)
})

test('a join while members sync makes them join again', async () => {
  const world = new GroupWorld()
  const [first, second] = [await world.join(), await world.join()]
  await world.clock.advance(0)
  const follower = joinedOf(second.answer)
  const waiting = await world.sync(follower)
  assert.equal(waiting.value, undefined)
  await world.join()
  assert.equal(outcomeOf(waiting.answer), 'rebalance-in-progress')
  assert.equal(await world.state(), 'preparing-rebalance 3')
  assert.equal(await world.heartbeat(joinedOf(first.answer)), 'rebalance-in-progress')
})

test('who does not join again in time is out; static members when the sync is due', async () => {
  const world = new GroupWorld()
  const [leader, , fixed] = await world.stable(
    {},
    {},
    { instanceId: 'i', sessionTimeoutMs: 300_000 },
  )
  const again = await world.join({ memberId: leader!.memberId })
  for (let beats = 0; beats < 10; beats++) {
    await world.clock.advance(5_999)
    await world.heartbeat(leader!)
  }
  assert.equal(again.value, undefined)
  await world.clock.advance(10)
  const joined = joinedOf(again.answer)
  assert.equal(joined.generation, 2)
  assert.deepEqual(
    joined.members.map(({ memberId }) => memberId),
    [leader!.memberId, fixed!.memberId],
  )
  await world.sync(joined)
  assert.equal(await world.state(), 'stable 2')
  for (let beats = 0; beats < 11; beats++) {
    await world.clock.advance(5_999)
    await world.heartbeat(joined)
  }
  assert.equal(await world.state(), 'preparing-rebalance 1')
})

test('a leader that does not join again is replaced', async () => {
  const world = new GroupWorld()
  const [leader, follower] = await world.stable({ instanceId: 'i', sessionTimeoutMs: 200_000 }, {})
  const again = await world.join({
    memberId: follower!.memberId,
    protocols: [{ name: 'range', metadata: text('new') }],
  })
  await world.clock.advance(60_000)
  const joined = joinedOf(again.answer)
  assert.equal(joined.leaderId, follower!.memberId)
  assert.equal(joined.members.length, 2)
  assert.equal(leader!.leaderId, leader!.memberId)
})

test('group.max.size counts members, and while rebalancing those who have joined', async () => {
  const world = new GroupWorld({ config: { membersMax: 2 } })
  await world.stable({}, {})
  assert.equal(outcomeOf((await world.join()).answer), 'group-full')
  assert.equal(await world.state(), 'stable 2')
})

test('a member that asks twice is answered once, on the newer request', async () => {
  const world = new GroupWorld()
  const [, follower] = await world.stable({}, {})
  const protocols = [{ name: 'range', metadata: text('new') }]
  const first = await world.join({ memberId: follower!.memberId, protocols })
  const second = await world.join({ memberId: follower!.memberId, protocols })
  assert.equal(outcomeOf(first.answer), 'rebalance-in-progress')
  assert.equal(second.value, undefined)
})

test('new members that wait too long for their first answer are dropped', async () => {
  const world = new GroupWorld({ config: { initialRebalanceDelayMs: 400_000 } })
  const first = await world.join({ rebalanceTimeoutMs: 600_000 })
  await world.clock.advance(300_000)
  assert.equal(outcomeOf(first.answer), 'unknown-member')
})

test('protocol types are opaque: Connect workers keep their bytes', async () => {
  const world = new GroupWorld()
  const metadata = Uint8Array.from([0, 255, 128, 7])
  const [leader] = await world.stable({
    protocolType: 'connect',
    protocols: [{ name: 'sessioned', metadata }],
  })
  assert.deepEqual(leader!.members[0]?.metadata, metadata)
  const [described] = await world.coordinator.describe(['g'])
  assert.ok(described?.outcome === 'described')
  assert.deepEqual(described.members[0]?.metadata, metadata)
  assert.equal(described.protocolType, 'connect')
})
