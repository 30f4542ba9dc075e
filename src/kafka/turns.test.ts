import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { Turns } from './turns.ts'

test('after twenty steps it is the turn of others', async () => {
  const clock = new VirtualClock()
  const turns = new Turns(clock)
  for (let step = 1; step < 20; step++) await turns.step()
  let hasGoneOn = false
  const paused = turns.step().then(() => {
    hasGoneOn = true
  })
  await clock.settle()
  assert.deepEqual([hasGoneOn, clock.pending], [false, 1])
  await clock.advance(0)
  await paused
  await turns.step()
  assert.equal(clock.pending, 0)
})

test('the first step is always in time', async () => {
  const clock = new VirtualClock()
  const turns = new Turns(clock, 0)
  assert.equal(turns.isOver(), false)
  await turns.step()
  assert.equal(turns.isOver(), true)
  const patient = new Turns(clock, 50)
  await patient.step()
  await clock.advance(49)
  assert.equal(patient.isOver(), false)
  await clock.advance(1)
  assert.equal(patient.isOver(), true)
})
