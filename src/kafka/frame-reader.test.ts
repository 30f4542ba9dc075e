import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Hold } from '../base/hold.ts'
import { FrameReader } from './frame-reader.ts'
import { type Slab, SlabPool } from './slab.ts'

const frameBytesMax = 40_000

/** A pool that tells how large the slab is that was taken last. */
class WatchedPool extends SlabPool {
  lastCapacity = 0

  override take(size: 'small' | 'large' | number): Slab {
    const slab = super.take(size)
    this.lastCapacity = slab.capacity
    return slab
  }
}

class Reading {
  readonly reader: FrameReader
  readonly pool: WatchedPool
  readonly frames: { bytes: Uint8Array; hold: Hold; copy: string }[] = []
  readonly admitted: { size: number; apiKey: number }[] = []
  oversized: number | undefined
  /** Says no while false. */
  isOpen = true

  constructor() {
    this.pool = new WatchedPool({
      smallBytes: 8_192,
      largeBytes: 16_384,
      pooledBytesMax: 65_536,
      poison: true,
    })
    this.reader = new FrameReader(this.pool, frameBytesMax, {
      admit: (size, apiKey) => {
        if (this.isOpen) this.admitted.push({ size, apiKey })
        return this.isOpen
      },
      frame: (bytes, hold) => {
        hold.retain()
        this.frames.push({ bytes, hold, copy: hex(bytes) })
      },
      oversized: (size) => (this.oversized = size),
    })
  }

  /** As a socket does: the target is lent before there are bytes. */
  put(bytes: Uint8Array, target: Uint8Array = this.reader.target()): Uint8Array {
    assert.ok(bytes.length <= target.length)
    target.set(bytes)
    this.reader.received(bytes.length)
    return this.reader.target()
  }
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')

function frame(size: number, fill: number, apiKey = 3): Buffer {
  const bytes = Buffer.alloc(4 + size, fill)
  bytes.writeInt32BE(size, 0)
  bytes.writeInt16BE(apiKey, 4)
  return bytes
}

test('frames cut anywhere arrive whole, and stay what they are while they are held', () => {
  const sizes = fc.array(
    fc.oneof(fc.integer({ min: 2, max: 300 }), fc.integer({ min: 2, max: frameBytesMax })),
    { minLength: 1, maxLength: 12 },
  )
  const cuts = fc.array(fc.integer({ min: 1, max: 20_000 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(sizes, cuts, fc.array(fc.boolean(), { minLength: 1 }), (wanted, pieces, keeps) => {
      const reading = new Reading()
      const sent = wanted.map((size, index) => frame(size, index + 1, index))
      const whole = Buffer.concat(sent)
      let target = reading.reader.target()
      for (let at = 0, turn = 0; at < whole.length; turn++) {
        const cut = pieces[turn % pieces.length] as number
        const piece = whole.subarray(at, at + Math.min(cut, target.length))
        at += piece.length
        target = reading.put(piece, target)
        const last = reading.frames.at(-1)
        if (keeps[turn % keeps.length] === false && last !== undefined) {
          assert.equal(hex(last.bytes), last.copy)
        }
      }
      reading.reader.close()
      assert.deepEqual(
        reading.frames.map(({ copy }) => copy),
        sent.map((bytes) => hex(bytes.subarray(4))),
      )
      for (const { bytes, copy } of reading.frames) assert.equal(hex(bytes), copy)
      for (const { hold } of reading.frames) hold.release()
      assert.deepEqual(
        reading.admitted,
        wanted.map((size, apiKey) => ({ size, apiKey })),
      )
    }),
    { numRuns: 200 },
  )
})

test('bytes for a target lent before the frame moved are not lost, nor written elsewhere', () => {
  const reading = new Reading()
  reading.isOpen = false
  const sent = frame(30_000, 7)
  const lent = reading.put(sent.subarray(0, 5_000))
  // The budget says yes: the frame moves to a slab of its size, the socket holds the old target.
  reading.isOpen = true
  reading.reader.proceed()
  const other = new Reading()
  other.put(frame(20, 9))
  let target = reading.put(sent.subarray(5_000, 8_000), lent)
  for (let at = 8_000; at < sent.length;) {
    const piece = sent.subarray(at, at + target.length)
    at += piece.length
    target = reading.put(piece, target)
  }
  assert.equal(reading.frames[0]?.copy, hex(sent.subarray(4)))
})

test('an impossible size ends the reading: what follows is thrown away and takes no memory', () => {
  for (const size of [-1, 0, 1, frameBytesMax + 1, 0x7fffffff, -0x80000000]) {
    const reading = new Reading()
    const bytes = Buffer.alloc(100)
    bytes.writeInt32BE(size)
    reading.put(bytes)
    assert.equal(reading.oversized, size)
    for (let i = 0; i < 1_000; i++) reading.put(Buffer.alloc(4_096, 1))
    assert.equal(reading.reader.target().length, 4_096)
    assert.equal(reading.frames.length, 0)
    assert.equal(reading.admitted.length, 0)
    reading.reader.close()
    reading.put(Buffer.alloc(10))
  }
})

test('a frame is admitted when its key is there, once, before memory is taken for its body', () => {
  const reading = new Reading()
  const sent = frame(frameBytesMax, 1, 0)
  reading.put(sent.subarray(0, 5))
  assert.deepEqual(reading.admitted, [])
  assert.equal(reading.reader.isMidFrame, false)
  reading.put(sent.subarray(5, 6))
  reading.put(sent.subarray(6, 7))
  assert.deepEqual(reading.admitted, [{ size: frameBytesMax, apiKey: 0 }])
  assert.equal(reading.reader.isMidFrame, true)
})

test('who sends much reads into large slabs, and into small ones when it is over', () => {
  const reading = new Reading()
  const capacity = (): number => {
    reading.reader.target()
    return reading.pool.lastCapacity
  }
  assert.equal(capacity(), 8_192)
  reading.put(Buffer.concat([frame(8_192 - 4, 1)]))
  assert.equal(capacity(), 16_384)
  for (let sent = 0; sent < 16_384; sent += 8_000) reading.put(frame(7_996, 1))
  assert.equal(capacity(), 16_384)
  for (let sent = 0; sent < 40_000; sent += 1_000) reading.put(frame(996, 1))
  assert.equal(capacity(), 8_192)
})
