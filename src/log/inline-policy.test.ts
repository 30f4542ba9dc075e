import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { AppendRate } from './append-rate.ts'
import { lowPolicy, standardPolicy } from './inline-policy.ts'

function newPolicies(left = Infinity) {
  const clock = new VirtualClock()
  const taken: number[] = []
  const went: number[] = []
  const sum = (): number => taken.reduce((all, each) => all + each, 0)
  const may = (bytes: number): boolean => sum() + bytes <= left
  const budget = {
    mayStandard: may,
    takeStandard: (bytes: number) => may(bytes) && taken.push(bytes) > 0,
    went: (bytes: number) => void went.push(bytes),
  }
  const limits = { groupBytesMax: 1_000, lingerMs: 100 }
  const standard = standardPolicy(budget, limits, new AppendRate(clock))
  return { clock, standard, low: lowPolicy(budget), taken, went }
}

test('a small group goes inline, a large one does not', () => {
  const { standard, taken, went } = newPolicies()
  assert.equal(standard.take(1_001), false)
  assert.equal(standard.take(1_000), true)
  assert.deepEqual(taken, [1_000])
  assert.deepEqual(went, [1_000])
})

test('beyond the budget a small group goes the standard way, and waits for more', () => {
  const { standard, went } = newPolicies(1_500)
  assert.equal(standard.isReady({ byteLength: 1_000 }), true)
  assert.equal(standard.take(1_000), true)
  assert.equal(standard.isReady({ byteLength: 501 }), false)
  assert.equal(standard.take(501), false)
  assert.deepEqual(went, [1_000])
})

test('a broker is idle where a whole linger gathers a small group at most', async () => {
  const { clock, standard } = newPolicies()
  assert.equal(standard.isReady({ byteLength: 1_000 }), true)
  assert.equal(standard.isReady({ byteLength: 1_001 }), false)
  standard.take(5_000)
  standard.take(5_001) // 10,001 bytes in a second are 1,000.1 in a linger
  assert.equal(standard.isReady({ byteLength: 10 }), false)
  assert.equal(standard.take(10), true, 'a small group goes inline all the same')
  await clock.advance(10)
  assert.equal(standard.isReady({ byteLength: 10 }), true)
})

test('what was taken from the budget as it came is not asked again', () => {
  const { low, taken, went } = newPolicies(0)
  assert.equal(low.isReady({ byteLength: 5_000 }), true)
  assert.equal(low.take(5_000), true)
  assert.deepEqual(taken, [])
  assert.deepEqual(went, [5_000])
})
