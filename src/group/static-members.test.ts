import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupWorld, asText, joinedOf, outcomeOf, text } from '../../test/group/group-world.ts'

const fixed = { instanceId: 'i', sessionTimeoutMs: 30_000 }

test('the next incarnation of a follower takes its place without a rebalance', async () => {
  const world = new GroupWorld()
  const [leader, old] = await world.stable({}, fixed)
  const again = joinedOf((await world.join(fixed)).answer)
  assert.notEqual(again.memberId, old!.memberId)
  assert.equal(again.generation, 1)
  assert.equal(again.leaderId, leader!.memberId)
  assert.equal(again.skipAssignment, false)
  const synced = await world.syncWith(again, { instanceId: 'i' })
  assert.ok(synced.answer.outcome === 'synced')
  assert.equal(asText(synced.answer.assignment), 'part-1')
  assert.equal(await world.state(), 'stable 2')
  assert.equal(await world.heartbeat(leader!), 'alive')
})

test('the old incarnation is fenced, whatever it asks', async () => {
  const world = new GroupWorld()
  const [, old] = await world.stable({}, fixed)
  await world.join(fixed)
  const { memberId, generation } = old!
  assert.equal(await world.heartbeat(old!, 'i'), 'fenced-instance')
  assert.equal(await world.heartbeat(old!), 'unknown-member')
  assert.equal(outcomeOf((await world.join({ ...fixed, memberId })).answer), 'fenced-instance')
  const synced = await world.syncWith(old!, { instanceId: 'i' })
  assert.equal(outcomeOf(synced.answer), 'fenced-instance')
  const left = await world.leave([memberId, 'i'])
  assert.deepEqual(left.outcome === 'left' && left.members[0]?.refusal, 'fenced-instance')
  const committed = await world.commit({ memberId, generation, instanceId: 'i' })
  assert.equal(outcomeOf(committed), 'fenced-instance')
})

test('a returning leader is told to skip the assignment, if it can (KIP-814)', async () => {
  const world = new GroupWorld()
  const [old] = await world.stable(fixed, {})
  const again = joinedOf((await world.join({ ...fixed, supportsSkippingAssignment: true })).answer)
  assert.equal(again.leaderId, again.memberId)
  assert.equal(again.skipAssignment, true)
  assert.equal(again.members.length, 2)
  const older = joinedOf((await world.join(fixed)).answer)
  assert.equal(older.leaderId, again.memberId, 'others are told the old id: they do not assign')
  assert.equal(older.skipAssignment, false)
  assert.deepEqual(older.members, [])
  assert.notEqual(old!.memberId, older.memberId)
})

test('a returning member that changes the choice of protocol begins a rebalance', async () => {
  const world = new GroupWorld()
  const two = [
    { name: 'range', metadata: text('r') },
    { name: 'sticky', metadata: text('s') },
  ]
  const [leader] = await world.stable({ protocols: two }, { ...fixed, protocols: two })
  const again = await world.join({ ...fixed, protocols: [two[1]!] })
  assert.equal(again.value, undefined)
  assert.equal(await world.heartbeat(leader!), 'rebalance-in-progress')
  await world.join({ memberId: leader!.memberId, protocols: two })
  assert.equal(joinedOf(again.answer).protocolName, 'sticky')
})

test('returning while others sync begins a rebalance: the old id may be known', async () => {
  const world = new GroupWorld()
  const [first, second] = [await world.join(), await world.join(fixed)]
  await world.clock.advance(0)
  const waiting = await world.syncWith(joinedOf(second.answer), { instanceId: 'i' })
  const again = await world.join(fixed)
  assert.equal(outcomeOf(waiting.answer), 'fenced-instance')
  assert.equal(again.value, undefined)
  assert.equal(await world.state(), 'preparing-rebalance 2')
  const leader = joinedOf(first.answer)
  await world.join({ memberId: leader.memberId })
  assert.equal(joinedOf(again.answer).generation, 2)
})

test('a second process with the same instance fences the first while both join', async () => {
  const world = new GroupWorld({ config: { initialRebalanceDelayMs: 1_000 } })
  const first = await world.join(fixed)
  const second = await world.join(fixed)
  assert.equal(outcomeOf(first.answer), 'fenced-instance')
  await world.clock.advance(2_000)
  assert.equal(joinedOf(second.answer).members.length, 1)
})

test('an administrator removes a static member by its instance id alone', async () => {
  const world = new GroupWorld()
  await world.stable({}, fixed)
  const left = await world.leave(['', 'i'], ['', 'j'], ['c-1', null])
  assert.deepEqual(left.outcome === 'left' && left.members, [
    { memberId: '', instanceId: 'i', refusal: null },
    { memberId: '', instanceId: 'j', refusal: 'unknown-member' },
    { memberId: 'c-1', instanceId: null, refusal: 'unknown-member' },
  ])
  assert.equal(await world.state(), 'preparing-rebalance 1')
})

test('a replaced id is durable before it is told', async () => {
  const world = new GroupWorld()
  const [, old] = await world.stable({}, fixed)
  world.fault = ({ at }) => (at === 'commit' ? { fault: 'fail' } : undefined)
  assert.equal(outcomeOf((await world.join(fixed)).answer), 'unavailable')
  assert.equal(await world.heartbeat(old!, 'i'), 'alive', 'the old one is still the member')
  world.fault = () => undefined
  const again = joinedOf((await world.join(fixed)).answer)
  world.crash()
  assert.equal(await world.heartbeat(again, 'i'), 'alive')
})
