/**
 * The two forms of snappy that Kafka clients write: one raw block (librdkafka and most others), or
 * the stream of blocks of snappy-java (the Java client). The sizes that blocks claim are summed
 * before anything is unpacked.
 */
import { Failure } from '../base/errors.ts'
import { readInt32 } from '../base/big-endian.ts'

/** 0x82 'SNAPPY' 0: begins a stream of snappy-java; no raw block of sense begins so. */
const STREAM_MAGIC = [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]
/** Magic, version and least compatible version, both int32. */
const STREAM_HEADER_BYTES = 16
/**
 * A copy element of 3 bytes yields 64 at most: who claims more than this per packed byte lies
 * (snappy format, 2.2).
 */
const RATIO_MAX = 22

export type SnappyBlock = { readonly from: number; readonly end: number; readonly bytes: number }

/**
 * The blocks in `bytes` and what each claims to unpack to, together at most `bytesMax`.
 *
 * @throws Failure 'corrupt': cut short or an impossible claim. Failure 'invalid': more than
 *   `bytesMax`.
 */
export function snappyBlocks(bytes: Uint8Array, bytesMax: number): readonly SnappyBlock[] {
  const blocks: SnappyBlock[] = []
  let left = bytesMax
  const add = (from: number, end: number): void => {
    const claimed = claimedBytes(bytes, from, end)
    if (claimed > left)
      throw new Failure('invalid', `snappy: unpacks to more than ${bytesMax} bytes`)
    left -= claimed
    blocks.push({ from, end, bytes: claimed })
  }
  if (!STREAM_MAGIC.every((byte, i) => bytes[i] === byte)) {
    add(0, bytes.length)
    return blocks
  }
  if (bytes.length < STREAM_HEADER_BYTES) throw broken('stream header is cut short')
  for (let at = STREAM_HEADER_BYTES; at < bytes.length;) {
    if (at + 4 > bytes.length) throw broken(`block length at ${at} is cut short`)
    const from = at + 4
    const end = from + readInt32(bytes, at)
    if (end <= from || end > bytes.length) throw broken(`block at ${at} has ${end - from} bytes`)
    add(from, end)
    at = end
  }
  return blocks
}

/** The varint that a raw block begins with. */
function claimedBytes(bytes: Uint8Array, from: number, end: number): number {
  let claimed = 0
  for (let i = 0; i < 5; i++) {
    if (from + i >= end) throw broken('size of a block is cut short')
    const byte = bytes[from + i]!
    claimed += (byte & 0x7f) * 2 ** (7 * i)
    if (byte >= 0x80) continue
    if (claimed > (end - from) * RATIO_MAX) {
      throw broken(`${end - from} bytes claim to unpack to ${claimed}`)
    }
    return claimed
  }
  throw broken('size of a block takes more than 5 bytes')
}

function broken(what: string): Failure {
  return new Failure('corrupt', `snappy: ${what}`)
}
