/**
 * Protobuf's wire format, read within the bytes there are. Positions only: what they mean is not
 * known here.
 */
import { payloadDepthMax, PayloadFault, pointerOf } from '../payload-limits.ts'
import { utf8Text } from '../utf8-text.ts'
import { fieldNumberMax } from './proto-file.ts'

export type WireType = 0 | 1 | 2 | 3 | 4 | 5

export class ProtoBytes {
  readonly #bytes: Buffer
  #at = 0
  /** Where the message that is being read ends. */
  #end: number
  readonly #path: (string | number)[] = []
  #depth = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) // a view, not a copy
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
    const tag = this.short() ?? Number(this.varint())
    const wire = tag % 8
    const number = Math.floor(tag / 8)
    if (wire > 5) this.fail(`the wire type ${wire} does not exist`)
    if (number < 1 || number > fieldNumberMax)
      this.fail(`the field number ${number} does not exist`)
    return { number, wire: wire as WireType }
  }

  /** 64 bits without sign. */
  varint(): bigint {
    const short = this.short()
    if (short !== undefined) return BigInt(short)
    let value = 0n
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = this.#bytes[this.#take(1)]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return BigInt.asUintN(64, value)
    }
    return this.fail('a number is longer than ten bytes')
  }

  /** A number of four bytes at most, which needs no bigint; else nothing is taken. */
  short(): number | undefined {
    let value = 0
    for (let at = 0; at < 4; at++) {
      const byte = this.#at + at < this.#end ? this.#bytes[this.#at + at] : undefined
      if (byte === undefined) return undefined
      value |= (byte & 0x7f) << (7 * at)
      if (byte < 0x80) {
        this.#at += at + 1
        return value
      }
    }
    return undefined
  }

  float(): number {
    return this.#bytes.readFloatLE(this.#take(4))
  }

  double(): number {
    return this.#bytes.readDoubleLE(this.#take(8))
  }

  fixed32(): number {
    return this.#bytes.readUInt32LE(this.#take(4))
  }

  fixed64(): bigint {
    return this.#bytes.readBigUInt64LE(this.#take(8))
  }

  bytes(): Uint8Array {
    const from = this.#take(this.#length())
    return this.#bytes.subarray(from, this.#at)
  }

  string(): string {
    const length = this.#length()
    const from = this.#take(length)
    return utf8Text(this.#bytes, from, from + length) ?? this.fail('a string is not UTF-8')
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
    const length = this.short() ?? Number(this.varint())
    const left = this.#end - this.#at
    if (length > left) this.fail(`a value of ${length} bytes, and ${left} are left`)
    return length
  }

  #take(size: number): number {
    const from = this.#at
    if (this.#end - from < size) this.fail('the payload ends within a value')
    this.#at = from + size
    return from
  }
}
