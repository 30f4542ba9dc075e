/**
 * What holds for every message in every version: it survives the wire, and bad bytes end in
 * `corrupt`.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { Failure } from '../base/errors.ts'
import { apis } from './apis.ts'
import { parseField } from './notation.ts'
import { arbitraryValue } from './testing/arbitrary.ts'
import type { AnyApi, AnyMessage } from './message.ts'
import type { Fields, Struct } from './notation.ts'

const all: readonly AnyApi[] = Object.values(apis)

for (const { key, request, response } of all) {
  for (const each of [request, response]) {
    describe(`${key} ${each.name}`, () => {
      for (let version = each.versions.min; version <= each.versions.max; version++) {
        test(`v${version} survives the wire`, () => survives(each, version))
        test(`v${version} needs only what has no default`, () => needsOnlyRequired(each, version))
        test(`v${version} ends in corrupt where bytes are cut or changed`, () =>
          withstands(each, version))
      }
    })
  }
}

function survives(each: AnyMessage, version: number): void {
  fc.assert(
    fc.property(arbitraryValue(each.fields, version), (value) => {
      const bytes = Buffer.concat(each.encode(version, value as never))
      assert.deepEqual(plain(each.decode(version, bytes)), plain(value))
    }),
    { numRuns: 100 },
  )
}

/**
 * Fields that were left out are read as their defaults, so that leaving them out again changes no
 * byte.
 */
function needsOnlyRequired(each: AnyMessage, version: number): void {
  fc.assert(
    fc.property(arbitraryValue(each.fields, version), (value) => {
      const bytes = each.encode(version, onlyRequired(value, each.fields) as never)
      const read = each.decode(version, Buffer.concat(bytes))
      assert.deepEqual(Buffer.concat(each.encode(version, read as never)), Buffer.concat(bytes))
    }),
    { numRuns: 20 },
  )
}

function onlyRequired(value: unknown, fields: Fields | Struct): unknown {
  if (Array.isArray(value)) return value.map((each) => onlyRequired(each, fields))
  if (typeof value !== 'object' || value === null) return value
  const kept = Object.entries(value).flatMap(([name, inner]) => {
    const field = parseField(name, fields[name] ?? 'int8')
    const rest = field.struct === undefined ? inner : onlyRequired(inner, field.struct)
    return field.required ? [[name, rest]] : []
  })
  return Object.fromEntries(kept)
}

function withstands(each: AnyMessage, version: number): void {
  const value = arbitraryValue(each.fields, version)
  fc.assert(
    fc.property(value, fc.nat(), fc.nat(), fc.boolean(), (value, where, bit, cut) => {
      const bytes = Buffer.concat(each.encode(version, value as never))
      if (bytes.length === 0) return
      const at = where % bytes.length
      if (!cut) bytes[at] = (bytes[at] as number) ^ (1 << (bit % 8))
      // A cut message is never taken for a whole one: every byte of it belongs to a field.
      if (cut) corrupt(() => each.decode(version, bytes.subarray(0, at)))
      else decodesOrCorrupt(() => each.decode(version, bytes))
    }),
    { numRuns: 100 },
  )
}

function corrupt(decode: () => object): void {
  assert.throws(decode, (error) => error instanceof Failure && error.kind === 'corrupt')
}

function decodesOrCorrupt(decode: () => object): void {
  try {
    decode()
  } catch (error) {
    assert.ok(error instanceof Failure && error.kind === 'corrupt', String(error))
  }
}

/** Views and buffers, frozen defaults and arrays, all as the same plain data. */
function plain(value: unknown): unknown {
  if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('hex')}`
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? 0 : value
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, plain(inner)]))
}
