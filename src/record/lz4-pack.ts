/**
 * Packs LZ4 frames: greedy, one hash table, independent blocks of 64 KiB, because the Java client
 * reads no linked ones. Done here for the reason that lz4-frame.ts gives. Layout: LZ4 frame format
 * 1.6.1 and block format.
 */
import { writeInt32 } from '../base/big-endian.ts'

/**
 * Magic; version 1 with independent blocks and no checksums; blocks to 64 KiB; checksum of these
 * two bytes.
 */
const FRAME_HEADER = Uint8Array.of(0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82)
const BLOCK_BYTES = 64 * 1024
const STORED_BIT = 0x8000_0000
/**
 * A block's last 5 bytes are literals, and no match begins in its last 12: what fast unpackers rely
 * on.
 */
const LAST_LITERALS = 5
const LAST_MATCH_START = 12
const MATCH_BYTES_MIN = 4
const HASH_BITS = 13
/** Knuth's 2^32 / golden ratio. */
const HASH_FACTOR = 0x9e37_79b1
/** After 2^6 misses in a row the steps widen: what does not compress is passed over quickly. */
const SKIP_SHIFT = 6

/** One frame of `bytes`, at most 0.02 % larger than they are. Not reentrant, as nothing here is. */
export function packLz4Frame(bytes: Uint8Array): Uint8Array {
  const blocks = Math.ceil(bytes.length / BLOCK_BYTES)
  // A block that does not shrink is stored: the attempt ends before it needs more room than that.
  const out = Buffer.allocUnsafeSlow(FRAME_HEADER.length + bytes.length + blocks * 4 + 4)
  out.set(FRAME_HEADER)
  let at = FRAME_HEADER.length
  for (let from = 0; from < bytes.length; from += BLOCK_BYTES) {
    const end = Math.min(from + BLOCK_BYTES, bytes.length)
    const packed = packBlock(bytes, from, end, out, at + 4)
    if (packed === 0) out.set(bytes.subarray(from, end), at + 4)
    const size = packed === 0 ? end - from : packed
    out.writeUInt32LE(packed === 0 ? size + STORED_BIT : size, at)
    at += 4 + size
  }
  writeInt32(out, at, 0)
  return new Uint8Array(out.subarray(0, at + 4))
}

/**
 * Where 4 bytes with this hash were seen last: position + 1, from the block's begin; 0: not in this
 * block.
 */
const seen = new Uint32Array(1 << HASH_BITS)

/** Writes the block to `out` and returns its bytes; 0 where it does not get smaller. */
function packBlock(
  bytes: Uint8Array,
  from: number,
  end: number,
  out: Uint8Array,
  to: number,
): number {
  seen.fill(0)
  const limit = to + (end - from) - 1
  const lastStart = end - LAST_MATCH_START
  let at = from
  let literalsFrom = from
  let written = to
  let misses = 1 << SKIP_SHIFT
  while (at < lastStart) {
    const word = readWord(bytes, at)
    const slot = Math.imul(word, HASH_FACTOR) >>> (32 - HASH_BITS)
    const candidate = from + seen[slot]! - 1
    seen[slot] = at - from + 1
    if (candidate < from || readWord(bytes, candidate) !== word) {
      at += misses++ >>> SKIP_SHIFT
      continue
    }
    misses = 1 << SKIP_SHIFT
    let matchEnd = at + MATCH_BYTES_MIN
    const distance = at - candidate
    while (matchEnd < end - LAST_LITERALS && bytes[matchEnd] === bytes[matchEnd - distance]) {
      matchEnd++
    }
    const literals = at - literalsFrom
    if (written + sequenceBytesMax(literals, matchEnd - at) > limit) return 0
    written = writeLiterals(bytes, literalsFrom, at, matchEnd - at, out, written)
    out[written++] = distance
    out[written++] = distance >>> 8
    const rest = matchEnd - at - MATCH_BYTES_MIN
    if (rest >= 15) written = writeLength(rest - 15, out, written)
    at = matchEnd
    literalsFrom = at
  }
  if (written + sequenceBytesMax(end - literalsFrom, 0) > limit) return 0
  return writeLiterals(bytes, literalsFrom, end, MATCH_BYTES_MIN, out, written) - to
}

/** Token, both lengths, literals and distance. */
function sequenceBytesMax(literals: number, match: number): number {
  return 5 + literals + ((literals / 255) | 0) + ((match / 255) | 0)
}

/** Token, length of the literals, and the literals. */
function writeLiterals(
  bytes: Uint8Array,
  from: number,
  end: number,
  match: number,
  out: Uint8Array,
  to: number,
): number {
  const literals = end - from
  let at = to
  out[at++] = (Math.min(literals, 15) << 4) | Math.min(match - MATCH_BYTES_MIN, 15)
  if (literals >= 15) at = writeLength(literals - 15, out, at)
  for (let i = from; i < end; i++) out[at++] = bytes[i]!
  return at
}

function writeLength(length: number, out: Uint8Array, to: number): number {
  let at = to
  let rest = length
  for (; rest >= 255; rest -= 255) out[at++] = 255
  out[at++] = rest
  return at
}

function readWord(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
}
