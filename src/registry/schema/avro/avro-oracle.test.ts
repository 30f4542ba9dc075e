/** avsc, which shares no line with ours, writes values and judges pairs of schemas. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import avsc from 'avsc'
import fc from 'fast-check'
import type { ParsedSchema, PayloadValue } from '../schema-format.ts'
import { avroFormat } from './avro-format.ts'

const parse = (schema: unknown): ParsedSchema => {
  const outcome = avroFormat.parse({ text: JSON.stringify(schema), references: [] })
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.schema
}
const validatorOf = (schema: unknown) => {
  const outcome = avroFormat.validator(parse(schema))
  assert.ok(outcome.ok)
  return outcome.validator
}

/** Longs as bigints, and unions without wrapping: as ours are. */
const longs = avsc.types.LongType.__with({
  fromBuffer: (buffer: Buffer) => buffer.readBigInt64LE(),
  toBuffer: (value: bigint) => {
    const buffer = Buffer.alloc(8)
    buffer.writeBigInt64LE(value)
    return buffer
  },
  fromJSON: (value: number) => BigInt(value),
  toJSON: Number,
  isValid: (value: unknown) => typeof value === 'bigint',
  compare: (a: bigint, b: bigint) => (a < b ? -1 : a > b ? 1 : 0),
})
const theirs = (schema: unknown): avsc.Type =>
  avsc.Type.forSchema(schema as avsc.Schema, { registry: { long: longs }, wrapUnions: false })

const primitives = ['null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'] as const

/** Schemas with names of their own kind, so that no two types of a name collide. */
const schemas = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 3 },
    fc.constantFrom(...primitives),
    fc.record({ type: fc.constant('array'), items: tie('any') }),
    fc.record({ type: fc.constant('map'), values: tie('any') }),
    fc.uniqueArray(fc.constantFrom('null', 'boolean', 'string', 'double'), {
      minLength: 1,
      maxLength: 3,
    }),
    fc.array(tie('any'), { minLength: 0, maxLength: 3 }).map((types) => ({ types })),
  ),
}))

/** The placeholder `types` becomes a record: names are given once the whole is known. */
function withNames(schema: unknown, next: { id: number }): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return schema
  const of = schema as { types?: unknown[]; items?: unknown; values?: unknown }
  if (of.types !== undefined) {
    const name = `R${next.id++}`
    const fields = of.types.map((type, at) => ({ name: `f${at}`, type: withNames(type, next) }))
    return { type: 'record', name, fields }
  }
  if ('items' in of) return { type: 'array', items: withNames(of.items, next) }
  return { type: 'map', values: withNames(of.values, next) }
}
const someSchema = schemas['any'].map((schema) => withNames(schema, { id: 0 }))

const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}

test('what avsc writes, we read as the same values', () => {
  fc.assert(
    fc.property(someSchema, (schema) => {
      const type = theirs(schema)
      const validator = validatorOf(schema)
      for (let each = 0; each < 5; each++) {
        const written = type.toBuffer(type.random())
        const value: unknown = type.fromBuffer(written)
        const read = validator.toValue(written)
        assert.ok(read.ok, read.ok ? '' : `${read.at}: ${read.message}`)
        assert.deepEqual(plain(read.value), plain(value))
      }
    }),
    { numRuns: 150 },
  )
})

test('bytes that are cut or changed end in a verdict, never in an error', () => {
  fc.assert(
    fc.property(someSchema, fc.nat(), fc.integer({ min: 1, max: 255 }), (schema, at, flip) => {
      const type = theirs(schema)
      const validator = validatorOf(schema)
      const bytes = type.toBuffer(type.random())
      if (bytes.length === 0) return
      const cut = validator.check(bytes.subarray(0, at % bytes.length))
      assert.ok(!cut.ok, 'no beginning of a value is a value')
      bytes[at % bytes.length]! ^= flip
      validator.check(bytes)
    }),
    { numRuns: 200 },
  )
})

test('what is only checked is checked as what is read', () => {
  let refused = 0
  fc.assert(
    fc.property(someSchema, fc.nat(), fc.nat(255), fc.nat(3), (schema, at, flip, cut) => {
      const type = theirs(schema)
      const validator = validatorOf(schema)
      const whole = type.toBuffer(type.random())
      if (whole.length > 0) whole[at % whole.length]! ^= flip
      const bytes = whole.subarray(0, whole.length - (at % 2 === 0 ? cut : 0))
      const read = validator.toValue(bytes)
      if (!read.ok) refused++
      assert.deepEqual(validator.check(bytes), read.ok ? { ok: true } : read)
    }),
    { numRuns: 1_000 },
  )
  assert.ok(refused > 100, `${refused} were refused`)
})

/** One change somewhere: enough for pairs that are nearly compatible. */
const changed = (schema: unknown, other: unknown, pick: number): unknown => {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema) || pick % 4 === 0)
    return other
  const of = schema as { type: string; fields?: { name: string; type: unknown }[] }
  if (of.fields === undefined || of.fields.length === 0) return schema
  const at = pick % of.fields.length
  const fields = of.fields.map((field, index) =>
    index === at ? { ...field, type: changed(field.type, other, Math.floor(pick / 4)) } : field,
  )
  if (pick % 3 === 0) fields.splice(at, 1)
  return { ...of, fields }
}

test('avsc reads across two schemas exactly where our rules find nothing', () => {
  let readable = 0
  let unreadable = 0
  fc.assert(
    fc.property(someSchema, fc.constantFrom(...primitives), fc.nat(), (schema, other, pick) => {
      for (const [reader, writer] of [
        [schema, changed(schema, other, pick)],
        [changed(schema, other, pick), schema],
      ]) {
        const found = avroFormat.incompatibilities(parse(reader), parse(writer), {
          policy: 'strict',
        })
        let resolves = true
        try {
          avsc.Type.forSchema(reader as avsc.Schema).createResolver(
            avsc.Type.forSchema(writer as avsc.Schema),
          )
        } catch {
          resolves = false
        }
        assert.equal(found.length === 0, resolves, JSON.stringify({ reader, writer, found }))
        if (resolves) readable++
        else unreadable++
      }
    }),
    { numRuns: 400 },
  )
  assert.ok(readable > 40 && unreadable > 40, `${readable} readable, ${unreadable} not`)
})

const withNumbers = (value: unknown): unknown => {
  if (typeof value === 'bigint') return Number(value)
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (Array.isArray(value)) return value.map(withNumbers)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, withNumbers(each)]))
}

test('across two schemas we read what avsc reads', () => {
  let read = 0
  const compare = (reader: unknown, writer: unknown): void => {
    const written = avsc.Type.forSchema(writer as avsc.Schema, { wrapUnions: false })
    const type = avsc.Type.forSchema(reader as avsc.Schema, { wrapUnions: false })
    const outcome = avroFormat.resolver(parse(reader), parse(writer))
    assert.ok(outcome.ok)
    let resolver: avsc.Resolver
    try {
      resolver = type.createResolver(written)
    } catch {
      return // judged above; values that could be read all the same are in resolve-avro.test.ts
    }
    for (let each = 0; each < 3; each++) {
      const bytes = written.toBuffer(written.random())
      const ours: PayloadValue = outcome.validator.toValue(bytes)
      // Bytes as a string: avsc puts U+FFFD for what is not UTF-8.
      if (!ours.ok && ours.message === 'a string is not UTF-8') continue
      assert.ok(ours.ok, ours.ok ? '' : `${ours.at}: ${ours.message}`)
      const theirs: unknown = type.fromBuffer(bytes, resolver)
      assert.deepEqual(withNumbers(ours.value), withNumbers(theirs))
      read++
    }
  }
  fc.assert(
    fc.property(someSchema, fc.constantFrom(...primitives), fc.nat(), (schema, other, pick) => {
      compare(schema, changed(schema, other, pick))
      compare(changed(schema, other, pick), schema)
    }),
    { numRuns: 400 },
  )
  assert.ok(read > 100, `only ${read} values read`)
})
