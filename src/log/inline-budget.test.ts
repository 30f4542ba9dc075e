import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { InlineBudget, type InlineLimits } from './inline-budget.ts'

function newBudget(limits: Partial<InlineLimits> = {}) {
  const clock = new VirtualClock()
  const state = { unpackedBytes: 0 }
  const all = { bytesPerSecond: 1_000, totalBytesPerSecond: 4_000, unpackedBytesMax: 10_000 }
  const budget = new InlineBudget(clock, { ...all, ...limits }, () => state.unpackedBytes)
  return { clock, budget, state }
}

test('a second’s worth may go at once, then no more than comes in', async () => {
  const { clock, budget } = newBudget()
  assert.equal(budget.takeLow(700), true)
  assert.equal(budget.takeLow(300), true)
  await clock.advance(100)
  assert.equal(budget.takeLow(100), true)
  await clock.advance(10_000)
  assert.equal(budget.takeLow(1_000), true, 'no more than the burst was saved')
  assert.deepEqual(budget.stats.refused, 0)
  assert.equal(budget.takeLow(1), false)
})

test('half of it is kept for the class low, and what is refused of others pauses nobody', () => {
  const { budget } = newBudget()
  assert.equal(budget.mayStandard(500), true)
  assert.equal(budget.mayStandard(501), false)
  assert.equal(budget.takeStandard(500), true)
  assert.equal(budget.takeStandard(1), false)
  assert.equal(budget.stats.refused, 1)
  assert.equal(budget.takeLow(500), true)
})

test('who is refused is refused for a second, and counted', async () => {
  const { clock, budget } = newBudget()
  assert.equal(budget.takeLow(1_001), false)
  assert.equal(budget.takeLow(1), false, 'the pause holds for all')
  await clock.advance(999)
  assert.equal(budget.takeLow(1), false, 'and is not prolonged')
  assert.equal(budget.stats.refused, 3)
  await clock.advance(1)
  assert.equal(budget.takeLow(1), true)
})

test('brokers share the total', () => {
  const { budget } = newBudget()
  budget.share(4)
  assert.equal(budget.bytesPerSecond, 1_000)
  budget.share(8)
  assert.equal(budget.bytesPerSecond, 500)
  assert.equal(budget.mayStandard(251), false)
  assert.equal(budget.mayStandard(250), true)
  budget.share(0)
  assert.equal(budget.bytesPerSecond, 1_000, 'this one lives')
})

test('nothing goes in while the packer takes nothing out', async () => {
  const { clock, budget, state } = newBudget()
  state.unpackedBytes = 10_000
  assert.equal(budget.takeLow(1), false)
  state.unpackedBytes = 9_999
  await clock.advance(1_000)
  assert.equal(budget.takeLow(1), true)
})

test('a rate of nothing lets nothing in, and counts nobody', () => {
  const { budget } = newBudget({ bytesPerSecond: 0 })
  assert.equal(budget.takeLow(1), false)
  assert.equal(budget.takeStandard(1), false)
  assert.deepEqual(budget.stats, { groups: 0, bytes: 0, refused: 0 })
})
