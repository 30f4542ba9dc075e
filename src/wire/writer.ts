/**
 * Writes Kafka's primitives. Small things share a block, foreign chunks (records) are passed on by
 * reference.
 */
import { Malformed } from './malformed.ts'

/** Up to here a copy is cheaper than one more buffer in the vector of a socket write. */
const copyBytesMax = 512
const blockBytesMin = 512
const blockBytesMax = 65_536

export class Writer {
  readonly #done: Uint8Array[] = []
  #doneBytes = 0
  #block: Buffer = Buffer.allocUnsafe(blockBytesMin)
  /** Where the block's bytes begin that are not in `#done` yet. */
  #from = 0
  #at = 0

  /** How many bytes have been written. */
  get length(): number {
    return this.#doneBytes + this.#at - this.#from
  }

  /** All that was written, in order. The writer is not used any more. */
  finish(): Uint8Array[] {
    this.#flush()
    return this.#done
  }

  /** `size` bytes that the caller fills before the chunks are sent. */
  hole(size: number): Buffer {
    const at = this.#room(size)
    return this.#block.subarray(at, at + size)
  }

  int8(value: unknown): void {
    const number = integer(value, -0x80, 0x7f)
    const at = this.#room(1)
    this.#block[at] = number
  }

  boolean(value: unknown): void {
    if (typeof value !== 'boolean') throw mismatch(value, 'a boolean')
    const at = this.#room(1)
    this.#block[at] = value ? 1 : 0
  }

  int16(value: unknown): void {
    this.#put16(integer(value, -0x8000, 0x7fff))
  }

  uint16(value: unknown): void {
    this.#put16(integer(value, 0, 0xffff))
  }

  int32(value: unknown): void {
    this.#put32(integer(value, -0x8000_0000, 0x7fff_ffff))
  }

  uint32(value: unknown): void {
    this.#put32(integer(value, 0, 0xffff_ffff))
  }

  int64(value: unknown): void {
    const number = integer(value, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
    this.#put32(Math.floor(number / 0x1_0000_0000))
    this.#put32(number)
  }

  float64(value: unknown): void {
    if (typeof value !== 'number') throw mismatch(value, 'a number')
    const at = this.#room(8)
    this.#block.writeDoubleBE(value, at)
  }

  uuid(value: unknown): void {
    if (typeof value !== 'string' || value.length !== 22) throw mismatch(value, 'a uuid')
    const at = this.#room(16)
    if (this.#block.write(value, at, 16, 'base64url') !== 16) throw mismatch(value, 'a uuid')
  }

  varint(value: number): void {
    let rest = value >>> 0
    for (; rest > 0x7f; rest >>>= 7) {
      const at = this.#room(1)
      this.#block[at] = (rest & 0x7f) | 0x80
    }
    const at = this.#room(1)
    this.#block[at] = rest
  }

  /** UTF-8; `size` is its Buffer.byteLength. */
  text(value: string, size: number): void {
    const at = this.#room(size)
    if (size !== value.length || size > 32) {
      this.#block.write(value, at, size, 'utf8')
      return
    }
    // As many bytes as characters: it is ASCII, and when short faster without a call into C++.
    for (let i = 0; i < size; i++) this.#block[at + i] = value.charCodeAt(i)
  }

  /** Bytes that the writer may keep a reference to: they must not change until the chunks are sent. */
  splice(bytes: Uint8Array): void {
    if (bytes.length <= copyBytesMax) {
      const at = this.#room(bytes.length)
      this.#block.set(bytes, at)
      return
    }
    this.#flush()
    this.#done.push(bytes)
    this.#doneBytes += bytes.length
  }

  #flush(): void {
    if (this.#at === this.#from) return
    this.#done.push(this.#block.subarray(this.#from, this.#at))
    this.#doneBytes += this.#at - this.#from
    this.#from = this.#at
  }

  /** Steps over `size` bytes of the block and returns where they begin. */
  #room(size: number): number {
    if (size > this.#block.length - this.#at) this.#turn(size)
    const at = this.#at
    this.#at = at + size
    return at
  }

  /** Begins a new block. What is written stays where it is, so that growing never copies. */
  #turn(size: number): void {
    this.#flush()
    const bytes = Math.max(size, Math.min(this.#block.length * 4, blockBytesMax))
    this.#block = Buffer.allocUnsafe(bytes)
    this.#from = 0
    this.#at = 0
  }

  #put16(value: number): void {
    const at = this.#room(2)
    const block = this.#block
    block[at] = value >>> 8
    block[at + 1] = value
  }

  #put32(value: number): void {
    const at = this.#room(4)
    const block = this.#block
    block[at] = value >>> 24
    block[at + 1] = value >>> 16
    block[at + 2] = value >>> 8
    block[at + 3] = value
  }
}

function integer(value: unknown, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max && Number.isInteger(value)) {
    return value
  }
  throw mismatch(value, `an integer from ${min} to ${max}`)
}

/** The complaint about a value of the wrong type. */
export function mismatch(value: unknown, wanted: string): Malformed {
  const shown = typeof value === 'object' && value !== null ? 'an object' : String(value)
  return new Malformed(`${shown} is not ${wanted}`)
}
