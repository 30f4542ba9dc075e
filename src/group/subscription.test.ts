import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { subscriptionTo } from '../../test/group/group-world.ts'
import { parseTopics } from './subscription.ts'

test('topics of a subscription are read whatever its version and what follows', () => {
  for (let version = 0; version <= 3; version++) {
    const bytes = subscriptionTo('a', 'topic', '')
    bytes[1] = version
    assert.deepEqual(parseTopics(Uint8Array.from([...bytes, 1, 2, 3])), ['a', 'topic', ''])
  }
  assert.deepEqual(parseTopics(subscriptionTo()), [])
})

test('anything else is no subscription, and no crash', () => {
  const whole = subscriptionTo('topic', 'other')
  for (let length = 0; length < whole.length - 4; length++) {
    assert.equal(parseTopics(whole.subarray(0, length)), undefined)
  }
  assert.equal(parseTopics(Uint8Array.from([0x80, 0, 0, 0, 0, 0])), undefined)
  assert.equal(parseTopics(Uint8Array.from([0, 0, 0x7f, 0xff, 0xff, 0xff])), undefined)
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
      const topics = parseTopics(bytes)
      assert.ok(topics === undefined || topics.length <= bytes.length / 2)
    }),
  )
})
