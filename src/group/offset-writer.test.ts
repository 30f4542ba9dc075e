import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  Asked,
  GroupWorld,
  commitDefaults,
  joinedOf,
  outcomeOf,
} from '../../test/group/group-world.ts'
import type { CommitOffsetsRequest, OffsetToCommit } from './offsets.ts'

const offset = (value: number, changes: Partial<OffsetToCommit> = {}): OffsetToCommit => ({
  ...commitDefaults.offsets[0]!,
  offset: value,
  ...changes,
})

async function worldWithTopic(): Promise<GroupWorld> {
  const world = new GroupWorld()
  await world.addTopic('T', 'topic')
  return world
}

test('a consumer that is no member commits for a group that is empty or not there', async () => {
  const world = await worldWithTopic()
  assert.equal(await world.committed(), -1)
  const offsets = [offset(7, { leaderEpoch: 3, metadata: 'märk' })]
  assert.deepEqual(await world.commit({ offsets }), { outcome: 'committed', refusals: [null] })
  const fetched = await world.coordinator.fetchOffsets({ groupId: 'g', topics: null })
  const told = offsets.map((each) => ({ ...each, isPending: false }))
  assert.deepEqual(fetched, { outcome: 'fetched', offsets: told })
  assert.equal(await world.state(), 'empty 0')
  world.crash()
  assert.equal(await world.committed(), 7)
})

const refusals: readonly [string, Partial<CommitOffsetsRequest>, string][] = [
  ['a generation of a group that is not', { groupId: 'h', generation: 1 }, 'group-not-found'],
  ['no member, and the group has some', {}, 'unknown-member'],
  ['an unknown member', { memberId: 'c-1', generation: 1 }, 'unknown-member'],
  ['an unknown member without generation', { memberId: 'c-1' }, 'unknown-member'],
  ['too long a group id', { groupId: 'g'.repeat(3_000) }, 'invalid-group-id'],
  ['too many offsets', { offsets: Array(50_001).fill(offset(1)) as [] }, 'invalid-request'],
]
for (const [what, request, reason] of refusals) {
  test(`a commit is refused: ${what}`, async () => {
    const world = await worldWithTopic()
    await world.stable({})
    assert.equal(outcomeOf(await world.commit(request)), reason)
    assert.equal(await world.committed(), -1)
  })
}

test('members commit under their generation, and keep their session by it', async () => {
  const world = await worldWithTopic()
  const [{ memberId, generation }] = (await world.stable({})) as [ReturnType<typeof joinedOf>]
  for (let at = 1; at <= 5; at++) {
    await world.clock.advance(9_000)
    const committed = await world.commit({ memberId, generation, offsets: [offset(at)] })
    assert.equal(outcomeOf(committed), 'committed')
  }
  assert.equal(await world.committed(), 5)
  const older = await world.commit({ memberId, generation: generation - 1 })
  assert.equal(outcomeOf(older), 'illegal-generation')
  assert.equal(outcomeOf(await world.commit({ memberId })), 'illegal-generation')
})

test('commits are taken while preparing, and refused while completing a rebalance', async () => {
  const world = await worldWithTopic()
  const [member] = await world.stable({}, {})
  const { memberId } = member!
  const other = await world.join()
  assert.equal(outcomeOf(await world.commit({ memberId, generation: 1 })), 'committed')
  const again = await world.join({ memberId })
  assert.equal(other.value, undefined)
  await world.clock.advance(10_000) // the silent one is out
  const { generation } = joinedOf(again.answer)
  assert.equal(outcomeOf(await world.commit({ memberId, generation })), 'rebalance-in-progress')
})

test('each offset is judged alone: metadata, topics', async () => {
  const world = await worldWithTopic()
  await world.addTopic('D', 'deleted', 1)
  const offsets = [
    offset(1, { metadata: 'm'.repeat(4_097) }),
    offset(2, { metadata: 'm'.repeat(4_096) }),
    offset(3, { topicId: 'D' }),
    offset(4, { topicId: 'none' }),
    offset(5, { partitionIndex: 9 }),
  ]
  assert.deepEqual(await world.commit({ offsets }), {
    outcome: 'committed',
    refusals: ['metadata-too-large', null, 'unknown-topic', 'unknown-topic', null],
  })
  assert.equal(await world.committed('T', 0), 2)
  assert.equal(await world.committed('T', 9), 5)
  assert.equal(await world.committed('D', 0), -1)
})

test('commits that come together are written together, the last one counts', async () => {
  const world = await worldWithTopic()
  await world.commit()
  const before = world.commits.length
  const results = await Promise.all(
    Array.from({ length: 50 }, (_, at) => world.commit({ offsets: [offset(at)] })),
  )
  assert.deepEqual(new Set(results.map(outcomeOf)), new Set(['committed']))
  assert.ok(world.commits.length - before <= 2, world.commits.slice(before).join(' '))
  assert.equal(await world.committed(), 49)
})

for (const fault of ['fail', 'lose-answer', 'lose-request'] as const) {
  test(`a commit that may not be durable is not confirmed: ${fault}`, async () => {
    const world = await worldWithTopic()
    await world.commit()
    world.fault = ({ at }) => (at === 'commit' ? { fault } : undefined)
    assert.equal(outcomeOf(await world.commit({ offsets: [offset(8)] })), 'unavailable')
    world.fault = () => undefined
    assert.equal(await world.committed(), fault === 'lose-answer' ? 8 : 7)
    assert.equal(outcomeOf(await world.commit({ offsets: [offset(8)] })), 'committed')
    assert.equal(await world.committed(), 8)
  })
}

test('a commit allowed under an older generation does not overtake the new one', async () => {
  const world = await worldWithTopic()
  const [member] = await world.stable({})
  const { memberId, generation } = member!
  world.delayMs = ({ transaction, at }) =>
    transaction === 'commit group offsets' && at === 'begin' ? 100 : 0
  const zombie = new Asked(world.commit({ memberId, generation, offsets: [offset(99)] }))
  const again = await world.join({ memberId })
  assert.equal(joinedOf(again.answer).generation, generation + 1)
  assert.equal(zombie.value, undefined, 'it is on its way')
  await world.clock.advance(100)
  assert.equal(outcomeOf(zombie.answer), 'illegal-generation')
  assert.equal(await world.committed(), -1)
})

test('offsets are fetched in the order asked, -1 where there is none', async () => {
  const world = await worldWithTopic()
  await world.commit({ offsets: [offset(1), offset(2, { partitionIndex: 1 })] })
  const fetched = await world.coordinator.fetchOffsets({
    groupId: 'g',
    topics: [
      { topicId: 'T', partitions: [1, 5, 0] },
      { topicId: 'U', partitions: [0] },
    ],
  })
  assert.ok(fetched.outcome === 'fetched')
  assert.deepEqual(
    fetched.offsets.map((each) => [each.topicId, each.partitionIndex, each.offset]),
    [
      ['T', 1, 2],
      ['T', 5, -1],
      ['T', 0, 1],
      ['U', 0, -1],
    ],
  )
  const none = await world.coordinator.fetchOffsets({ groupId: 'none', topics: null })
  assert.deepEqual(none, { outcome: 'fetched', offsets: [] })
  // As Kafka: whoever says to be a member of a group that is not there is not judged.
  const member = { memberId: 'c-1', generation: 1 }
  const ofMember = await world.coordinator.fetchOffsets({ groupId: 'none', topics: null, member })
  assert.deepEqual(ofMember, none)
})
