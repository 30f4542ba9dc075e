/**
 * Compiles a field or struct for one version into closures, once; after that no version or spec is
 * looked at again.
 */
import { assert } from '../base/assert.ts'
import { stringBytesMax, taggedFieldsMax } from './limits.ts'
import { Malformed, within } from './malformed.ts'
import { holds, parseField } from './notation.ts'
import { mismatch, Writer } from './writer.ts'
import type { Field, Fields, Scalars, Struct } from './notation.ts'
import type { Reader } from './reader.ts'

/** How one type of one version goes over the wire. */
export interface Codec {
  /** No encoding of it is shorter, in bytes: it bounds array lengths before anything is allocated. */
  readonly sizeMin: number
  /** What a field of this type is where it is absent. */
  readonly zero: unknown
  read(reader: Reader): unknown
  write(writer: Writer, value: unknown): void
  isZero(value: unknown): boolean
}

/** The version that is compiled, and whether it is a flexible one (KIP-482). */
export interface Version {
  readonly number: number
  readonly flexible: boolean
}

type Plain = Exclude<keyof Scalars, 'string' | 'bytes' | 'records'>

const plainSizes: Record<Plain, number> = {
  boolean: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
  float64: 8,
  uuid: 16,
}

const noBytes: Uint8Array = new Uint8Array(0)
const noItems: readonly unknown[] = Object.freeze([])

/** A struct, or a whole message. */
export function structCodec(fields: Fields | Struct, version: Version): Codec {
  const all = Object.entries(fields)
    .filter(([name]) => name !== '_')
    .map(([name, entry]) => member(parseField(name, entry), version))
  const here = all.filter(({ field }) => holds(field.versions, version.number))
  const body = here.filter(({ field }) => field.tag === undefined)
  const tagged = here.filter(({ field }) => field.tag !== undefined)
  assert(version.flexible || tagged.length === 0, 'only flexible versions have tagged fields')
  const forbidden = all.filter((each) => !here.includes(each) && !each.field.ignorable)
  const zero: Record<string, unknown> = {}
  for (const { field, codec } of all) zero[field.name] = codec.zero
  Object.freeze(zero)

  const names = body.map(({ field }) => field.name)
  const codecs = body.map(({ codec }) => codec)
  const absent = body.map(({ field, codec }) => (field.required ? undefined : codec.zero))
  const readTags = version.flexible ? tagReader(tagged) : undefined
  const writeTags = version.flexible ? tagWriter(tagged) : undefined

  return {
    sizeMin: codecs.reduce((sum, codec) => sum + codec.sizeMin, version.flexible ? 1 : 0),
    zero,
    read(reader) {
      const value: Record<string, unknown> = { ...zero }
      let i = 0
      try {
        for (; i < names.length; i++) {
          value[names[i] as string] = (codecs[i] as Codec).read(reader)
        }
      } catch (error) {
        throw within(error, names[i] as string)
      }
      readTags?.(reader, value)
      return value
    },
    write(writer, value) {
      if (!isRecord(value)) throw mismatch(value, 'a struct')
      let i = 0
      try {
        for (; i < names.length; i++) {
          const given = value[names[i] as string]
          ;(codecs[i] as Codec).write(writer, given === undefined ? absent[i] : given)
        }
      } catch (error) {
        throw within(error, names[i] as string)
      }
      for (const { field, codec } of forbidden) refuseUnlessZero(value, field, codec)
      writeTags?.(writer, value)
    },
    isZero(value) {
      if (value === undefined) return true
      return isRecord(value) && all.every(({ field, codec }) => codec.isZero(value[field.name]))
    },
  }
}

interface Member {
  readonly field: Field
  readonly codec: Codec
}

function member(field: Field, version: Version): Member {
  return { field, codec: fieldCodec(field, version) }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

function refuseUnlessZero(value: Record<string, unknown>, field: Field, codec: Codec): void {
  if (codec.isZero(value[field.name])) return
  throw new Malformed('has a value that this version cannot carry').within(field.name)
}

/**
 * A field with its array, null and default. Absent fields are compiled too: their default is
 * needed.
 */
function fieldCodec(field: Field, version: Version): Codec {
  const nullable = holds(field.nullable, version.number)
  const item = itemCodec(field, nullable && !field.array, version)
  const codec = field.array ? arrayCodec(item, nullable, version) : item
  if (field.default === undefined) return codec
  const zero = field.default
  assert(zero !== null || field.nullable !== undefined, `${field.name}: its default may be null`)
  return { ...codec, zero, isZero: (value) => value === undefined || value === zero }
}

function itemCodec(field: Field, nullable: boolean, version: Version): Codec {
  switch (field.type) {
    case 'struct': {
      const struct = structCodec(field.struct ?? {}, version)
      return nullable ? nullableStruct(struct) : struct
    }
    case 'string':
      return stringCodec(nullable, version)
    case 'bytes':
      return bytesCodec(nullable, version)
    case 'records':
      return recordsCodec(nullable, version)
    default:
      assert(!nullable, `${field.name}: ${field.type} has no null on the wire`)
      return plainCodec(field.type)
  }
}

function plainCodec(type: Plain): Codec {
  const sizeMin = plainSizes[type]
  assert(sizeMin !== undefined, `${type} is a type`)
  const zero = type === 'boolean' ? false : type === 'uuid' ? 'AAAAAAAAAAAAAAAAAAAAAA' : 0
  const isZero = (value: unknown): boolean => value === undefined || value === zero
  // One closure per type, so that each call site inside it sees one method only.
  switch (type) {
    case 'boolean':
      return { sizeMin, zero, isZero, read: (r) => r.boolean(), write: (w, v) => w.boolean(v) }
    case 'int8':
      return { sizeMin, zero, isZero, read: (r) => r.int8(), write: (w, v) => w.int8(v) }
    case 'int16':
      return { sizeMin, zero, isZero, read: (r) => r.int16(), write: (w, v) => w.int16(v) }
    case 'uint16':
      return { sizeMin, zero, isZero, read: (r) => r.uint16(), write: (w, v) => w.uint16(v) }
    case 'int32':
      return { sizeMin, zero, isZero, read: (r) => r.int32(), write: (w, v) => w.int32(v) }
    case 'uint32':
      return { sizeMin, zero, isZero, read: (r) => r.uint32(), write: (w, v) => w.uint32(v) }
    case 'int64':
      return { sizeMin, zero, isZero, read: (r) => r.int64(), write: (w, v) => w.int64(v) }
    case 'float64':
      return { sizeMin, zero, isZero, read: (r) => r.float64(), write: (w, v) => w.float64(v) }
    case 'uuid':
      return { sizeMin, zero, isZero, read: (r) => r.uuid(), write: (w, v) => w.uuid(v) }
  }
}

/** How lengths are written: compact ones are varints of length + 1, where 0 is null. */
interface Length {
  readonly size: number
  /** -1 for null. */
  read(reader: Reader): number
  write(writer: Writer, length: number): void
}

const compactLength: Length = {
  size: 1,
  read: (reader) => reader.varint() - 1,
  write: (writer, length) => writer.varint(length + 1),
}
const int16Length: Length = {
  size: 2,
  read: (reader) => reader.int16(),
  write(writer, length) {
    if (length > stringBytesMax) throw mismatch(`a string of ${length} bytes`, 'an old string')
    writer.int16(length)
  },
}
const int32Length: Length = {
  size: 4,
  read: (reader) => reader.int32(),
  write: (writer, length) => writer.int32(length),
}

/** The length that was read, or -1 where null is allowed. */
function checked(length: number, nullable: boolean): number {
  if (length >= 0 || (length === -1 && nullable)) return length
  throw new Malformed(length === -1 ? 'is null' : `has the length ${length}`)
}

function writeNull(writer: Writer, nullable: boolean, length: Length): void {
  if (!nullable) throw new Malformed('is null, which this version cannot carry')
  length.write(writer, -1)
}

function stringCodec(nullable: boolean, version: Version): Codec {
  const length = version.flexible ? compactLength : int16Length
  return {
    sizeMin: length.size,
    zero: '',
    isZero: (value) => value === undefined || value === '',
    read(reader) {
      const size = checked(length.read(reader), nullable)
      if (size > stringBytesMax) throw new Malformed(`is a string of ${size} bytes`)
      return size === -1 ? null : reader.text(size)
    },
    write(writer, value) {
      if (value === null) return writeNull(writer, nullable, length)
      if (typeof value !== 'string') throw mismatch(value, 'a string')
      const size = Buffer.byteLength(value)
      length.write(writer, size)
      writer.text(value, size)
    },
  }
}

function bytesCodec(nullable: boolean, version: Version): Codec {
  const length = version.flexible ? compactLength : int32Length
  return {
    sizeMin: length.size,
    zero: noBytes,
    isZero: (value) => value === undefined || (value instanceof Uint8Array && value.length === 0),
    read(reader) {
      const size = checked(length.read(reader), nullable)
      return size === -1 ? null : reader.view(size)
    },
    write(writer, value) {
      if (value === null) return writeNull(writer, nullable, length)
      if (!(value instanceof Uint8Array)) throw mismatch(value, 'bytes')
      length.write(writer, value.length)
      writer.splice(value)
    },
  }
}

function recordsCodec(nullable: boolean, version: Version): Codec {
  const whole = bytesCodec(nullable, version)
  const length = version.flexible ? compactLength : int32Length
  return {
    ...whole,
    write(writer, value) {
      if (!Array.isArray(value)) return whole.write(writer, value)
      let size = 0
      for (const chunk of value as Uint8Array[]) size += chunk.length
      length.write(writer, size)
      for (const chunk of value as Uint8Array[]) writer.splice(chunk)
    },
  }
}

function arrayCodec(item: Codec, nullable: boolean, version: Version): Codec {
  const length = version.flexible ? compactLength : int32Length
  return {
    sizeMin: length.size,
    zero: noItems,
    isZero: (value) => value === undefined || (Array.isArray(value) && value.length === 0),
    read(reader) {
      const count = checked(length.read(reader), nullable)
      if (count === -1) return null
      reader.items(count, item.sizeMin)
      const items: unknown[] = []
      try {
        while (items.length < count) items.push(item.read(reader))
      } catch (error) {
        throw within(error, items.length)
      }
      return items
    },
    write(writer, value) {
      if (value === null) return writeNull(writer, nullable, length)
      if (!Array.isArray(value)) throw mismatch(value, 'an array')
      length.write(writer, value.length)
      let i = 0
      try {
        for (; i < value.length; i++) item.write(writer, value[i])
      } catch (error) {
        throw within(error, i)
      }
    },
  }
}

/** A byte tells whether the struct follows: 1, or -1 for null. */
function nullableStruct(struct: Codec): Codec {
  return {
    ...struct,
    sizeMin: 1,
    read: (reader) => (reader.int8() < 0 ? null : struct.read(reader)),
    write(writer, value) {
      writer.int8(value === null ? -1 : 1)
      if (value !== null) struct.write(writer, value)
    },
  }
}

function tagReader(tagged: readonly Member[]) {
  const known = new Map(tagged.map((each) => [each.field.tag, each]))
  return (reader: Reader, value: Record<string, unknown>): void => {
    const count = reader.varint()
    if (count > taggedFieldsMax) {
      throw new Malformed(`${count} tagged fields, at most ${taggedFieldsMax} are read`)
    }
    for (let i = 0; i < count; i++) {
      const tag = reader.varint()
      const start = reader.take(reader.varint())
      const each = known.get(tag)
      if (each === undefined) continue
      value[each.field.name] = readTagged(reader, start, each)
    }
  }
}

/** Reads a known tag inside its announced size; what a later version put behind it is skipped. */
function readTagged(reader: Reader, start: number, { field, codec }: Member): unknown {
  const { at: next, end } = reader
  reader.at = start
  reader.end = next
  let value: unknown
  try {
    value = codec.read(reader)
  } catch (error) {
    throw within(error, field.name)
  }
  reader.at = next
  reader.end = end
  return value
}

function tagWriter(tagged: readonly Member[]) {
  const ordered = tagged.toSorted((a, b) => (a.field.tag as number) - (b.field.tag as number))
  return (writer: Writer, value: Record<string, unknown>): void => {
    if (ordered.length === 0) return writer.varint(0)
    const present = ordered.filter(({ field, codec }) => !codec.isZero(value[field.name]))
    writer.varint(present.length)
    for (const { field, codec } of present) {
      // Its size comes first, so it is written aside; tagged fields are small and rare.
      const aside = new Writer()
      try {
        codec.write(aside, value[field.name])
      } catch (error) {
        throw within(error, field.name)
      }
      writer.varint(field.tag as number)
      writer.varint(aside.length)
      for (const chunk of aside.finish()) writer.splice(chunk)
    }
  }
}
