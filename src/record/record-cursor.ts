/**
 * Steps through the (decompressed) records of one batch without copying or allocating: the
 * positions of the current record's parts are fields. Parsing, validation, timestamp search and
 * compaction all read records through it.
 */
import { Failure } from '../base/errors.ts'
import { clampInt64 } from '../base/big-endian.ts'

/** The least of a record: length, attributes, two deltas, key and value length, header count. */
export const RECORD_BYTES_MIN = 7

/**
 * A varint of int32 has at most 5 bytes, one of int64 at most 10 (Kafka message format, section
 * "varint").
 */
const VARINT_BYTES_MAX = 5
const VARLONG_BYTES_MAX = 10

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
   *
   * @throws Failure 'corrupt': cut short, or a length that does not fit. The cursor is then of no
   *   more use.
   */
  next(): void {
    const { bytes } = this
    this.index++
    const length = this.varint()
    let at = this.at
    const recordEnd = at + length
    if (length < RECORD_BYTES_MIN - 1 || recordEnd > this.end) throw this.#wrong(`length ${length}`)
    // Every walk over a batch runs through here, so varints of one byte are read in place. A byte
    // too far does no harm: it lies inside of `bytes` or is undefined, which takes the checked way,
    // and the record's end tells it in any case.
    at++ // attributes: no bit of them is in use
    let byte = bytes[at++]!
    if (byte < 0x80) this.timestampDelta = (byte >>> 1) ^ -(byte & 1)
    else at = this.#longTimestampDelta(at - 1)
    byte = bytes[at++]!
    if (byte < 0x80) this.offsetDelta = (byte >>> 1) ^ -(byte & 1)
    else {
      this.offsetDelta = this.#longVarint(at - 1)
      at = this.at
    }
    byte = bytes[at++]!
    let size = (byte >>> 1) ^ -(byte & 1)
    if (!(byte < 0x80)) {
      size = this.#longVarint(at - 1)
      at = this.at
    }
    this.keyLength = size
    this.keyAt = at
    if (size !== -1) at = this.#behind(at, size, recordEnd, 'key')
    byte = bytes[at++]!
    size = (byte >>> 1) ^ -(byte & 1)
    if (!(byte < 0x80)) {
      size = this.#longVarint(at - 1)
      at = this.at
    }
    this.valueLength = size
    this.valueAt = at
    if (size !== -1) at = this.#behind(at, size, recordEnd, 'value')
    this.at = at
    this.headerCount = this.varint()
    this.headersAt = this.at
    if (this.headerCount !== 0) this.#skipHeaders(recordEnd)
    if (this.at !== recordEnd) {
      throw this.#wrong(`its parts end ${this.at - recordEnd} bytes after its length`)
    }
  }

  /**
   * A zigzag varint of int32 at `at`, which moves behind it.
   *
   * @throws Failure 'corrupt': cut short or too long.
   */
  varint(): number {
    const byte = this.bytes[this.at]!
    if (!(byte < 0x80) || this.at >= this.end) return this.#longVarint(this.at)
    this.at++
    return (byte >>> 1) ^ -(byte & 1)
  }

  #longVarint(from: number): number {
    const { bytes, end } = this
    let value = 0
    for (let i = 0; i < VARINT_BYTES_MAX; i++) {
      if (from + i >= end) this.#cutShort()
      const byte = bytes[from + i]!
      value |= (byte & 0x7f) << (7 * i)
      if (byte >= 0x80) continue
      this.at = from + i + 1
      return (value >>> 1) ^ -(value & 1)
    }
    throw this.#wrong('varint of more than 5 bytes')
  }

  /** Most deltas of timestamps fit into 4 bytes, that is an int32: the rest goes a slower way. */
  #longTimestampDelta(from: number): number {
    const { bytes, end } = this
    let value = 0
    for (let i = 0; i < 4; i++) {
      if (from + i >= end) this.#cutShort()
      const byte = bytes[from + i]!
      value |= (byte & 0x7f) << (7 * i)
      if (byte >= 0x80) continue
      this.timestampDelta = (value >>> 1) ^ -(value & 1)
      return from + i + 1
    }
    this.at = from
    this.timestampDelta = this.#longVarlong()
    return this.at
  }

  #longVarlong(): number {
    let low = 0
    let high = 0
    for (let i = 0; i < VARLONG_BYTES_MAX; i++) {
      if (this.at >= this.end) this.#cutShort()
      const byte = this.bytes[this.at++]!
      // Byte 4 straddles the halves; bits beyond the 64th fall off, as they do elsewhere.
      if (i < 5) low |= (byte & 0x7f) << (7 * i)
      if (i >= 4) high |= i === 4 ? (byte & 0x7f) >>> 4 : (byte & 0x7f) << (7 * i - 32)
      if (byte >= 0x80) continue
      const sign = -(low & 1)
      return clampInt64((high >>> 1) ^ sign, (((low >>> 1) | (high << 31)) ^ sign) >>> 0)
    }
    throw this.#wrong('varint of more than 10 bytes')
  }

  #behind(at: number, length: number, recordEnd: number, what: string): number {
    if (length < 0 || at + length > recordEnd) throw this.#wrong(`${what} of ${length} bytes`)
    return at + length
  }

  #skipHeaders(recordEnd: number): void {
    // Each takes 2 bytes at least, so the record bounds this loop, whatever the count says.
    if (this.headerCount < 0 || this.headerCount > (recordEnd - this.at) / 2) {
      throw this.#wrong(`${this.headerCount} headers`)
    }
    for (let i = 0; i < this.headerCount; i++) {
      const keyLength = this.varint()
      this.at = this.#behind(this.at, keyLength, recordEnd, 'header key')
      const valueLength = this.varint()
      if (valueLength === -1) continue
      this.at = this.#behind(this.at, valueLength, recordEnd, 'header value')
    }
  }

  #cutShort(): never {
    throw this.#wrong('cut short')
  }

  #wrong(what: string): Failure {
    return new Failure('corrupt', `record ${this.index}: ${what}, near byte ${this.at}`)
  }
}
