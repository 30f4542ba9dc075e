/**
 * OTLP's JSON to protobuf, by the table of messages. Differences to protobuf's own JSON are OTLP's:
 * ids are hexadecimal, enums are numbers only, keys are lowerCamelCase only, and unknown fields are
 * ignored.
 */
import { isUtf8 } from 'node:buffer'
import { BadJson, JsonReader } from './json-reader.ts'
import type { Field, Message, Scalar } from './otlp-messages.ts'
import { ProtobufWriter } from './protobuf-writer.ts'

/**
 * Deeper than a record may be (that refuses one item alone), and still far from the end of the
 * stack.
 */
const depthMax = 200

export type JsonOutcome =
  | { readonly outcome: 'converted'; readonly bytes: Uint8Array; readonly warning: string }
  | { readonly outcome: 'bad'; readonly path: string; readonly reason: string }

/**
 * Converts a request. An empty body is an empty request, as it is in protobuf.
 *
 * @throws OutputTooLarge the protobuf would be larger than `bytesMax`.
 */
export function jsonToProtobuf(json: Uint8Array, message: Message, bytesMax: number): JsonOutcome {
  if (json.length === 0) return { outcome: 'converted', bytes: json, warning: '' }
  if (!isUtf8(json)) return { outcome: 'bad', path: '', reason: 'the body is not valid UTF-8' }
  const conversion = new Conversion(json, bytesMax)
  try {
    return { outcome: 'converted', bytes: conversion.run(message), warning: conversion.warning }
  } catch (error) {
    if (!(error instanceof BadJson)) throw error
    const reason = `${error.message}, at byte ${error.at}`
    return { outcome: 'bad', path: conversion.path(), reason }
  }
}

class Conversion {
  warning = ''
  readonly #json: JsonReader
  readonly #writer: ProtobufWriter
  /** Where the reader is; left as it is when something is wrong. */
  readonly #path: (string | number)[] = []

  constructor(json: Uint8Array, bytesMax: number) {
    this.#json = new JsonReader(json)
    this.#writer = new ProtobufWriter(bytesMax)
  }

  run(message: Message): Uint8Array {
    this.#message(message, 0)
    this.#json.end()
    return this.#writer.bytes()
  }

  path(): string {
    const names = this.#path.map((part) => (typeof part === 'number' ? `[${part}]` : `.${part}`))
    return names.join('').slice(1)
  }

  #message(message: Message, depth: number): void {
    if (this.#json.kind() !== 'object') throw this.#json.unexpected(`${message.name}, an object,`)
    if (depth > depthMax) {
      throw new BadJson(this.#json.at, `nested deeper than ${depthMax} messages`)
    }
    this.#json.object((key) => {
      const field = message.byName.get(key)
      if (field === undefined) return this.#unknown(message, key)
      if (this.#json.kind() === 'null') return this.#json.literal('null')
      this.#path.push(key)
      if (field.isRepeated) this.#repeated(field, depth)
      else this.#field(field, depth)
      this.#path.pop()
    })
  }

  #repeated(field: Field, depth: number): void {
    if (this.#json.kind() !== 'array') throw this.#json.unexpected('an array')
    this.#json.array((index) => {
      this.#path.push(index)
      this.#field(field, depth)
      this.#path.pop()
    })
  }

  #field(field: Field, depth: number): void {
    this.#writer.tag(field.number, field.wireType)
    if (typeof field.type === 'string') return this.#scalar(field.type)
    const start = this.#writer.open()
    this.#message(field.type, depth + 1)
    this.#writer.close(start)
  }

  #unknown(message: Message, key: string): void {
    this.#json.skip()
    if (this.warning !== '' || !key.includes('_')) return
    const camel = key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    if (!message.byName.has(camel)) return
    this.#path.push(key)
    this.warning = `${this.path()}: ignored, in OTLP's JSON this field is called '${camel}'`
    this.#path.pop()
  }

  #scalar(type: Scalar): void {
    const writer = this.#writer
    switch (type) {
      case 'string':
        return this.#lengthDelimited(this.#text())
      case 'bytes':
        return this.#lengthDelimited(this.#base64())
      case 'traceId':
      case 'spanId':
        return this.#lengthDelimited(this.#hex())
      case 'bool':
        return writer.varint(this.#bool() ? 1 : 0)
      case 'double':
        return writer.double(this.#double())
      case 'enum':
        if (this.#json.kind() !== 'number') throw this.#json.unexpected('an enum, a number,')
        return writer.varint64(this.#integer(32, true))
      case 'int32':
        return writer.varint64(this.#integer(32, true))
      case 'int64':
        return writer.varint64(this.#integer(64, true))
      case 'uint32':
        return writer.varint64(this.#integer(32, false))
      case 'uint64':
        return writer.varint64(this.#integer(64, false))
      case 'sint32': {
        const value = this.#integer(32, true)
        return writer.varint64(value < 0n ? -value * 2n - 1n : value * 2n)
      }
      case 'fixed32':
        return writer.fixed32(Number(this.#integer(32, false)))
      case 'fixed64':
        return writer.fixed64(this.#integer(64, false))
      case 'sfixed64':
        return writer.fixed64(this.#integer(64, true))
    }
  }

  #lengthDelimited(bytes: Uint8Array): void {
    this.#writer.varint(bytes.length)
    this.#writer.raw(bytes)
  }

  #text(): Buffer {
    if (this.#json.kind() !== 'string') throw this.#json.unexpected('a string')
    return this.#json.string()
  }

  #hex(): Buffer {
    const at = this.#json.at
    const text = this.#text().toString('latin1')
    if (text.length % 2 === 0 && /^[0-9a-fA-F]*$/.test(text)) return Buffer.from(text, 'hex')
    throw new BadJson(at, 'an id is written in hexadecimal digits, two per byte')
  }

  #base64(): Buffer {
    const at = this.#json.at
    const text = this.#text().toString('latin1')
    const digits = text.replace(/={0,2}$/, '')
    if (/^[A-Za-z0-9+/_-]*$/.test(digits) && digits.length % 4 !== 1) {
      return Buffer.from(digits, 'base64')
    }
    throw new BadJson(at, 'bytes are written in base64')
  }

  #bool(): boolean {
    const kind = this.#json.kind()
    if (kind !== 'true' && kind !== 'false') throw this.#json.unexpected('true or false')
    this.#json.literal(kind)
    return kind === 'true'
  }

  #double(): number {
    const kind = this.#json.kind()
    if (kind === 'number') return Number(this.#json.number())
    const at = this.#json.at
    const text = kind === 'string' ? this.#json.string().toString('latin1') : ''
    const isNumber = /^(?:NaN|-?Infinity|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$/.test(text)
    if (isNumber) return Number(text)
    throw new BadJson(at, "a number is expected, or 'NaN', 'Infinity' or '-Infinity'")
  }

  /**
   * A number or a string of one, exact beyond 2^53; also `1.0` and `1e3`, which JSON writers make
   * of whole numbers.
   */
  #integer(bits: 32 | 64, isSigned: boolean): bigint {
    const kind = this.#json.kind()
    const at = this.#json.at
    const expected = `a whole number of ${bits} bits${isSigned ? '' : ', not negative,'}`
    if (kind !== 'number' && kind !== 'string') throw this.#json.unexpected(expected)
    const text = kind === 'number' ? this.#json.number() : this.#json.string().toString('latin1')
    const value = parseInteger(text)
    const fits =
      value !== undefined &&
      (isSigned ? BigInt.asIntN(bits, value) : BigInt.asUintN(bits, value)) === value
    if (!fits) throw new BadJson(at, `${expected} is expected, not '${text.slice(0, 40)}'`)
    return value
  }
}

function parseInteger(text: string): bigint | undefined {
  // No 64-bit number has more digits, and BigInt takes quadratic time for long ones.
  if (/^-?\d{1,20}$/.test(text)) return BigInt(text)
  if (!/^-?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,3})?$/.test(text)) return undefined
  const number = Number(text)
  return Number.isSafeInteger(number) ? BigInt(number) : undefined
}
