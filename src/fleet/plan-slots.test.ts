import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { planSlots, type SlotMap } from './plan-slots.ts'
import { slotCount, slotOfPartition } from './slots.ts'

const even = Array.from({ length: slotCount }, () => 1)

const countsOf = (slots: SlotMap): number[] =>
  [...Map.groupBy(slots, (nodeId) => nodeId).values()].map(({ length }) => length)

test('the first placement shares evenly, and is the same for everybody', () => {
  const { slots, moves } = planSlots(undefined, [1, 2, 3], even)
  assert.deepEqual(
    countsOf(slots).toSorted((a, b) => a - b),
    [85, 85, 86],
  )
  assert.equal(moves.length, slotCount)
  assert.ok(moves.every(({ reason, from }) => reason === 'first placement' && from === undefined))
  assert.deepEqual(planSlots(undefined, [1, 2, 3], even).slots, slots)
  const used = new Set([10, 11, 12].map((id) => slots[slotOfPartition(id)]))
  assert.equal(used.size, 3, 'partitions of one topic are on different brokers')
})

test('of a broker that is gone only its own slots move, of one that comes only its share', () => {
  const three = planSlots(undefined, [1, 2, 3], even).slots
  const two = planSlots(three, [1, 3], even)
  assert.ok(two.moves.every(({ from, reason }) => from === 2 && reason === 'its broker is gone'))
  assert.equal(two.moves.length, countsOf(three.filter((id) => id === 2))[0])
  const four = planSlots(three, [1, 2, 3, 4], even)
  assert.ok(four.moves.every(({ to, reason }) => to === 4 && reason === 'to share the load'))
  assert.ok(Math.min(...countsOf(four.slots)) >= 0.9 * (slotCount / 4), 'nearly its fair share')
})

test('partitions of one topic are on different brokers, also after others have come', () => {
  let slots: SlotMap | undefined
  for (const members of [[1], [1, 2], [1, 2, 3]]) slots = planSlots(slots, members, even).slots
  const alike = Array.from(
    { length: slotCount - 3 },
    (_, from) => new Set(slots?.slice(from, from + 4)),
  )
  assert.ok(alike.filter(({ size }) => size === 1).length < slotCount / 50)
})

test('what is busy counts for more', () => {
  const weights = even.map((weight, slot) => (slot < 10 ? 20 : weight))
  const { slots } = planSlots(planSlots(undefined, [1, 2], even).slots, [1, 2], weights)
  const loads = [1, 2].map((id) =>
    slots.reduce((sum, owner, slot) => sum + (owner === id ? (weights[slot] ?? 0) : 0), 0),
  )
  assert.ok(
    Math.abs((loads[0] ?? 0) - (loads[1] ?? 0)) <= 0.1 * ((loads[0] ?? 0) + (loads[1] ?? 0)),
  )
})

test('every slot has a living broker, and planning again moves nothing', () => {
  const ids = fc.uniqueArray(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 8 })
  const weight = fc.integer({ min: 1, max: 1000 })
  const weights = fc.array(weight, { minLength: slotCount, maxLength: slotCount })
  fc.assert(
    fc.property(ids, ids, weights, (first, second, busy) => {
      const sort = (members: number[]): number[] => members.toSorted((a, b) => a - b)
      const before = planSlots(undefined, sort(first), busy).slots
      const { slots, moves } = planSlots(before, sort(second), busy)
      assert.ok(slots.every((nodeId) => second.includes(nodeId)))
      const moved = new Map(moves.map(({ slot, to }) => [slot, to]))
      for (const [slot, nodeId] of slots.entries()) {
        assert.equal(nodeId, moved.get(slot) ?? before[slot])
      }
      assert.deepEqual(planSlots(slots, sort(second), busy).moves, [])
    }),
    { numRuns: 200 },
  )
})
