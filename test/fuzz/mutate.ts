/** Damage: what a broken or hostile client may make of a frame or a record batch. */
import { type Random, randomBelow } from '../../src/base/random.ts'
import { computeBatchCrc, batchBytesOf } from '../../src/record/batch-header.ts'
import { pick } from './corpus.ts'

const extremes = [
  0, 1, -1, 2, 0x7f, 0x80, 0xff, 0x7fff, 0x8000, 0xffff, 0x10_0000, 0x7fff_ffff, -0x8000_0000,
]
const headerBytes = 61
const crcAt = 17

/** A damaged copy; `other` gives what is spliced in. Its size field is right, half of the time. */
export function mutatedFrame(random: Random, frame: Buffer, other: () => Buffer): Buffer {
  const bytes = damaged(random, frame, other, 4)
  if (randomBelow(random, 16) !== 0 && bytes.length >= 4) bytes.writeInt32BE(bytes.length - 4)
  return bytes
}

/** A damaged copy whose checksum and length are right, mostly: what lies behind them is met too. */
export function mutatedBatch(random: Random, batch: Buffer, other: () => Buffer): Buffer {
  const bytes = damaged(random, batch, other, 0)
  if (bytes.length < headerBytes || randomBelow(random, 8) === 0) return bytes
  if (randomBelow(random, 8) !== 0) bytes.writeInt32BE(bytes.length - 12, 8)
  const size = batchBytesOf(bytes, 0)
  if (size >= headerBytes && size <= bytes.length && randomBelow(random, 8) !== 0) {
    bytes.writeInt32BE(computeBatchCrc(bytes, 0) | 0, crcAt)
  }
  return bytes
}

function damaged(random: Random, source: Buffer, other: () => Buffer, from: number): Buffer {
  let bytes: Buffer = Buffer.from(source)
  for (let left = pick(random, [1, 1, 2, 3]); left > 0 && bytes.length > from; left--) {
    const at = from + randomBelow(random, bytes.length - from)
    const draw = randomBelow(random, 12)
    if (draw < 4) bytes[at] = (bytes[at] ?? 0) ^ (1 << randomBelow(random, 8))
    else if (draw < 5) bytes[at] = randomBelow(random, 256)
    else if (draw < 8) extreme(random, bytes, at)
    else if (draw < 9) bytes = Buffer.from(bytes.subarray(0, at))
    else if (draw < 11) bytes = spliced(random, bytes, at, other())
    else bytes = Buffer.concat([bytes.subarray(0, at), noise(random, randomBelow(random, 64))])
  }
  return bytes
}

/** Lengths and counts are what a decoder believes: they get the worst values. */
function extreme(random: Random, bytes: Buffer, at: number): void {
  const value = pick(random, extremes)
  const width = pick(random, [1, 2, 4, 8])
  if (at + width > bytes.length) return
  if (width === 1) bytes[at] = value & 0xff
  else if (width === 2) bytes.writeInt16BE((value << 16) >> 16, at)
  else if (width === 4) bytes.writeInt32BE(value | 0, at)
  else bytes.writeBigInt64BE(BigInt.asIntN(64, BigInt(value) << 24n), at)
}

function spliced(random: Random, bytes: Buffer, at: number, other: Buffer): Buffer {
  const begin = randomBelow(random, other.length)
  const length = randomBelow(random, other.length - begin)
  const behind = randomBelow(random, 2) === 0 ? at : Math.min(at + length, bytes.length)
  return Buffer.concat([
    bytes.subarray(0, at),
    other.subarray(begin, begin + length),
    bytes.subarray(behind),
  ])
}

export function noise(random: Random, length: number): Buffer {
  return Buffer.from(Array.from({ length }, () => randomBelow(random, 256)))
}
