/**
 * Reads Kafka's primitives from a frame. Nothing is copied but strings, and no length is believed
 * before it is checked.
 */
import { readInt16, readInt32, readInt64, readUint16, readUint32 } from '../base/big-endian.ts'
import { arrayItemsMax } from './limits.ts'
import { Malformed } from './malformed.ts'

const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

export class Reader {
  readonly bytes: Buffer
  at: number
  end: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.at = at
    this.end = bytes.length
  }

  /** Steps over `size` bytes and returns where they begin. */
  take(size: number): number {
    const at = this.at
    if (size > this.end - at) {
      throw new Malformed(`${size} bytes are announced, ${this.end - at} are left`)
    }
    this.at = at + size
    return at
  }

  int8(): number {
    const at = this.take(1)
    return ((this.bytes[at] as number) << 24) >> 24
  }

  boolean(): boolean {
    return this.bytes[this.take(1)] !== 0
  }

  int16(): number {
    return readInt16(this.bytes, this.take(2))
  }

  uint16(): number {
    return readUint16(this.bytes, this.take(2))
  }

  int32(): number {
    return readInt32(this.bytes, this.take(4))
  }

  uint32(): number {
    return readUint32(this.bytes, this.take(4))
  }

  int64(): number {
    return readInt64(this.bytes, this.take(8))
  }

  float64(): number {
    return this.bytes.readDoubleBE(this.take(8))
  }

  uuid(): string {
    const at = this.take(16)
    const { bytes } = this
    if (bytes[at] === 0 && bytes[at + 15] === 0 && bytes.readBigUInt64BE(at) === 0n) {
      if (bytes.readBigUInt64BE(at + 8) === 0n) return zeroUuid
    }
    return bytes.toString('base64url', at, at + 16)
  }

  /** An unsigned varint of at most 32 bits. */
  varint(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.bytes[this.take(1)] as number
      if (shift === 28 && byte > 0x0f) break
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
    throw new Malformed('a varint has more than 32 bits')
  }

  /** The text of the next `size` bytes. */
  text(size: number): string {
    const at = this.take(size)
    return size === 0 ? '' : this.bytes.toString('utf8', at, at + size)
  }

  /** A view of the next `size` bytes. */
  view(size: number): Uint8Array {
    const at = this.take(size)
    return this.bytes.subarray(at, at + size)
  }

  /** The array length `count`, once it is sure that so many items of `sizeMin` bytes can follow. */
  items(count: number, sizeMin: number): number {
    if (count > arrayItemsMax) {
      throw new Malformed(`an array of ${count} items, at most ${arrayItemsMax} are read`)
    }
    if (count * sizeMin > this.end - this.at) {
      throw new Malformed(`an array of ${count} items does not fit ${this.end - this.at} bytes`)
    }
    return count
  }
}
