import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { assignors } from './assignor.ts'
import type { AssignorInput, AssignorMember } from './assignor-input.ts'
import { countOf, noPartitions, partitionSets, type PartitionSets } from './partition-sets.ts'

const member = (
  memberId: string,
  topicIds: readonly string[],
  before: PartitionSets = noPartitions,
  instanceId: string | null = null,
): AssignorMember => ({ memberId, instanceId, topicIds: new Set(topicIds), before })

/** Members `m0` … with `before` as some earlier round left it; topics `t0` …. */
const inputs = fc
  .record({
    counts: fc.array(fc.integer({ min: 1, max: 12 }), { minLength: 1, maxLength: 5 }),
    subscriptions: fc.array(fc.uint8Array({ minLength: 5, maxLength: 5 }), {
      minLength: 1,
      maxLength: 8,
    }),
    isSame: fc.boolean(),
  })
  .map(({ counts, subscriptions, isSame }): AssignorInput => {
    const ids = counts.map((_, at) => `t${at}`)
    const members = subscriptions.map((bits, at) => {
      const own = isSame ? ids : ids.filter((_, topic) => (bits[topic] ?? 0) % 2 === 0)
      return member(`m${at}`, own)
    })
    return { members, partitionCounts: new Map(ids.map((id, at) => [id, counts[at] ?? 1])) }
  })

/** Every partition that somebody is subscribed to has one owner, who is subscribed. */
function isWhole({ members, partitionCounts }: AssignorInput, given: Map<string, PartitionSets>) {
  const owners = new Map<string, string>()
  for (const { memberId, topicIds } of members) {
    for (const [topicId, partitions] of given.get(memberId) ?? noPartitions) {
      assert.ok(topicIds.has(topicId), `${memberId} is subscribed to ${topicId}`)
      for (const partition of partitions) {
        const key = `${topicId} ${partition}`
        assert.equal(owners.get(key), undefined, `${key} has one owner`)
        owners.set(key, memberId)
      }
    }
  }
  for (const [topicId, count] of partitionCounts) {
    if (!members.some(({ topicIds }) => topicIds.has(topicId))) continue
    for (let at = 0; at < count; at++) assert.ok(owners.has(`${topicId} ${at}`), `${topicId} ${at}`)
  }
  return owners
}

for (const name of ['uniform', 'range'] as const) {
  test(`${name}: every partition has one owner, and the same input the same answer`, () => {
    fc.assert(
      fc.property(inputs, (input) => {
        const given = assignors[name](input)
        isWhole(input, given)
        const again = assignors[name]({ ...input, members: input.members.toReversed() })
        for (const { memberId } of input.members) {
          assert.deepEqual(given.get(memberId), again.get(memberId))
        }
      }),
    )
  })
}

test('uniform: with the same subscriptions nobody has two more than another', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const [first] = input.members
      const members = input.members.map((each) => ({ ...each, topicIds: first!.topicIds }))
      const counts = [...assignors.uniform({ ...input, members }).values()].map(countOf)
      assert.ok(Math.max(...counts) - Math.min(...counts) <= 1, counts.join(' '))
    }),
  )
})

test('uniform: nobody has two more than one who could take one of them', () => {
  fc.assert(
    fc.property(inputs, (input) => {
      const given = assignors.uniform(input)
      const count = (memberId: string): number => countOf(given.get(memberId) ?? noPartitions)
      for (const rich of input.members) {
        for (const topicId of (given.get(rich.memberId) ?? noPartitions).keys()) {
          for (const poor of input.members) {
            if (!poor.topicIds.has(topicId)) continue
            assert.ok(count(rich.memberId) - count(poor.memberId) <= 1)
          }
        }
      }
    }),
  )
})

test('uniform: who comes takes its part, who goes leaves it, and nothing else moves', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 30 }), fc.integer({ min: 1, max: 8 }), (parts, size) => {
      const partitionCounts = new Map([['t', parts]])
      const fresh = Array.from({ length: size }, (_, at) => member(`m${at}`, ['t']))
      const first = assignors.uniform({ members: fresh, partitionCounts })
      const settled = fresh.map((each) => ({ ...each, before: first.get(each.memberId)! }))
      const members = [...settled, member('new', ['t'])]
      const second = assignors.uniform({ members, partitionCounts })
      const before = isWhole({ members: fresh, partitionCounts }, first)
      const after = isWhole({ members, partitionCounts }, second)
      const moved = [...after].filter(([key, owner]) => before.get(key) !== owner)
      assert.ok(moved.every(([, owner]) => owner === 'new'))
      assert.equal(moved.length, countOf(second.get('new')!))

      const left = members.slice(1).map((each) => ({ ...each, before: second.get(each.memberId)! }))
      const third = isWhole(
        { members: left, partitionCounts },
        assignors.uniform({ members: left, partitionCounts }),
      )
      const gone = [...after].filter(([, owner]) => owner === members[0]!.memberId)
      const movedThen = [...third].filter(([key, owner]) => after.get(key) !== owner)
      assert.deepEqual(
        movedThen.map(([key]) => key).toSorted(),
        gone.map(([key]) => key).toSorted(),
      )
    }),
  )
})

test('range: ranges in order, the first one longer, and the same for topics alike', () => {
  const members = [member('b', ['t', 'u']), member('a', ['t', 'u']), member('c', ['t', 'u'])]
  const given = assignors.range({
    members,
    partitionCounts: new Map([
      ['t', 7],
      ['u', 7],
    ]),
  })
  const rows = [...given]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([id, sets]) => [id, sets.get('t'), sets.get('u')])
  assert.deepEqual(rows, [
    ['a', [0, 1, 2], [0, 1, 2]],
    ['b', [3, 4], [3, 4]],
    ['c', [5, 6], [5, 6]],
  ])
})

test('a static member that comes back under another id stands where it stood', () => {
  const partitionCounts = new Map([['t', 4]])
  const at = (memberId: string): PartitionSets | undefined => {
    const members = [member('m', ['t']), member(memberId, ['t'], noPartitions, 'i')]
    return assignors.range({ members, partitionCounts }).get(memberId)
  }
  assert.deepEqual(at('a'), at('z'))
})

test('partitions that are gone, or a topic that is, are not kept', () => {
  const before = partitionSets([
    ['t', [0, 1, 5]],
    ['gone', [0]],
  ])
  const members = [member('m', ['t'], before)]
  const given = assignors.uniform({ members, partitionCounts: new Map([['t', 2]]) })
  assert.deepEqual(given.get('m'), partitionSets([['t', [0, 1]]]))
})
