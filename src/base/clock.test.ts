import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sleep } from './clock.ts'
import { systemClock } from './system-clock.ts'

test('sleep lasts at least its delay', async () => {
  const before = systemClock.monotonicMs()
  await sleep(systemClock, 20)
  assert.ok(systemClock.monotonicMs() - before >= 19)
})

test('an abort ends a sleep at once, before and during', async () => {
  const abort = new AbortController()
  const asleep = sleep(systemClock, 3_600_000, abort.signal)
  abort.abort()
  await asleep
  await sleep(systemClock, 3_600_000, abort.signal)
})

test('a cancelled timer does not fire', async () => {
  let fired = false
  systemClock.after(1, () => void (fired = true)).cancel()
  await sleep(systemClock, 20)
  assert.equal(fired, false)
})

test('wall time is now, in whole milliseconds', () => {
  assert.ok(Math.abs(systemClock.nowMs() - Date.now()) < 1000)
  assert.ok(Number.isInteger(systemClock.nowMs()))
})
