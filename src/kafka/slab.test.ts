import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlabPool } from './slab.ts'

const options = { smallBytes: 1_024, largeBytes: 4_096, pooledBytesMax: 5_000, poison: true }

test('a slab is used again once everybody has released it, and not before', () => {
  const pool = new SlabPool(options)
  const slab = pool.take('small')
  slab.bytes.fill(1)
  slab.retain()
  slab.release()
  assert.notEqual(pool.take('small'), slab)
  assert.equal(slab.bytes[0], 1)
  slab.release()
  assert.equal(slab.bytes[0], 0xdd, 'what is free is poisoned')
  assert.equal(pool.take('small'), slab)
})

test('a release too many is a wrong program', () => {
  const slab = new SlabPool(options).take('small')
  slab.release()
  assert.throws(() => slab.release(), /once per hold/)
})

test('free memory is bounded, and slabs made for one frame are not kept', () => {
  const pool = new SlabPool(options)
  const [first, second] = [pool.take('large'), pool.take('large')]
  first.release()
  second.release()
  assert.equal(pool.take('large'), first)
  assert.notEqual(pool.take('large'), second, 'two would be more than is kept')
  const special = pool.take(3_000)
  assert.equal(special.capacity, 3_000)
  special.release()
  assert.notEqual(pool.take(3_000), special)
})

test('small slabs are parts of large ones: neither size starves the other', () => {
  const pool = new SlabPool({ ...options, regionBytes: 2 * 4_096, pooledBytesMax: 0 })
  const smalls = Array.from({ length: 8 }, () => pool.take('small'))
  const region = smalls[0]?.bytes.buffer
  assert.ok(
    smalls.every(({ bytes }) => bytes.buffer === region),
    'both large slabs are in parts',
  )
  assert.notEqual(pool.take('large').bytes.buffer, region, 'beyond the region: memory of its own')
  for (const small of smalls) small.release()
  assert.equal(pool.take('large').bytes.buffer, region)
  assert.equal(pool.take('small').bytes.buffer, region, 'one large slab stays in parts')
})
