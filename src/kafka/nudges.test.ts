import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { soleBroker } from '../fleet/cluster-view.ts'
import { Nudges } from './nudges.ts'

test('a connection is told of a placement once, for a while, with nothing on its way', async () => {
  const clock = new VirtualClock()
  let left: number | undefined
  const view = soleBroker(1, () => ({ host: 'a', port: 1 }))
  const nudges = new Nudges({ ...view, leftInVersion: () => left }, clock)
  const peer = {}
  assert.equal(nudges.isDue(peer, 7, undefined), false)
  left = 2
  const decided = nudges.began(peer, 7)
  assert.equal(nudges.isDue(peer, 7, undefined), false, 'an append is on its way')
  assert.equal(nudges.isDue({}, 7, undefined), true, 'of another connection none is')
  decided()
  assert.equal(nudges.isDue(peer, 7, undefined), true)
  assert.equal(nudges.isDue(peer, 7, undefined), true, 'also what was sent behind it')
  await clock.advance(5_000)
  assert.equal(nudges.isDue(peer, 7, undefined), false, 'who stays is served')
  left = 3
  assert.equal(nudges.isDue(peer, 7, undefined), true)
  left = undefined
  assert.equal(nudges.isDue(peer, 7, undefined), false, 'it came back')
})
