import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  clampInt64,
  readInt16,
  readInt32,
  readInt64,
  readUint16,
  readUint32,
  writeInt16,
  writeInt32,
  writeInt64,
} from './big-endian.ts'

const bytes = new Uint8Array(24).subarray(8)
const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)

test('what is written lies where DataView finds it, and is read again', () => {
  const integers = fc.tuple(fc.maxSafeInteger(), fc.integer(), fc.integer({ min: 0, max: 0xffff }))
  fc.assert(
    fc.property(integers, ([long, int, short]) => {
      writeInt64(bytes, 1, long)
      assert.equal(view.getBigInt64(1), BigInt(long))
      assert.equal(readInt64(bytes, 1), long)
      writeInt32(bytes, 3, int)
      assert.equal(view.getInt32(3), int)
      assert.equal(readInt32(bytes, 3), int)
      assert.equal(readUint32(bytes, 3), int >>> 0)
      writeInt16(bytes, 5, short)
      assert.equal(readInt16(bytes, 5), view.getInt16(5))
      assert.equal(readUint16(bytes, 5), short)
    }),
  )
})

test('int64 beyond the safe integers is clamped, so that order is kept', () => {
  fc.assert(
    fc.property(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), (value) => {
      view.setBigInt64(0, value)
      const bound = BigInt(Number.MAX_SAFE_INTEGER)
      const clamped = value > bound ? bound : value < -bound ? -bound : value
      assert.equal(readInt64(bytes, 0), Number(clamped))
    }),
  )
  assert.equal(clampInt64(-1, 0xffff_ffff), -1)
})
