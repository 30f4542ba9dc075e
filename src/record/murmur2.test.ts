/** Kafka's own examples of the hash, so that keys land where its clients put them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { murmur2, partitionOfKey } from './murmur2.ts'

const known: readonly (readonly [string, number])[] = [
  ['21', -973932308],
  ['foobar', -790332482],
  ['a-little-bit-long-string', -985981536],
  ['a-little-bit-longer-string', -1486304829],
  ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
  ['abc', 479470107],
]

for (const [key, hash] of known) {
  test(`murmur2 of ${key}`, () => assert.equal(murmur2(Buffer.from(key)), hash))
}

test('a partition is within bounds whatever the sign of the hash', () => {
  for (const [key] of known) {
    const partition = partitionOfKey(Buffer.from(key), 7)
    assert.ok(partition >= 0 && partition < 7)
  }
})
