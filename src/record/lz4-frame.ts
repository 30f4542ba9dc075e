/** The size of what an LZ4 frame unpacks to, found by walking its tokens without writing a byte: the frame's own claim is
 *  optional and may lie, and one packed byte can stand for 255. Layout: LZ4 frame format 1.6, block format. */
import { Failure } from '../base/errors.ts'
import { readInt32 } from './big-endian.ts'

const FRAME_MAGIC = 0x184d2204
const FRAME_HEADER_BYTES_MIN = 7
const VERSION_BITS = 0xc0
const VERSION_1 = 0x40
const BLOCK_CHECKSUM_BIT = 0x10
const CONTENT_SIZE_BIT = 0x08
const CONTENT_CHECKSUM_BIT = 0x04
const DICTIONARY_BIT = 0x01
const MATCH_BYTES_MIN = 4

/**
 * Bytes that the one frame in `bytes` unpacks to, exactly if it is sound. Stops as soon as `bytesMax` is passed.
 * @throws Failure 'corrupt': not one whole frame. Failure 'invalid': more than `bytesMax`.
 */
export function lz4FrameContentBytes(bytes: Uint8Array, bytesMax: number): number {
  if (bytes.length < FRAME_HEADER_BYTES_MIN || readLittle32(bytes, 0) !== FRAME_MAGIC) {
    throw broken('no LZ4 frame header')
  }
  const flags = bytes[4]!
  if ((flags & VERSION_BITS) !== VERSION_1) throw broken('unknown version of LZ4 frame')
  if ((flags & DICTIONARY_BIT) !== 0) throw broken('LZ4 frame needs a dictionary')
  let at = FRAME_HEADER_BYTES_MIN + ((flags & CONTENT_SIZE_BIT) === 0 ? 0 : 8)
  let size = 0
  for (;;) {
    if (at + 4 > bytes.length) throw broken('LZ4 frame is cut short')
    const word = readLittle32(bytes, at)
    at += 4
    if (word === 0) break
    const end = at + (word & 0x7fff_ffff)
    if (end > bytes.length) throw broken('LZ4 block is cut short')
    size += word < 0 ? end - at : blockContentBytes(bytes, at, end, bytesMax - size)
    if (size > bytesMax) throw tooLarge(bytesMax)
    at = end + ((flags & BLOCK_CHECKSUM_BIT) === 0 ? 0 : 4)
  }
  if ((flags & CONTENT_CHECKSUM_BIT) !== 0) at += 4
  if (at !== bytes.length) throw broken(`LZ4 frame ends at ${at} of ${bytes.length} bytes`)
  return size
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
