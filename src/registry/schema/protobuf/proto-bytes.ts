/**
 * Protobuf's wire format, read within the bytes there are. Positions only: what they mean is not
 * known here.
 */
import { payloadDepthMax, PayloadFault, pointerOf } from '../payload-limits.ts'

export type WireType = 0 | 1 | 2 | 3 | 4 | 5

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export class ProtoBytes {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0
  /** Where the message that is being read ends. */
  #end: number
  readonly #path: (string | number)[] = []
  #depth = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
    this.#end = bytes.length
  }

  get hasMore(): boolean {
    return this.#at < this.#end
  }

  enter(part: string | number): void {
    if (this.#depth >= payloadDepthMax) this.fail(`messages nest more than ${payloadDepthMax} deep`)
    this.#path[this.#depth++] = part
  }

  leave(): void {
    this.#depth--
  }

  fail(message: string): never {
    throw new PayloadFault(pointerOf(this.#path.slice(0, this.#depth)), message)
  }

  /** Runs `read` on what the next length covers, all of it. */
  within<Value>(read: () => Value): Value {
    const length = this.#length()
    const end = this.#end
    this.#end = this.#at + length
    const value = read()
    if (this.#at !== this.#end) this.fail('a value does not end where its length says')
    this.#end = end
    return value
  }

  tag(): { number: number; wire: WireType } {
    const tag = this.varint()
    const wire = Number(tag & 7n)
    const number = tag >> 3n
    if (wire > 5) this.fail(`the wire type ${wire} does not exist`)
    if (number < 1n || number > 536_870_911n) this.fail(`the field number ${number} does not exist`)
    return { number: Number(number), wire: wire as WireType }
  }

  /** 64 bits without sign. */
  varint(): bigint {
    let small = 0
    for (let shift = 0; shift < 28; shift += 7) {
      const byte = this.#bytes[this.#take(1)]!
      small |= (byte & 0x7f) << shift
      if (byte < 0x80) return BigInt(small)
    }
    let value = BigInt(small)
    for (let shift = 28n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(1)]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    return this.fail('a number is longer than ten bytes')
  }

  float(): number {
    return this.#view.getFloat32(this.#take(4), true)
  }

  double(): number {
    return this.#view.getFloat64(this.#take(8), true)
  }

  fixed32(): number {
    return this.#view.getUint32(this.#take(4), true)
  }

  fixed64(): bigint {
    return this.#view.getBigUint64(this.#take(8), true)
  }

  bytes(): Uint8Array {
    const from = this.#take(this.#length())
    return this.#bytes.subarray(from, this.#at)
  }

  string(): string {
    const bytes = this.bytes()
    try {
      return utf8.decode(bytes)
    } catch {
      return this.fail('a string is not UTF-8')
    }
  }

  /** Passes over a field that nobody knows. A group ends with the tag of its number. */
  skip(wire: WireType, number: number): void {
    if (wire === 0) this.varint()
    else if (wire === 1) this.#take(8)
    else if (wire === 2) this.bytes()
    else if (wire === 5) this.#take(4)
    else if (wire === 4) this.fail(`the group ${number} ends and did not begin`)
    else {
      this.enter(number)
      for (let tag = this.tag(); tag.wire !== 4; tag = this.tag()) this.skip(tag.wire, tag.number)
      this.leave()
    }
  }

  #length(): number {
    const length = this.varint()
    if (length > BigInt(this.#end - this.#at))
      this.fail(`a value of ${length} bytes, and ${this.#end - this.#at} are left`)
    return Number(length)
  }

  #take(size: number): number {
    const from = this.#at
    if (this.#end - from < size) this.fail('the payload ends within a value')
    this.#at = from + size
    return from
  }
}
