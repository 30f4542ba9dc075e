import assert from 'node:assert/strict'
import { test } from 'node:test'
import { GroupWorld, asText, joinedOf, outcomeOf, text } from '../../test/group/group-world.ts'
import type { SyncRequest } from './membership.ts'

test('followers wait for the leader, and all are told at once', async () => {
  const world = new GroupWorld()
  const asked = [await world.join(), await world.join(), await world.join()]
  await world.clock.advance(0)
  const [leader, ...followers] = asked.map((each) => joinedOf(each.answer))
  const waiting = [await world.sync(followers[0]!), await world.sync(followers[1]!)]
  assert.deepEqual(
    waiting.map(({ value }) => value),
    [undefined, undefined],
  )
  const commits = world.commits.length
  await world.sync(leader!, { [leader!.memberId]: 'a', [followers[0]!.memberId]: 'b' })
  const told = waiting.map(({ answer }) => answer.outcome === 'synced' && asText(answer.assignment))
  assert.deepEqual(told, ['b', ''], 'whom the leader forgot gets nothing')
  assert.deepEqual(world.commits.slice(commits), ['save group'])
})

const refusals: readonly [string, Partial<SyncRequest>, string][] = [
  ['no such group', { groupId: 'h' }, 'unknown-member'],
  ['empty group id', { groupId: '' }, 'invalid-group-id'],
  ['no such member', { memberId: 'c-1' }, 'unknown-member'],
  ['no such instance', { instanceId: 'i' }, 'unknown-member'],
  ['an older generation', { generation: 0 }, 'illegal-generation'],
  ['a generation to come', { generation: 2 }, 'illegal-generation'],
  ['another protocol type', { protocolType: 'connect' }, 'inconsistent-protocol'],
  ['another protocol', { protocolName: 'sticky' }, 'inconsistent-protocol'],
]
for (const [what, request, reason] of refusals) {
  test(`a sync is refused: ${what}`, async () => {
    const world = new GroupWorld()
    const [leader] = await world.stable({})
    assert.equal(outcomeOf((await world.syncWith(leader!, request)).answer), reason)
    const right = { protocolType: 'consumer', protocolName: 'range' }
    assert.equal(outcomeOf((await world.syncWith(leader!, right)).answer), 'synced')
  })
}

test('too large an assignment is refused, and a smaller one taken', async () => {
  const world = new GroupWorld()
  const asked = await world.join()
  await world.clock.advance(0)
  const leader = joinedOf(asked.answer)
  const { memberId } = leader
  const large = [{ memberId, assignment: new Uint8Array(9 * 1024 * 1024) }]
  const refused = await world.syncWith(leader, { assignments: large })
  assert.equal(outcomeOf(refused.answer), 'invalid-request')
  assert.equal(outcomeOf((await world.sync(leader, { [memberId]: 'x' })).answer), 'synced')
})

test('what is kept of a request is copied out of its frame', async () => {
  const world = new GroupWorld()
  const metadata = text('mine')
  const asked = await world.join({ protocols: [{ name: 'range', metadata }] })
  metadata.fill(0)
  await world.clock.advance(0)
  const leader = joinedOf(asked.answer)
  assert.equal(asText(leader.members[0]!.metadata), 'mine')
  const assignment = text('yours')
  await world.syncWith(leader, { assignments: [{ memberId: leader.memberId, assignment }] })
  assignment.fill(0)
  const synced = await world.sync(leader)
  assert.ok(synced.answer.outcome === 'synced')
  assert.equal(asText(synced.answer.assignment), 'yours')
})

test('a group is described with metadata only while it is stable', async () => {
  const world = new GroupWorld()
  const [leader] = await world.stable({ clientId: 'app' })
  const describe = async () => (await world.coordinator.describe(['g', 'none']))[0]
  const stable = await describe()
  assert.ok(stable?.outcome === 'described')
  assert.equal(stable.protocolName, 'range')
  assert.deepEqual(
    stable.members.map((each) => [
      each.clientId,
      each.clientHost,
      asText(each.metadata),
      asText(each.assignment),
    ]),
    [['app', '/127.0.0.1', 'r', 'part-0']],
  )
  await world.join()
  const preparing = await describe()
  assert.ok(preparing?.outcome === 'described')
  assert.equal(preparing.state, 'preparing-rebalance')
  assert.equal(preparing.protocolName, '')
  assert.equal(asText(preparing.members[0]!.metadata), '')
  assert.ok(leader)
  assert.equal(outcomeOf((await world.coordinator.describe(['none']))[0]), 'group-not-found')
})
