import assert from 'node:assert/strict'
import { test } from 'node:test'
import { FrameSplitter } from './frame-splitter.ts'

const framed = (text: string): Buffer => {
  const size = Buffer.alloc(4)
  size.writeInt32BE(text.length)
  return Buffer.concat([size, Buffer.from(text)])
}
const texts = (frames: readonly Uint8Array[]): string[] => frames.map((each) => String(each))

test('frames come out whole, however the bytes come in', () => {
  const bytes = Buffer.concat([framed('first'), framed('second'), framed('third')])
  for (let size = 1; size <= bytes.length; size++) {
    const splitter = new FrameSplitter()
    const found: string[] = []
    for (let at = 0; at < bytes.length; at += size) {
      const frames = splitter.split(bytes.subarray(at, at + size))
      found.push(...texts(frames.map((each) => Buffer.from(each))))
    }
    assert.deepEqual(found, ['first', 'second', 'third'])
  }
})

test('what cannot be a size is refused before memory is taken', () => {
  for (const size of [-1, 0, 3, 0x48545450]) {
    const bytes = Buffer.alloc(4)
    bytes.writeInt32BE(size)
    assert.throws(() => new FrameSplitter().split(bytes), /is this a Kafka broker/)
  }
})
