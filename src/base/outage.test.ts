import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { Outage } from './outage.ts'

test('an outage tells since when and why, until it ends or nobody tries any more', async () => {
  const clock = new VirtualClock()
  const outage = new Outage(clock, 'the bucket takes nothing')
  assert.equal(outage.told(), undefined)
  outage.failed(new Error('503 SlowDown'))
  await clock.advance(7_000)
  outage.failed(new Error('500 InternalError'))
  assert.equal(outage.told(), 'the bucket takes nothing since 7 s: 500 InternalError')
  await clock.advance(60_001)
  assert.equal(outage.told(), undefined)
  outage.failed(new Error('503 SlowDown'))
  outage.ended()
  assert.equal(outage.told(), undefined)
})

test('a failure or two are no outage where it says how long one lasts', async () => {
  const clock = new VirtualClock()
  const outage = new Outage(clock, 'the catalog takes nothing', 1_000)
  outage.failed(new Error('somebody else has the row'))
  await clock.advance(5_000)
  assert.equal(outage.told(), undefined)
  outage.ended()
  for (let turn = 0; turn < 3; turn++) {
    outage.failed(new Error('disk full'))
    await clock.advance(600)
  }
  assert.equal(outage.told(), 'the catalog takes nothing since 2 s: disk full')
})
