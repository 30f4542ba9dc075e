/**
 * Avro's binary encoding, read within the bytes there are (specification 1.12, "Binary Encoding").
 * Our own and not a package's: five bytes make avsc build an array of twenty million nulls.
 */
import { freeItemsMax, payloadDepthMax, PayloadFault, pointerOf } from '../payload-limits.ts'
import { isUtf8Text, utf8Text } from '../utf8-text.ts'

/** A long has 64 bits, a byte holds seven. */
const longBytesMax = 10

export class AvroBytes {
  readonly #bytes: Buffer
  #at = 0
  /** Where in the value we are; parts beyond `#depth` are left from before. */
  readonly #path: (string | number)[] = []
  #depth = 0
  #freeItems = 0

  constructor(bytes: Uint8Array) {
    // A view, not a copy.
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  }

  get position(): number {
    return this.#at
  }

  /** Steps into a field or an item. Each has its `leave`. */
  enter(part: string | number): void {
    if (this.#depth >= payloadDepthMax) this.fail(`values nest more than ${payloadDepthMax} deep`)
    this.#path[this.#depth++] = part
  }

  leave(): void {
    this.#depth--
  }

  fail(message: string): never {
    throw new PayloadFault(pointerOf(this.#path.slice(0, this.#depth)), message)
  }

  /** Told after each item of an array or map: items without bytes are counted. */
  countItem(before: number): void {
    if (this.#at === before && ++this.#freeItems > freeItemsMax)
      this.fail(`more than ${freeItemsMax} items that take no bytes`)
  }

  end(): void {
    const left = this.#bytes.length - this.#at
    if (left > 0) this.fail(`${left} bytes follow the value: it was written with another schema`)
  }

  boolean(): boolean {
    const byte = this.#bytes[this.#take(1, 'a boolean')]
    if (byte !== 0 && byte !== 1) this.fail(`a boolean is the byte 0 or 1, not ${byte}`)
    return byte === 1
  }

  int(): number {
    const short = this.#short()
    if (short !== undefined) return short
    const value = this.long()
    if (value < -(2n ** 31n) || value >= 2n ** 31n) this.fail(`${value} does not fit an int`)
    return Number(value)
  }

  /** Zigzag, seven bits a byte, ten bytes at most. */
  long(): bigint {
    const short = this.#short()
    if (short !== undefined) return BigInt(short)
    let value = 0n
    for (let shift = 0n; shift < 7n * BigInt(longBytesMax); shift += 7n) {
      const byte = this.#bytes[this.#take(1, 'a number')]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        if (value >= 2n ** 64n) this.fail('a number is longer than 64 bits')
        return (value >> 1n) ^ -(value & 1n)
      }
    }
    return this.fail('a number is longer than ten bytes')
  }

  /** A number of four bytes at most, which needs no bigint; else nothing is taken. */
  #short(): number | undefined {
    let value = 0
    for (let at = 0; at < 4; at++) {
      const byte = this.#bytes[this.#at + at]
      if (byte === undefined) return undefined
      value |= (byte & 0x7f) << (7 * at)
      if (byte < 0x80) {
        this.#at += at + 1
        return (value >>> 1) ^ -(value & 1)
      }
    }
    return undefined
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#take(4, 'a float'))
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8, 'a double'))
  }

  bytes(): Uint8Array {
    return this.fixed(this.#length('bytes'))
  }

  fixed(size: number): Uint8Array {
    const from = this.#take(size, `${size} bytes`)
    return this.#bytes.subarray(from, from + size)
  }

  string(): string {
    const length = this.#length('a string')
    const from = this.#take(length, 'a string')
    return utf8Text(this.#bytes, from, from + length) ?? this.fail('a string is not UTF-8')
  }

  /** As `long`, `bytes`, `fixed` and `string`, without a value: what is wrong is found alike. */
  passLong(): void {
    const from = this.#at
    for (let at = 0; at < longBytesMax; at++) {
      const byte = this.#bytes[from + at]
      if (byte === undefined) break
      // Of the tenth byte only one bit is left.
      if (byte >= 0x80 || (at === longBytesMax - 1 && byte > 1)) continue
      this.#at = from + at + 1
      return
    }
    this.long() // tells what is wrong
  }

  passBytes(): void {
    this.passFixed(this.#length('bytes'))
  }

  passFixed(size: number): void {
    this.#take(size, `${size} bytes`)
  }

  passString(): void {
    const length = this.#length('a string')
    const from = this.#take(length, 'a string')
    if (!isUtf8Text(this.#bytes, from, from + length)) this.fail('a string is not UTF-8')
  }

  /** The count of the next block of an array or map; 0 ends it. */
  blockCount(): number {
    // Beyond 2^53 it is not exact; no payload has so many.
    const count = this.#short() ?? Number(this.long())
    if (count >= 0) return count
    this.passLong() // bytes in the block, for whoever skips it
    return -count
  }

  #length(what: string): number {
    const length = this.#short() ?? Number(this.long())
    const left = this.#bytes.length - this.#at
    if (length < 0 || length > left) this.fail(`${what} of ${length} bytes, and ${left} are left`)
    return length
  }

  #take(size: number, what: string): number {
    const from = this.#at
    if (this.#bytes.length - from < size) this.fail(`the payload ends before ${what}`)
    this.#at = from + size
    return from
  }
}
