import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readInt64, viewOf, writeInt64 } from './int64.ts'

const view = viewOf(new Uint8Array(24).subarray(8))

test('what is written within the safe integers is read again, as a two’s complement', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), (value) => {
      writeInt64(view, 0, value)
      assert.equal(view.getBigInt64(0), BigInt(value))
      assert.equal(readInt64(view, 0), value)
    }),
  )
})

test('beyond the safe integers a value is clamped, so that order is kept', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
      view.setBigInt64(0, value)
      const bound = BigInt(Number.MAX_SAFE_INTEGER)
      const clamped = value > bound ? bound : value < -bound ? -bound : value
      assert.equal(readInt64(view, 0), Number(clamped))
    }),
  )
})
