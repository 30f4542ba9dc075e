import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ByteBudget } from './byte-budget.ts'
import { assertOtlpLimits, defaultOtlpLimits, otlpLimitsFor } from './limits.ts'

test('reservations share one budget, and give back all they took', () => {
  const budget = new ByteBudget(100)
  const first = budget.open()
  const second = budget.open()
  assert.equal(first.grow(60), true)
  assert.equal(second.grow(41), false)
  assert.equal(second.grow(40), true)
  assert.equal(budget.usedBytes, 100)
  first.shrink(10)
  assert.equal(second.grow(10), true)
  first.release()
  first.release()
  assert.equal(budget.usedBytes, 50)
  assert.throws(() => first.grow(1), /a released reservation does not grow/)
  assert.throws(() => second.shrink(51), /only what was reserved/)
  second.release()
  assert.equal(budget.usedBytes, 0)
})

test('limits that do not fit together are refused at the start', () => {
  assertOtlpLimits(defaultOtlpLimits)
  const over = { ...defaultOtlpLimits, recordsBytesMax: defaultOtlpLimits.recordsBytesMax + 1 }
  assert.throws(() => assertOtlpLimits(over), /inFlightBytesMax holds one request/)
  const zero = { ...defaultOtlpLimits, lingerMs: 0 }
  assert.throws(() => assertOtlpLimits(zero), /lingerMs is a positive integer/)
})

test('any size of bodies gives limits that fit together', () => {
  for (const bodyBytesMax of [1, 1_000_000, defaultOtlpLimits.bodyBytesMax, 2 ** 31]) {
    assertOtlpLimits(otlpLimitsFor(bodyBytesMax))
  }
  assert.deepEqual(otlpLimitsFor(defaultOtlpLimits.bodyBytesMax), defaultOtlpLimits)
})
