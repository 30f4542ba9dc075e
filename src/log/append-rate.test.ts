import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { AppendRate } from './append-rate.ts'

test('a steady rate is seen within seconds, and forgotten within seconds', async () => {
  const clock = new VirtualClock()
  const rate = new AppendRate(clock)
  assert.equal(rate.bytesPerSecond, 0)
  for (let at = 0; at < 100; at++) {
    rate.came(1_000)
    await clock.advance(50)
  }
  const { bytesPerSecond } = rate
  assert.ok(Math.abs(bytesPerSecond - 20_000) < 1_000, `${bytesPerSecond}`)
  await clock.advance(5_000)
  assert.ok(rate.bytesPerSecond < 200, `${rate.bytesPerSecond}`)
})
