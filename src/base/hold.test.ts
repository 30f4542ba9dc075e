import assert from 'node:assert/strict'
import { test } from 'node:test'
import { unpooled } from './hold.ts'

test('bytes of the garbage collector take no pooled memory and may be let go of at will', () => {
  assert.equal(unpooled.capacity, 0)
  unpooled.retain()
  unpooled.release()
  unpooled.release()
})
