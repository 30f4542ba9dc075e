/**
 * Unpacks LZ4 frames. Done here and not by a native package, because those hand out memory that V8
 * does not count (RSS rose to gigabytes in a loop of 1 MiB batches), and because the output's size
 * must be known before it is allocated. Layout: LZ4 frame format 1.6.1 and block format; checksums
 * inside are not looked at, the batch has its own.
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import { readInt32 } from '../base/big-endian.ts'

const FRAME_MAGIC = 0x184d2204
const FRAME_HEADER_BYTES_MIN = 7
const VERSION_BITS = 0xc0
const VERSION_1 = 0x40
const BLOCK_CHECKSUM_BIT = 0x10
const CONTENT_SIZE_BIT = 0x08
const CONTENT_CHECKSUM_BIT = 0x04
const DICTIONARY_BIT = 0x01
const MATCH_BYTES_MIN = 4
/** From here on a call of the runtime's copy is cheaper than a loop. */
const COPY_CALL_BYTES_MIN = 24

/**
 * Unpacks the one frame in `bytes`. Its size is found first, by walking the tokens without writing
 * a byte: the frame's own claim is optional and may lie, and one packed byte can stand for 255.
 * Exactly the output is allocated.
 *
 * @throws Failure 'corrupt': not one whole frame. Failure 'invalid': more than `bytesMax`.
 */
export function unpackLz4Frame(bytes: Uint8Array, bytesMax: number): Uint8Array {
  let size = 0
  forEachBlock(bytes, (from, end, stored) => {
    size += stored ? end - from : blockContentBytes(bytes, from, end, bytesMax - size)
    if (size > bytesMax) throw tooLarge(bytesMax)
  })
  const out = Buffer.allocUnsafeSlow(size)
  let at = 0
  forEachBlock(bytes, (from, end, stored) => {
    if (stored) out.set(bytes.subarray(from, end), at)
    at = stored ? at + end - from : unpackBlock(bytes, from, end, out, at)
  })
  // `out` begins as memory of others: not one byte of it may stay unwritten.
  assert(at === size, 'an LZ4 frame unpacks to what was counted')
  return out
}

function forEachBlock(
  bytes: Uint8Array,
  visit: (from: number, end: number, stored: boolean) => void,
): void {
  if (bytes.length < FRAME_HEADER_BYTES_MIN || readLittle32(bytes, 0) !== FRAME_MAGIC) {
    throw broken('no LZ4 frame header')
  }
  const flags = bytes[4]!
  if ((flags & VERSION_BITS) !== VERSION_1) throw broken('unknown version of LZ4 frame')
  if ((flags & DICTIONARY_BIT) !== 0) throw broken('LZ4 frame needs a dictionary')
  let at = FRAME_HEADER_BYTES_MIN + ((flags & CONTENT_SIZE_BIT) === 0 ? 0 : 8)
  for (;;) {
    if (at + 4 > bytes.length) throw broken('LZ4 frame is cut short')
    const word = readLittle32(bytes, at)
    at += 4
    if (word === 0) break
    const end = at + (word & 0x7fff_ffff)
    if (end > bytes.length) throw broken('LZ4 block is cut short')
    visit(at, end, word < 0)
    at = end + ((flags & BLOCK_CHECKSUM_BIT) === 0 ? 0 : 4)
  }
  if ((flags & CONTENT_CHECKSUM_BIT) !== 0) at += 4
  if (at !== bytes.length) throw broken(`LZ4 frame ends at ${at} of ${bytes.length} bytes`)
}

/** Sums the literals and matches of one block. */
function blockContentBytes(bytes: Uint8Array, from: number, end: number, bytesMax: number): number {
  let at = from
  let size = 0
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >>> 4
    if (literals === 15) {
      let byte = 255
      while (byte === 255) {
        if (at >= end) throw broken('LZ4 literals are cut short')
        byte = bytes[at++]!
        literals += byte
      }
    }
    at += literals
    size += literals
    if (at >= end) break // the last sequence has literals only
    at += 2
    let match = (token & 15) + MATCH_BYTES_MIN
    if ((token & 15) === 15) {
      let byte = 255
      while (byte === 255) {
        if (at >= end) throw broken('LZ4 match is cut short')
        byte = bytes[at++]!
        match += byte
      }
    }
    size += match
    if (size > bytesMax) throw tooLarge(bytesMax)
  }
  if (at !== end) throw broken('LZ4 block ends inside a sequence')
  return size
}

/**
 * Writes one block, whose lengths `blockContentBytes` has proven, to `out` from `to` on; returns
 * where it ends. Matches may reach into earlier blocks, as those of linked frames do.
 */
function unpackBlock(
  bytes: Uint8Array,
  from: number,
  end: number,
  out: Uint8Array,
  to: number,
): number {
  let at = from
  let written = to
  while (at < end) {
    const token = bytes[at++]!
    let literals = token >>> 4
    if (literals === 15) {
      let byte = 255
      while (byte === 255) literals += byte = bytes[at++]!
    }
    if (literals < COPY_CALL_BYTES_MIN) {
      for (let i = 0; i < literals; i++) out[written + i] = bytes[at + i]!
    } else {
      out.set(bytes.subarray(at, at + literals), written)
    }
    at += literals
    written += literals
    if (at >= end) break
    const distance = bytes[at]! | (bytes[at + 1]! << 8)
    at += 2
    if (distance === 0 || distance > written) throw broken(`LZ4 match ${distance} bytes back`)
    let match = (token & 15) + MATCH_BYTES_MIN
    if (match === 15 + MATCH_BYTES_MIN) {
      let byte = 255
      while (byte === 255) match += byte = bytes[at++]!
    }
    written = copyMatch(out, written, distance, match)
  }
  return written
}

/**
 * A match may overlap what it writes: then it repeats, and each copy doubles what the next may
 * take.
 */
function copyMatch(out: Uint8Array, to: number, distance: number, length: number): number {
  const end = to + length
  let at = to
  if (length < COPY_CALL_BYTES_MIN) {
    for (; at < end; at++) out[at] = out[at - distance]!
    return end
  }
  const source = to - distance
  while (at < end) {
    const take = Math.min(at - source, end - at)
    out.copyWithin(at, source, source + take)
    at += take
  }
  return end
}

function readLittle32(bytes: Uint8Array, at: number): number {
  const big = readInt32(bytes, at)
  return (
    ((big & 0xff) << 24) | ((big & 0xff00) << 8) | ((big >>> 8) & 0xff00) | ((big >>> 24) & 0xff)
  )
}

function broken(what: string): Failure {
  return new Failure('corrupt', `lz4: ${what}`)
}

function tooLarge(bytesMax: number): Failure {
  return new Failure('invalid', `lz4: unpacks to more than ${bytesMax} bytes`)
}
