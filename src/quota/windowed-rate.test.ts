import assert from 'node:assert/strict'
import { test } from 'node:test'
import { TokenBucket } from './token-bucket.ts'
import { WindowedRate } from './windowed-rate.ts'

type Step = readonly [afterMs: number, amount: number, rate: number, spanMs: number]

/** Printed by org.apache.kafka.common.metrics.stats.Rate over a WindowedSum, of Kafka 4.3.1. */
const measured: readonly (readonly [windowCount: number, windowMs: number, steps: Step[]])[] = [
  [
    11,
    1_000,
    [
      [2500, 3287, 328.7, 10000],
      [0, 1485, 477.2, 10000],
      [900, 1682, 592.1100917431193, 10900],
      [900, 223, 618.2407407407406, 10800],
      [2500, 3448, 983.009708737864, 10300],
      [2500, 1903, 1113.7037037037037, 10800],
      [137, 2449, 1323.6719392886532, 10937],
      [2500, 4487, 1816.997221423781, 10437],
      [13000, 4269, 426.9, 10000],
      [2500, 1885, 586.0952380952381, 10500],
      [900, 3140, 893.6538461538461, 10400],
      [13000, 2074, 207.4, 10000],
      [1000, 1630, 370.4, 10000],
      [13000, 683, 68.3, 10000],
      [1, 1786, 246.87531246875315, 10001],
    ],
  ],
  [
    3,
    2_000,
    [
      [2500, 3287, 821.75, 4000],
      [0, 1485, 1193, 4000],
      [900, 1682, 1317.142857142857, 4900],
      [900, 223, 1151.2068965517242, 5800],
      [2500, 3448, 2354.651162790698, 4300],
      [2500, 1903, 1768.8235294117646, 6800],
      [137, 2449, 2086.9251837970305, 6937],
      [2500, 4487, 2391.86295503212, 5137],
      [13000, 4269, 1067.25, 4000],
      [2500, 1885, 1367.5555555555557, 4500],
      [900, 3140, 1721.111111111111, 5400],
      [13000, 2074, 518.5, 4000],
      [1000, 1630, 740.8, 5000],
      [1000, 3223, 1731.75, 4000],
      [13000, 683, 170.75, 4000],
    ],
  ],
  [
    1,
    1_000,
    [
      [2500, 3287, 3287000, 1],
      [0, 1485, 4772000, 1],
      [900, 1682, 7171.111111111111, 900],
      [900, 223, 3709.4444444444443, 1800],
      [2500, 3448, 3448000, 1],
    ],
  ],
]

test('rates are those of Kafka, step by step', () => {
  for (const [windowCount, windowMs, steps] of measured) {
    const rate = new WindowedRate({ windowCount, windowMs })
    let nowMs = 1_000_000
    for (const [at, [afterMs, amount, expected, spanMs]] of steps.entries()) {
      nowMs += afterMs
      rate.record(amount, nowMs)
      const where = `${windowCount} windows of ${windowMs} ms, step ${at}`
      const found = rate.rate(nowMs)
      assert.ok(Math.abs(found - expected) < 1e-6 * expected, `${where}: ${found}, not ${expected}`)
      assert.equal(rate.spanMs(nowMs), spanMs, where)
    }
  }
})

test('what is taken back is as if it had not been', () => {
  const rate = new WindowedRate({ windowCount: 11, windowMs: 1_000 })
  rate.record(500, 0)
  rate.record(700, 10)
  rate.record(-700, 10)
  assert.equal(rate.rate(10), 500 / 10.01)
})

test('a bucket gives and takes as that of Kafka', () => {
  // Printed by org.apache.kafka.common.metrics.stats.TokenBucket of Kafka 4.3.1: 5 a second.
  const steps = [
    [0, 0, 55],
    [0, 30, 25],
    [0, 40, -15],
    [1_000, 0, -10],
    [500, 3, -10.5],
    [20_000, 1, 54],
    [0, 56, -2],
  ] as const
  const bucket = new TokenBucket({ windowCount: 11, windowMs: 1_000 })
  let nowMs = 5
  for (const [afterMs, amount, expected] of steps) {
    nowMs += afterMs
    if (amount > 0) bucket.take(amount, 5, nowMs)
    assert.equal(bucket.tokens(5, nowMs), expected)
  }
  assert.equal(bucket.waitMs(5, nowMs), 400)
})
