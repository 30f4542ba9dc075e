/** Steps through the (decompressed) records of one batch without copying or allocating: the positions of the current
 *  record's parts are fields. Parsing, validation, timestamp search and compaction all read records through it. */
import { Failure } from '../base/errors.ts'
import { clampInt64 } from './big-endian.ts'

/** The least bytes of a record: length, attributes, two deltas, key and value length, header count. */
export const RECORD_BYTES_MIN = 7

/** A varint of int32 has at most 5 bytes, one of int64 at most 10 (Kafka message format, section "varint"). */
const VARINT_BYTES_MAX = 5
const VARLONG_BYTES_MAX = 10
/** Up to 7 bytes carry 49 bits, which a double holds exactly. */
const EXACT_VARLONG_BYTES = 7

export class RecordCursor {
  readonly bytes: Uint8Array
  /** Where the next record, or inside `next` the next field, begins. */
  at: number
  readonly end: number

  /** Number of the current record, from 0. */
  index = -1
  offsetDelta = 0
  timestampDelta = 0
  keyAt = 0
  /** -1: null. */
  keyLength = -1
  valueAt = 0
  /** -1: null, a tombstone. */
  valueLength = -1
  headersAt = 0
  headerCount = 0

  constructor(bytes: Uint8Array, from = 0, end: number = bytes.length) {
    this.bytes = bytes
    this.at = from
    this.end = end
  }

  /** True where no byte is left; whether that is right is told by the batch's record count. */
  get atEnd(): boolean {
    return this.at >= this.end
  }

  /**
   * Reads the next record, its headers included, so that everything it names lies inside of it.
   * @throws Failure 'corrupt': cut short, or a length that does not fit. The cursor is then of no more use.
   */
  next(): void {
    this.index++
    const length = this.varint()
    const recordEnd = this.at + length
    if (length < RECORD_BYTES_MIN - 1 || recordEnd > this.end) throw this.#wrong(`length ${length}`)
    this.at++ // attributes: no bit of them is in use
    this.timestampDelta = this.#varlong()
    this.offsetDelta = this.varint()
    this.keyLength = this.varint()
    this.keyAt = this.at
    this.#skip(this.keyLength, recordEnd, 'key')
    this.valueLength = this.varint()
    this.valueAt = this.at
    this.#skip(this.valueLength, recordEnd, 'value')
    this.headerCount = this.varint()
    this.headersAt = this.at
    if (this.headerCount !== 0) this.#skipHeaders(recordEnd)
    if (this.at !== recordEnd) {
      throw this.#wrong(`its parts end ${this.at - recordEnd} bytes after its length`)
    }
  }

  /**
   * A zigzag varint of int32 at `at`, which moves behind it.
   * @throws Failure 'corrupt': cut short or too long.
   */
  varint(): number {
    const bytes = this.bytes
    let byte = this.at < this.end ? bytes[this.at++]! : this.#cutShort()
    if (byte < 0x80) return (byte >>> 1) ^ -(byte & 1)
    let value = byte & 0x7f
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (shift === VARINT_BYTES_MAX * 7) throw this.#wrong('varint of more than 5 bytes')
      byte = this.at < this.end ? bytes[this.at++]! : this.#cutShort()
      value |= (byte & 0x7f) << shift
    }
    return (value >>> 1) ^ -(value & 1)
  }

  #varlong(): number {
    const from = this.at
    let value = 0
    let scale = 1
    for (let i = 0; i < EXACT_VARLONG_BYTES; i++) {
      const byte = this.at < this.end ? this.bytes[this.at++]! : this.#cutShort()
      value += (byte & 0x7f) * scale
      if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2
      scale *= 0x80
    }
    this.at = from
    return this.#longVarlong()
  }

  /** Timestamps centuries away from the batch's base: rare, so BigInt may do it. */
  #longVarlong(): number {
    let value = 0n
    for (let i = 0; i < VARLONG_BYTES_MAX; i++) {
      const byte = this.at < this.end ? this.bytes[this.at++]! : this.#cutShort()
      value |= BigInt(byte & 0x7f) << BigInt(7 * i)
      if (byte >= 0x80) continue
      const unsigned = BigInt.asUintN(64, value)
      const signed = BigInt.asIntN(64, (unsigned >> 1n) ^ -(unsigned & 1n))
      return clampInt64(Number(signed >> 32n), Number(signed & 0xffff_ffffn))
    }
    throw this.#wrong('varint of more than 10 bytes')
  }

  #skip(length: number, recordEnd: number, what: string): void {
    if (length === -1) return
    if (length < -1 || this.at + length > recordEnd) throw this.#wrong(`${what} of ${length} bytes`)
    this.at += length
  }

  #skipHeaders(recordEnd: number): void {
    // Each takes 2 bytes at least, so that this loop is bounded by the record, whatever the count says.
    if (this.headerCount < 0 || this.headerCount > (recordEnd - this.at) / 2) {
      throw this.#wrong(`${this.headerCount} headers`)
    }
    for (let i = 0; i < this.headerCount; i++) {
      const keyLength = this.varint()
      if (keyLength < 0) throw this.#wrong('header without a key')
      this.#skip(keyLength, recordEnd, 'header key')
      this.#skip(this.varint(), recordEnd, 'header value')
    }
  }

  #cutShort(): never {
    throw this.#wrong('cut short')
  }

  #wrong(what: string): Failure {
    return new Failure('corrupt', `record ${this.index}: ${what}, near byte ${this.at}`)
  }
}
