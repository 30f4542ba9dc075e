import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zoneOf } from './client-zone.ts'

test('a client id may say in which zone its client is', () => {
  assert.equal(zoneOf('zone=eu-1a'), 'eu-1a')
  assert.equal(zoneOf('orders,zone=a'), 'a')
  assert.equal(zoneOf('orders zone=us.east_1 x'), 'us.east_1')
  for (const none of [null, '', 'orders', 'ozone=a', 'zone=', `zone=${'a'.repeat(65)}b-`]) {
    const expected = none?.startsWith('zone=a') === true ? 'a'.repeat(64) : undefined
    assert.equal(zoneOf(none), expected)
  }
})
