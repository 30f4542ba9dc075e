import assert from 'node:assert/strict'
import { test } from 'node:test'
import { latencyMs } from '../../../test/support/lognormal.ts'
import { seededRandom } from '../../../test/support/seeded-random.ts'
import { HedgePolicy, getHedgeLimits, putHedgeLimits } from './hedge-policy.ts'

const mebibyte = 1024 * 1024

test('the delay is the 95th percentile of its size class, within bounds', () => {
  const policy = new HedgePolicy(putHedgeLimits)
  assert.equal(policy.delayMs(8 * mebibyte), 400, 'nothing is known yet')
  for (let at = 1; at <= 100; at++) policy.observe(8 * mebibyte, at * 2, false)
  assert.ok(Math.abs(policy.delayMs(8 * mebibyte) - 190) <= 4, `${policy.delayMs(8 * mebibyte)}`)
  assert.equal(policy.delayMs(1_000), 400, 'another class')
  for (let at = 1; at <= 100; at++) policy.observe(1_000, 5, false)
  assert.equal(policy.delayMs(1_000), 60, 'never below')
  for (let at = 1; at <= 600; at++) policy.observe(8 * mebibyte, 1_000, false)
  assert.equal(policy.delayMs(8 * mebibyte), 400, 'never above')
})

test('only the last 500 of a class count', () => {
  const policy = new HedgePolicy(putHedgeLimits)
  for (let at = 0; at < 500; at++) policy.observe(1_000, 350, false)
  assert.equal(policy.delayMs(1_000), 350)
  for (let at = 0; at < 500; at++) policy.observe(1_000, 100, false)
  assert.equal(policy.delayMs(1_000), 100)
})

test('hedges stay within their share, whatever is asked', () => {
  for (const [limits, share] of [
    [putHedgeLimits, 0.05],
    [getHedgeLimits, 0.1],
  ] as const) {
    const policy = new HedgePolicy(limits)
    let hedges = 0
    for (let at = 0; at < 2_000; at++) {
      if (policy.mayHedge()) hedges++
      policy.observe(1_000, 50, false)
    }
    assert.ok(hedges <= 5 + 2_000 * share && hedges >= 2_000 * share, `${hedges}`)
  }
})

test('there are none while more than a tenth is slow, and some again afterwards', () => {
  const policy = new HedgePolicy(putHedgeLimits)
  for (let at = 0; at < 500; at++) policy.observe(1_000, 50, at % 8 === 0)
  assert.equal(policy.mayHedge(), false)
  for (let at = 0; at < 500; at++) policy.observe(1_000, 50, at % 20 === 0)
  assert.equal(policy.mayHedge(), true)
})

test("on the fleet's model about one put in twenty is hedged", () => {
  const policy = new HedgePolicy(putHedgeLimits)
  const random = seededRandom(3)
  let hedges = 0
  const puts = 10_000
  for (let at = 0; at < puts; at++) {
    const ms = latencyMs({ p50Ms: 40, p99Ms: 150 }, 0, random)
    const isSlow = ms > policy.delayMs(1_000)
    if (isSlow && policy.mayHedge()) hedges++
    policy.observe(1_000, ms, isSlow)
  }
  assert.ok(hedges > puts * 0.035 && hedges <= puts * 0.05 + 5, `${hedges} of ${puts}`)
})
