import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupWorld, asText, joinedOf, outcomeOf, text } from '../../test/group/group-world.ts'

test('the last member that leaves empties the group, and its generation goes on', async () => {
  const world = new GroupWorld()
  const [leader] = await world.stable({})
  await world.leave([leader!.memberId, null])
  assert.equal(await world.state(), 'empty 0')
  const [next] = await world.stable({})
  assert.equal(next!.generation, 3)
})

test('a member that leaves while others have joined again lets them go on', async () => {
  const world = new GroupWorld()
  const [leader, follower] = await world.stable({}, {})
  const again = await world.join({ memberId: leader!.memberId })
  assert.equal(again.value, undefined)
  await world.leave([follower!.memberId, null])
  assert.equal(joinedOf(again.answer).members.length, 1)
})

test('members that leave while joining or syncing are told so', async () => {
  const world = new GroupWorld({ config: { initialRebalanceDelayMs: 1_000 } })
  const asked = await world.enter({ requireKnownMemberId: true })
  const [member] = (await world.coordinator.describe(['g'])).flatMap((group) =>
    group.outcome === 'described' ? group.members : [],
  )
  await world.leave([member!.memberId, null])
  assert.equal(outcomeOf(asked.answer), 'unknown-member')
  await world.clock.advance(1_000)
  assert.equal(await world.state(), 'empty 0', 'a rebalance of nobody ends')

  const [first, second] = [await world.join(), await world.join()]
  await world.clock.advance(2_000)
  const follower = joinedOf(second.answer)
  const waiting = await world.sync(follower)
  await world.leave([follower.memberId, null])
  assert.equal(outcomeOf(waiting.answer), 'unknown-member')
  assert.equal(await world.heartbeat(joinedOf(first.answer)), 'rebalance-in-progress')
})

test('a pending id can leave; groups that are not have no members', async () => {
  const world = new GroupWorld()
  const first = await world.join({ requireKnownMemberId: true })
  assert.ok(first.answer.outcome === 'member-id-required')
  const { memberId } = first.answer
  const left = await world.leave([memberId, null])
  assert.deepEqual(left.outcome === 'left' && left.members[0]?.refusal, null)
  assert.equal(outcomeOf((await world.join({ memberId })).answer), 'unknown-member')
  const none = await world.coordinator.leave({
    groupId: 'none',
    members: [{ memberId: 'm', instanceId: null, reason: null }],
  })
  assert.deepEqual(none.outcome === 'left' && none.members[0]?.refusal, 'unknown-member')
})

test('a silent member is out after its session, and the others rebalance', async () => {
  const world = new GroupWorld()
  const [leader, silent] = await world.stable({}, {})
  await world.clock.advance(6_000)
  assert.equal(await world.heartbeat(leader!), 'alive')
  await world.clock.advance(3_999)
  assert.equal(await world.state(), 'stable 2')
  await world.clock.advance(1)
  assert.equal(await world.state(), 'preparing-rebalance 1')
  assert.equal(await world.heartbeat(silent!), 'unknown-member')
  const again = await world.join({ memberId: leader!.memberId })
  assert.equal(joinedOf(again.answer).generation, 2)
})

test('sessions do not end while the broker lets members wait', async () => {
  const world = new GroupWorld()
  const [leader, follower] = await world.stable({}, { sessionTimeoutMs: 100_000 })
  const again = await world.join({ memberId: leader!.memberId })
  await world.clock.advance(30_000)
  assert.equal(again.value, undefined)
  assert.equal(await world.state(), 'preparing-rebalance 2')
  const late = await world.join({ memberId: follower!.memberId, sessionTimeoutMs: 100_000 })
  assert.equal(joinedOf(again.answer).generation, 2)
  assert.equal(joinedOf(late.answer).generation, 2)
  await world.clock.advance(9_999)
  assert.equal(await world.heartbeat(joinedOf(again.answer)), 'alive', 'a fresh session began')
})

test('members that never sync are out after the rebalance timeout', async () => {
  const world = new GroupWorld()
  const long = { sessionTimeoutMs: 100_000, rebalanceTimeoutMs: 20_000 }
  const [first] = [await world.join(long), await world.join(long)]
  await world.clock.advance(0)
  const leader = joinedOf(first.answer)
  const synced = await world.sync(leader, { [leader.memberId]: 'all' })
  assert.ok(synced.answer.outcome === 'synced')
  assert.equal(asText(synced.answer.assignment), 'all')
  await world.clock.advance(19_999)
  assert.equal(await world.state(), 'stable 2')
  await world.clock.advance(1)
  assert.equal(await world.state(), 'preparing-rebalance 1')
})

test('a leader that fails before it assigns: the others join, and one leads', async () => {
  const world = new GroupWorld()
  const [first, second] = [await world.join(), await world.join()]
  await world.clock.advance(0)
  const leader = joinedOf(first.answer)
  const follower = joinedOf(second.answer)
  const waiting = await world.sync(follower)
  await world.clock.advance(10_000)
  assert.equal(outcomeOf(waiting.answer), 'rebalance-in-progress')
  const again = await world.join({ memberId: follower.memberId })
  const joined = joinedOf(again.answer)
  assert.equal(joined.leaderId, follower.memberId)
  assert.equal(await world.heartbeat(leader), 'unknown-member')
})

test('two rounds of a cooperative rebalance', async () => {
  const world = new GroupWorld()
  const owned = (value: string) => ({ protocols: [{ name: 'coop', metadata: text(value) }] })
  const [one] = await world.stable(owned('none'))
  const other = await world.join(owned('none'))
  assert.equal(await world.heartbeat(one!), 'rebalance-in-progress')
  const first = await world.join({ memberId: one!.memberId, ...owned('0,1') })
  const leader = joinedOf(first.answer)
  const newcomer = joinedOf(other.answer)
  assert.deepEqual(
    leader.members.map(({ metadata }) => asText(metadata)),
    ['0,1', 'none'],
  )
  // The leader takes 1 away; who gets it waits for the second round.
  await world.sync(leader, { [leader.memberId]: '0', [newcomer.memberId]: '' })
  assert.equal(outcomeOf((await world.sync(newcomer)).answer), 'synced')
  const second = await world.join({ memberId: leader.memberId, ...owned('0') })
  assert.equal(await world.heartbeat(newcomer), 'rebalance-in-progress')
  const again = await world.join({ memberId: newcomer.memberId, ...owned('none') })
  const last = joinedOf(second.answer)
  assert.equal(last.generation, leader.generation + 1)
  await world.sync(last, { [leader.memberId]: '0', [newcomer.memberId]: '1' })
  const synced = await world.sync(joinedOf(again.answer))
  assert.ok(synced.answer.outcome === 'synced')
  assert.equal(asText(synced.answer.assignment), '1')
  assert.equal(await world.state(), 'stable 2')
})
