import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomBelow, randomUuid } from './random.ts'
import { systemRandom } from './system-random.ts'

test('a random UUID says that it is of version 4 and of the common variant', () => {
  const uuid = randomUuid({ uint32: () => 0xffffffff })
  assert.equal(Buffer.from(uuid).toString('hex'), 'ffffffffffff4fffbfffffffffffffff')
})

test('a bounded draw stays below its bound', () => {
  assert.equal(randomBelow({ uint32: () => 0xffffffff }, 7), 6)
  assert.equal(randomBelow({ uint32: () => 0 }, 7), 0)
})

test('the real source does not repeat itself where its pool is refilled', () => {
  const drawn = Array.from({ length: 1024 }, () => systemRandom.uint32())
  assert.ok(new Set(drawn).size > 1000)
  assert.ok(drawn.every((value) => Number.isInteger(value) && value >= 0 && value < 2 ** 32))
})
