/**
 * Walks protobuf bytes by a table of messages, without building objects: what is stored are the
 * sender's own bytes, so all there is to do is to hold them to their structure and to find the
 * places where they may be cut.
 */
import { isUtf8 } from 'node:buffer'
import type { Field, Message } from './otlp-messages.ts'

/** The bytes are not protobuf, or not of this message. Stays in this folder: it becomes a 400. */
export class BadProtobuf extends Error {
  override readonly name = 'BadProtobuf'
  /** Position of the byte that can't be right. */
  readonly at: number

  constructor(at: number, reason: string) {
    super(reason)
    this.at = at
  }
}

/**
 * Something a strict reader would choke on, though its borders are sound: only the item with it is
 * refused.
 */
export interface Problem {
  readonly at: number
  readonly reason: string
}

/**
 * Messages in messages; Java's and C++'s protobuf read no deeper, so that nobody could read such a
 * record.
 */
export const messageDepthMax = 100

export class ProtobufReader {
  readonly bytes: Uint8Array
  at = 0
  /** Of the field that `tag` read last. */
  wireType = 0
  /** The first problem since it was last set to undefined. */
  problem: Problem | undefined

  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }

  /** The field number at `at`; its wire type is left in `wireType`. */
  tag(end: number): number {
    const start = this.at
    const tag = this.#varint32(end)
    this.wireType = tag & 7
    const number = tag >>> 3
    if (number === 0) throw new BadProtobuf(start, 'field number 0 does not exist')
    return number
  }

  /** The length at `at`, known to fit before `end`. */
  length(end: number): number {
    const start = this.at
    const length = this.#varint32(end)
    if (length > end - this.at) {
      const left = end - this.at
      throw new BadProtobuf(start, `a length of ${length} bytes, but only ${left} bytes are left`)
    }
    return length
  }

  /** Steps over the value of a field with `wireType`. */
  skip(end: number): void {
    const start = this.at
    if (this.wireType === 0) this.#skipVarint(end)
    else if (this.wireType === 2) this.at = this.length(end) + this.at // in this order: it moves
    else if (this.wireType === 1) this.at += 8
    else if (this.wireType === 5) this.at += 4
    else throw new BadProtobuf(start, `wire type ${this.wireType} is not used by OTLP`)
    if (this.at > end) throw new BadProtobuf(start, 'the value is cut off')
  }

  /** Steps over a whole message and holds it to its table. Unknown fields are only stepped over. */
  checkMessage(message: Message, end: number, depth: number): void {
    while (this.at < end) {
      const start = this.at
      const field = message.byNumber[this.tag(end)]
      this.checkValue(field, start, end, depth)
    }
  }

  /** Steps over the value of a field whose tag stands at `tagAt`, in a message at `depth`. */
  checkValue(field: Field | undefined, tagAt: number, end: number, depth: number): void {
    if (field === undefined) return this.skip(end)
    if (this.wireType !== field.wireType) return this.#checkPacked(field, tagAt, end)
    if (field.wireType !== 2) return this.skip(end)
    const length = this.length(end)
    const start = this.at
    const stop = start + length
    if (typeof field.type !== 'string') {
      if (depth < messageDepthMax) this.checkMessage(field.type, stop, depth + 1)
      else this.#note(tagAt, `nested deeper than ${messageDepthMax} messages`)
    } else if (field.type === 'string') {
      if (!isText(this.bytes, start, stop)) this.#note(tagAt, 'text that is not valid UTF-8')
    } else if (field.type !== 'bytes' && length !== 0) {
      const expected = field.type === 'traceId' ? 16 : 8
      if (length !== expected) {
        this.#note(tagAt, `an id of ${length} bytes; ${expected} or none are expected`)
      }
    }
    this.at = stop
  }

  /** Repeated numbers may come one by one or in a row. */
  #checkPacked(field: Field, tagAt: number, end: number): void {
    if (!field.isRepeated || this.wireType !== 2 || field.wireType === 2) {
      const found = `wire type ${this.wireType} where ${field.wireType} is expected`
      throw new BadProtobuf(tagAt, found)
    }
    const length = this.length(end)
    const stop = this.at + length
    if (field.wireType === 0) while (this.at < stop) this.#skipVarint(stop)
    else if (length % (field.wireType === 1 ? 8 : 4) !== 0) {
      throw new BadProtobuf(tagAt, `${length} bytes are no whole number of values`)
    }
    this.at = stop
  }

  #note(at: number, reason: string): void {
    this.problem ??= { at, reason }
  }

  #varint32(end: number): number {
    let value = 0
    const start = this.at
    for (let shift = 0; shift < 35; shift += 7) {
      if (this.at >= end) throw new BadProtobuf(start, 'the bytes end in the middle of a number')
      const byte = this.bytes[this.at++] ?? 0
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) {
        if (value > 0xffffffff) break
        return value
      }
    }
    throw new BadProtobuf(start, 'a tag or length takes more than 32 bits')
  }

  #skipVarint(end: number): void {
    const start = this.at
    for (let count = 0; count < 10; count++) {
      if (this.at >= end) throw new BadProtobuf(start, 'the bytes end in the middle of a number')
      if ((this.bytes[this.at++] ?? 0) < 0x80) return
    }
    throw new BadProtobuf(start, 'a number takes more than 64 bits')
  }
}

/** Most text is short ASCII, for which a call into native code costs more than looking. */
function isText(bytes: Uint8Array, start: number, stop: number): boolean {
  if (stop - start > 64) return isUtf8(bytes.subarray(start, stop))
  for (let at = start; at < stop; at++) {
    if ((bytes[at] ?? 0) >= 0x80) return isUtf8(bytes.subarray(at, stop))
  }
  return true
}
