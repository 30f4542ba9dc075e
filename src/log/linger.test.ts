import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { Linger } from './linger.ts'

test('a group waits from its first append on, once, and the next one anew', async () => {
  const clock = new VirtualClock()
  let isOver = 0
  const linger = new Linger(clock, 150, () => isOver++)
  assert.equal(linger.isDue(), true)
  await clock.advance(100)
  assert.equal(linger.isDue(), true)
  await clock.advance(49)
  assert.equal(isOver, 0)
  await clock.advance(1)
  assert.equal(isOver, 1)
  assert.equal(linger.isDue(), false)
  assert.equal(linger.isDue(), false, 'until it is sealed')
  linger.sealed()
  assert.equal(linger.isDue(), true)
  linger.sealed() // by its size
  await clock.advance(1_000)
  assert.equal(isOver, 1)
})
