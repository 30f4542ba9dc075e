import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ZoneTraffic } from './zone-traffic.ts'

test('bytes are told by direction, and by whose zone the client is in', () => {
  const traffic = new ZoneTraffic('a')
  traffic.moved('produce', 'a', 10)
  traffic.moved('produce', 'a', 5)
  traffic.moved('produce', 'b', 7)
  traffic.moved('fetch', undefined, 3)
  traffic.moved('fetch', '', 1)
  traffic.moved('fetch', 'b', 0)
  assert.deepEqual(
    [...traffic.samples()],
    [
      ['produce', 'same', 15],
      ['produce', 'other', 7],
      ['fetch', 'unknown', 4],
    ],
  )
})

test('a broker without a zone cannot tell', () => {
  const traffic = new ZoneTraffic('')
  traffic.moved('produce', 'a', 10)
  assert.deepEqual([...traffic.samples()], [])
})
