/**
 * Writes protobuf forwards into one growing buffer: what is converted from JSON has lengths unknown
 * until it ends.
 */

/** The output would exceed its limit. Never leaves this folder: it becomes a 413. */
export class OutputTooLarge extends Error {
  override readonly name = 'OutputTooLarge'
}

const startBytes = 4_096

export class ProtobufWriter {
  readonly #bytesMax: number
  #buffer: Buffer = Buffer.allocUnsafe(startBytes)
  #at = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  /** What was written; a view, so nothing may be written after. */
  bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#at)
  }

  tag(number: number, wireType: number): void {
    this.varint(number * 8 + wireType)
  }

  /** An unsigned integer up to 2^53 - 1. */
  varint(value: number): void {
    this.#reserve(10)
    let rest = value
    while (rest > 0x7f) {
      this.#buffer[this.#at++] = (rest % 128) | 0x80
      rest = Math.floor(rest / 128)
    }
    this.#buffer[this.#at++] = rest
  }

  /** 64 bits; negative ones as two's complement, which takes ten bytes. */
  varint64(value: bigint): void {
    this.#reserve(10)
    let rest = BigInt.asUintN(64, value)
    while (rest > 0x7fn) {
      this.#buffer[this.#at++] = Number(rest & 0x7fn) | 0x80
      rest >>= 7n
    }
    this.#buffer[this.#at++] = Number(rest)
  }

  fixed32(value: number): void {
    this.#reserve(4)
    this.#at = this.#buffer.writeUInt32LE(value >>> 0, this.#at)
  }

  fixed64(value: bigint): void {
    this.#reserve(8)
    this.#at = this.#buffer.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at)
  }

  double(value: number): void {
    this.#reserve(8)
    this.#at = this.#buffer.writeDoubleLE(value, this.#at)
  }

  /** Bytes as they are, without a length. */
  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** Starts something whose length will stand before it; what this returns goes to `close`. */
  open(): number {
    this.#reserve(1)
    return ++this.#at
  }

  /** One byte is kept for the length; where it takes more, the content moves. */
  close(start: number): void {
    const length = this.#at - start
    if (length < 0x80) {
      this.#buffer[start - 1] = length
      return
    }
    let extra = 0
    for (let rest = length; rest > 0x7f; rest >>>= 7) extra++
    this.#reserve(extra)
    this.#buffer.copyWithin(start + extra, start, this.#at)
    const end = this.#at + extra
    this.#at = start - 1
    this.varint(length)
    this.#at = end
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.#buffer.length) return
    const most = this.#bytesMax + startBytes
    if (needed > most) throw new OutputTooLarge()
    const grown = Buffer.allocUnsafe(Math.min(most, Math.max(needed, this.#buffer.length * 2)))
    grown.set(this.#buffer.subarray(0, this.#at))
    this.#buffer = grown
  }
}
