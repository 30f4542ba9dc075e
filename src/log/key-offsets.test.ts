/** The offset map against a Map, and its limit. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomBelow } from '../base/random.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { digestOf, type KeyDigest } from './key-digest.ts'
import { KeyOffsets } from './key-offsets.ts'

function digest(key: string): KeyDigest {
  const words = new Uint32Array(4)
  digestOf(Buffer.from(key), words)
  return words
}

test('it holds what a Map holds, through every growth', () => {
  const random = seededRandom(1)
  const keys = new KeyOffsets(16 * 1_024 * 1_024)
  const model = new Map<string, number>()
  for (let step = 0; step < 60_000; step++) {
    const key = `key ${randomBelow(random, 40_000)}`
    const offset = randomBelow(random, 2 ** 20) * 2 ** 22 + step
    assert.ok(keys.put(digest(key), offset))
    model.set(key, Math.max(offset, model.get(key) ?? -1))
  }
  assert.equal(keys.size, model.size)
  for (const [key, offset] of model) assert.equal(keys.get(digest(key)), offset)
  assert.equal(keys.get(digest('unknown')), -1)
})

test('it takes what its memory allows, and one key at least', () => {
  for (const bytesMax of [0, 24, 240, 24_000, 1_000_000]) {
    const keys = new KeyOffsets(bytesMax)
    let taken = 0
    while (keys.put(digest(`key ${taken}`), taken)) taken++
    assert.ok(taken >= 1 && taken >= (bytesMax / 24) * 0.7 - 1, `${taken} in ${bytesMax} bytes`)
    assert.ok(keys.byteLength <= Math.max(bytesMax, 48))
    assert.ok(keys.put(digest('key 0'), 1_000), 'a key that it has needs no room')
    assert.equal(keys.get(digest('key 0')), 1_000)
    assert.equal(keys.get(digest(`key ${taken}`)), -1)
  }
})

test('the largest offset that there is, and offset 0', () => {
  const keys = new KeyOffsets(1_024)
  keys.put(digest('a'), 0)
  keys.put(digest('b'), 2 ** 53 - 2)
  assert.equal(keys.get(digest('a')), 0)
  assert.equal(keys.get(digest('b')), 2 ** 53 - 2)
  keys.put(digest('b'), 5)
  assert.equal(keys.get(digest('b')), 2 ** 53 - 2, 'an older one does not count')
})
