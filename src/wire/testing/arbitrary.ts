/**
 * Values for any message and version, made from its definition: what a test can ask of one, it asks
 * of all.
 */
import fc from 'fast-check'
import { holds, parseField } from '../notation.ts'
import type { Field, Fields, Struct } from '../notation.ts'

const zeroUuid = 'AAAAAAAAAAAAAAAAAAAAAA'

/** Messages as decoding gives them: what is absent in the version has its default. */
export function arbitraryValue(fields: Fields | Struct, version: number): fc.Arbitrary<object> {
  const entries = Object.entries(fields).filter(([name]) => name !== '_')
  return fc.record(
    Object.fromEntries(
      entries.map(([name, entry]) => [name, arbitraryField(parseField(name, entry), version)]),
    ),
  )
}

function arbitraryField(field: Field, version: number): fc.Arbitrary<unknown> {
  if (!holds(field.versions, version)) return fc.constant(defaultOf(field))
  const item = arbitraryItem(field, version)
  const value = field.array ? fc.array(item, { maxLength: 3 }) : item
  const some = holds(field.nullable, version) ? fc.option(value, { nil: null }) : value
  // Tagged fields travel only where they differ from their default: both must be met.
  return field.tag === undefined ? some : fc.oneof(some, fc.constant(defaultOf(field)))
}

function arbitraryItem(field: Field, version: number): fc.Arbitrary<unknown> {
  switch (field.type) {
    case 'boolean':
      return fc.boolean()
    case 'int8':
      return fc.integer({ min: -0x80, max: 0x7f })
    case 'int16':
      return fc.integer({ min: -0x8000, max: 0x7fff })
    case 'uint16':
      return fc.integer({ min: 0, max: 0xffff })
    case 'int32':
      return fc.integer()
    case 'uint32':
      return fc.integer({ min: 0, max: 0xffff_ffff })
    case 'int64':
      return fc.maxSafeInteger()
    case 'float64':
      return fc.double()
    case 'uuid':
      return fc
        .uint8Array({ minLength: 16, maxLength: 16 })
        .map((bytes) => Buffer.from(bytes).toString('base64url'))
    case 'string':
      return fc.oneof(fc.string({ maxLength: 40 }), fc.string({ unit: 'grapheme', maxLength: 10 }))
    case 'bytes':
    case 'records':
      return fc
        .oneof(
          { weight: 9, arbitrary: fc.uint8Array({ maxLength: 40 }) },
          fc.uint8Array({ minLength: 600, maxLength: 600 }),
        )
        .map((bytes) => Buffer.from(bytes))
    case 'struct':
      return arbitraryValue(field.struct ?? {}, version)
  }
}

/** What a field is where it is absent, told again from the notation and not from the codec. */
function defaultOf(field: Field): unknown {
  if (field.default !== undefined) return field.default
  if (field.array) return []
  switch (field.type) {
    case 'boolean':
      return false
    case 'uuid':
      return zeroUuid
    case 'string':
      return ''
    case 'bytes':
    case 'records':
      return Buffer.alloc(0)
    case 'struct':
      return Object.fromEntries(
        Object.entries(field.struct ?? {})
          .filter(([name]) => name !== '_')
          .map(([name, entry]) => [name, defaultOf(parseField(name, entry))]),
      )
    default:
      return 0
  }
}
