/**
 * Avro's binary encoding, read within the bytes there are (specification 1.12, "Binary Encoding").
 * Our own and not a package's: five bytes make avsc build an array of twenty million nulls.
 */
import { freeItemsMax, payloadDepthMax, PayloadFault, pointerOf } from '../payload-limits.ts'

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class AvroBytes {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  /** Where in the value we are; parts beyond `#depth` are left from before. */
  readonly #path: (string | number)[] = []
  #depth = 0
  #freeItems = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
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
    const value = this.long()
    if (value < -(2n ** 31n) || value >= 2n ** 31n) this.fail(`${value} does not fit an int`)
    return Number(value)
  }

  /** Zigzag, seven bits a byte, ten bytes at most. */
  long(): bigint {
    let low = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#take(1, 'a number')]!
      low |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt((low >>> 1) ^ -(low & 1))
    }
    let value = BigInt(low)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(1, 'a number')]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) {
        if (value >= 2n ** 64n) this.fail('a number is longer than 64 bits')
        return (value >> 1n) ^ -(value & 1n)
      }
    }
    return this.fail('a number is longer than ten bytes')
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4, 'a float'), true)
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8, 'a double'), true)
  }

  bytes(): Uint8Array {
    return this.fixed(this.#length('bytes'))
  }

  fixed(size: number): Uint8Array {
    const from = this.#take(size, `${size} bytes`)
    return this.#bytes.subarray(from, from + size)
  }

  string(): string {
    const bytes = this.fixed(this.#length('a string'))
    try {
      return utf8.decode(bytes)
    } catch {
      return this.fail('a string is not UTF-8')
    }
  }

  /** The count of the next block of an array or map; 0 ends it. */
  blockCount(): bigint {
    const count = this.long()
    if (count >= 0n) return count
    this.long() // bytes in the block, for whoever skips it
    return -count
  }

  #length(what: string): number {
    const length = this.long()
    const left = this.#bytes.length - this.#at
    if (length < 0n || length > BigInt(left))
      this.fail(`${what} of ${length} bytes, and ${left} are left`)
    return Number(length)
  }

  #take(size: number, what: string): number {
    const from = this.#at
    if (this.#bytes.length - from < size) this.fail(`the payload ends before ${what}`)
    this.#at = from + size
    return from
  }
}
