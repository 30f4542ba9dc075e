import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../../test/support/virtual-clock.ts'
import { RetryBudget } from './retry-budget.ts'

function takeAll(budget: RetryBudget): number {
  let taken = 0
  while (budget.take()) taken++
  return taken
}

test('fifty at once, then a tenth of what succeeds', () => {
  const budget = new RetryBudget(new VirtualClock())
  assert.equal(takeAll(budget), 50)
  for (let at = 0; at < 101; at++) budget.succeeded()
  assert.equal(takeAll(budget), 10)
})

test('time brings some back, up to the same fifty', async () => {
  const clock = new VirtualClock()
  const budget = new RetryBudget(clock)
  takeAll(budget)
  await clock.advance(10_000)
  assert.equal(takeAll(budget), 5)
  await clock.advance(1_000_000)
  assert.equal(takeAll(budget), 50)
})
