import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryBudget } from './memory-budget.ts'

test('memory is taken up to the limit, and by one request larger than it', () => {
  const budget = new MemoryBudget(100)
  assert.ok(budget.tryTake(60))
  assert.ok(!budget.tryTake(41))
  assert.ok(budget.tryTake(40))
  budget.give(60)
  budget.give(40)
  assert.ok(budget.tryTake(1_000))
  assert.ok(!budget.tryTake(1))
  assert.equal(budget.usedBytes, 1_000)
})

test('who waits is served in turn, and small requests do not overtake large ones', () => {
  const budget = new MemoryBudget(100)
  const served: string[] = []
  budget.tryTake(80)
  budget.wait(90, () => served.push('large'))
  budget.wait(5, () => served.push('small'))
  assert.ok(!budget.tryTake(10), 'there is room, but others were first')
  budget.give(40)
  assert.deepEqual(served, [])
  budget.give(40)
  assert.deepEqual(served, ['large', 'small'])
  assert.equal(budget.usedBytes, 95)
})

test('who asks no more is not given anything, nor in the way of others', () => {
  const budget = new MemoryBudget(100)
  const served: string[] = []
  budget.tryTake(80)
  const stop = budget.wait(90, () => served.push('gone'))
  budget.wait(5, () => served.push('small'))
  stop()
  stop()
  assert.deepEqual(served, ['small'])
  assert.equal(budget.usedBytes, 85)
})

test('one that is granted memory may ask again at once', () => {
  const budget = new MemoryBudget(10)
  const served: number[] = []
  budget.tryTake(10)
  budget.wait(6, () => {
    served.push(1)
    budget.wait(6, () => served.push(2))
  })
  budget.give(10)
  assert.deepEqual(served, [1])
  budget.give(6)
  assert.deepEqual(served, [1, 2])
})

test('small requests have a part of their own, and use the rest when that is full', () => {
  const budget = new MemoryBudget(100, { bytes: 20, requestBytesMax: 10 })
  assert.ok(budget.tryTake(80))
  assert.ok(!budget.tryTake(1), 'the part of small ones is not for all')
  const served: string[] = []
  budget.wait(60, () => served.push('large'))
  assert.equal(budget.tryTakeSmall(11), undefined)
  const small = budget.tryTakeSmall(10)
  assert.ok(small !== undefined && budget.tryTakeSmall(10) !== undefined)
  assert.deepEqual([budget.usedBytes, small.isAwaited], [100, true])
  assert.equal(budget.tryTakeSmall(1), undefined)
  small.give(10)
  assert.deepEqual([budget.usedBytes, served], [90, []])
  budget.give(80)
  assert.deepEqual([budget.usedBytes, served, small.isAwaited], [70, ['large'], false])
})
