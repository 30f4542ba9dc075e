/** The newest batches in memory: what is read is what was added, and memory is counted to the byte. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Hold } from '../base/hold.ts'
import { unpooled } from '../base/hold.ts'
import { TailCache } from './tail-cache.ts'

class CountedHold implements Hold {
  readonly capacity = 100_000
  holders = 1
  retain(): void {
    this.holders++
  }
  release(): void {
    this.holders--
    assert.ok(this.holders >= 0, 'released once per hold')
  }
}

const bytes = (length: number, fill: number): Uint8Array => new Uint8Array(length).fill(fill)

/** Offsets and fills of what a read gives; releases it. */
function readAll(cache: TailCache, partition: number, offset: number, max: number): unknown {
  const found = cache.read(partition, offset, max)
  for (const { hold } of found ?? []) hold.release()
  return found?.map((each) => [each.baseOffset, each.nextOffset, each.bytes[0]])
}

test('a read begins with the batch that holds the offset, and takes whole ones', () => {
  const cache = new TailCache({ maxBytes: 10_000_000 })
  for (let index = 0; index < 4; index++) {
    cache.add(1, index * 10, index * 10 + 10, bytes(20_000, index), unpooled)
  }
  assert.deepEqual(readAll(cache, 1, 15, 1), [[10, 20, 1]])
  const two = [
    [10, 20, 1],
    [20, 30, 2],
  ]
  assert.deepEqual(readAll(cache, 1, 10, 40_000), two)
  assert.deepEqual(readAll(cache, 1, 19, 59_999), two)
  assert.equal(readAll(cache, 1, 40, 1), undefined, 'behind the end')
  assert.equal(readAll(cache, 2, 0, 1), undefined, 'another partition')
})

test('what others wrote between is a gap: a read ends before it, and finds nothing in it', () => {
  const cache = new TailCache({ maxBytes: 10_000_000 })
  cache.add(1, 0, 10, bytes(20_000, 0), unpooled)
  cache.add(1, 11, 20, bytes(20_000, 1), unpooled)
  cache.add(1, 20, 30, bytes(20_000, 2), unpooled)
  assert.deepEqual(readAll(cache, 1, 5, 100_000), [[0, 10, 0]])
  assert.equal(readAll(cache, 1, 10, 1), undefined)
  assert.deepEqual(readAll(cache, 1, 11, 100_000), [
    [11, 20, 1],
    [20, 30, 2],
  ])
})

test('what begins before the end of what is cached takes its place', () => {
  const cache = new TailCache({ maxBytes: 10_000_000 })
  cache.add(1, 0, 10, bytes(20_000, 0), unpooled)
  cache.add(1, 9, 20, bytes(20_000, 1), unpooled)
  assert.equal(readAll(cache, 1, 5, 1), undefined)
  assert.deepEqual(readAll(cache, 1, 9, 1), [[9, 20, 1]])
  assert.equal(cache.stats.bytes, 20_000)
})

test('what ends below an offset goes, the rest stays', () => {
  const cache = new TailCache({ maxBytes: 10_000_000 })
  for (const at of [0, 10, 20]) cache.add(1, at, at + 10, bytes(20_000, at), unpooled)
  cache.dropBelow(1, 20)
  assert.equal(readAll(cache, 1, 10, 1), undefined)
  assert.deepEqual(readAll(cache, 1, 20, 1), [[20, 30, 20]])
  assert.equal(cache.stats.bytes, 20_000)
  cache.dropBelow(1, 15)
  cache.add(1, 30, 40, bytes(20_000, 30), unpooled)
  assert.equal(cache.stats.batches, 2)
  cache.dropBelow(1, 40)
  assert.deepEqual(cache.stats.bytes, 0)
})

test('small batches are copied: their slab is free, and may change', () => {
  const cache = new TailCache({ maxBytes: 10_000_000 })
  const hold = new CountedHold()
  const small = bytes(100, 7)
  cache.add(1, 0, 1, small, hold)
  small.fill(0)
  assert.equal(hold.holders, 1)
  assert.deepEqual(readAll(cache, 1, 0, 1), [[0, 1, 7]])
})

test('memory is given back by eviction, drop and clear, and never twice', () => {
  const cache = new TailCache({ maxBytes: 250_000 })
  const holds = Array.from({ length: 6 }, () => new CountedHold())
  for (const [index, hold] of holds.entries()) {
    cache.add(index % 2, index, index + 1, bytes(20_000, index), hold)
    if (index % 2 === 0) cache.drop(0)
  }
  const held = (): number => holds.filter(({ holders }) => holders > 1).length
  assert.ok(cache.stats.bytes <= 250_000)
  assert.equal(held() * 100_000, cache.stats.bytes, 'a slab counts whole')
  cache.clear()
  assert.equal(held(), 0)
  assert.equal(cache.stats.bytes, 0)
  assert.equal(cache.stats.batches, 0)
})

test('bytes that a reader holds outlive their eviction', () => {
  const cache = new TailCache({ maxBytes: 100_000 })
  const hold = new CountedHold()
  cache.add(1, 0, 1, bytes(20_000, 1), hold)
  const [found] = cache.read(1, 0, 1) ?? []
  cache.add(1, 1, 2, bytes(20_000, 2), new CountedHold())
  assert.equal(cache.read(1, 0, 1), undefined, 'evicted')
  assert.equal(hold.holders, 2)
  found?.hold.release()
  assert.equal(hold.holders, 1)
})

test('against a model: any adds, drops and reads', () => {
  const step = fc.record({
    partition: fc.nat(2),
    length: fc.constantFrom(1, 100, 15_000, 16_384, 50_000),
    gap: fc.constantFrom(0, 0, 0, 0, 3),
    drop: fc.constantFrom(false, false, false, false, true),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.nat(400_000), (steps, maxBytes) => {
      const cache = new TailCache({ maxBytes })
      const ends = [0, 0, 0]
      const holds: CountedHold[] = []
      for (const { partition, length, gap, drop } of steps) {
        if (drop) cache.drop(partition)
        const base = (ends[partition] ?? 0) + gap
        ends[partition] = base + 5
        const hold = new CountedHold()
        holds.push(hold)
        cache.add(partition, base, base + 5, bytes(length, base % 251), hold)
        const found = cache.read(partition, base, 1) ?? []
        for (const each of found) {
          assert.equal(each.baseOffset, base)
          assert.equal(each.bytes[0], base % 251)
          each.hold.release()
        }
        assert.ok(cache.stats.bytes <= Math.max(maxBytes, 0))
        const earlier = cache.read(partition, Math.max(0, base - 12), 1_000_000) ?? []
        let next = earlier[0]?.baseOffset
        for (const each of earlier) {
          assert.equal(each.baseOffset, next, 'no gap')
          assert.equal(each.bytes[0], each.baseOffset % 251)
          next = each.nextOffset
          each.hold.release()
        }
      }
      cache.clear()
      assert.equal(cache.stats.bytes, 0)
      assert.ok(holds.every(({ holders }) => holders === 1))
    }),
  )
})
