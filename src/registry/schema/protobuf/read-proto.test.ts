import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { payloadDepthMax } from '../payload-limits.ts'
import { protobufFormat } from './protobuf-format.ts'

const validator = (text: string, indexes?: readonly number[]) => {
  const parsed = protobufFormat.parse({ text, references: [] })
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
  const outcome = protobufFormat.validator(parsed.schema, indexes)
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.validator
}
const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const refusal = (text: string, hex: string): string => {
  const verdict = validator(text).check(bytes(hex))
  return verdict.ok ? 'accepted' : `${verdict.at}: ${verdict.message}`
}
const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return Buffer.from(value)
  if (typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}
const valueOf = (text: string, hex: string): unknown => {
  const outcome = validator(text).toValue(bytes(hex))
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return plain(outcome.value)
}
const proto3 = (body: string): string => `syntax = "proto3"; ${body}`

const scalars = [
  'double',
  'float',
  'int32',
  'int64',
  'uint32',
  'uint64',
  'sint32',
  'sint64',
  'fixed32',
  'fixed64',
  'sfixed32',
  'sfixed64',
  'bool',
  'string',
  'bytes',
] as const
const everything = proto3(`
  message All {
    ${scalars
      .map((of, at) => `${of} one_${of} = ${at + 1}; repeated ${of} many_${of} = ${at + 101};`)
      .join('\n')}
    map<string, int64> by_text = 201; map<int32, All> by_number = 202; All self = 203; repeated
      All selves = 204;
    E e = 205; oneof choice { string text = 206; int32 number = 207; }
  }
  enum E { ZERO = 0; ONE = 1; }`)

const wide = (bits: 32 | 64, signed: boolean) =>
  signed
    ? fc.bigInt(-(2n ** BigInt(bits - 1)), 2n ** BigInt(bits - 1) - 1n)
    : fc.bigInt(0n, 2n ** BigInt(bits) - 1n)
const valueFor = (type: string): fc.Arbitrary<unknown> => {
  if (type === 'double') return fc.double({ noNaN: true })
  if (type === 'float') return fc.float({ noNaN: true })
  if (type === 'bool') return fc.boolean()
  if (type === 'string') return fc.string({ unit: 'grapheme' })
  if (type === 'bytes') return fc.uint8Array().map((each) => Buffer.from(each))
  const signed = !type.startsWith('u') && type !== 'fixed32' && type !== 'fixed64'
  return type.endsWith('64') ? wide(64, signed).map(String) : wide(32, signed).map(Number)
}
const { all } = fc.letrec<{ all: unknown }>((tie) => ({
  all: fc.record(
    {
      ...Object.fromEntries(scalars.map((type) => [`one_${type}`, valueFor(type)])),
      ...Object.fromEntries(
        scalars.map((type) => [
          `many_${type}`,
          fc.array(valueFor(type), { minLength: 1, maxLength: 3 }),
        ]),
      ),
      by_text: fc.dictionary(
        fc.string({ minLength: 1, maxLength: 3 }).filter((key) => key !== '__proto__'),
        valueFor('int64'),
        { minKeys: 1, maxKeys: 2 },
      ),
      e: fc.constantFrom('ZERO', 'ONE'),
      text: fc.string(),
      self: fc.option(tie('all'), { nil: undefined, maxDepth: 2 }),
      selves: fc.option(fc.array(tie('all'), { minLength: 1, maxLength: 2 }), {
        nil: undefined,
        maxDepth: 1,
      }),
    },
    { requiredKeys: [] },
  ),
}))

test('what protobufjs writes, we read as the same values', () => {
  const type = protobuf.parse(everything, { keepCase: true }).root.lookupType('All')
  const ours = validator(everything)
  fc.assert(
    fc.property(all, (value) => {
      const written = type.encode(type.fromObject(value as Record<string, unknown>)).finish()
      const theirs = type.toObject(type.decode(written), { longs: String, enums: String })
      const read = ours.toValue(written)
      assert.ok(read.ok, read.ok ? '' : `${read.at}: ${read.message}`)
      assert.deepEqual(plain(read.value), plain(theirs))
    }),
    { numRuns: 200 },
  )
})

test('bytes that are cut or changed end in a verdict', () => {
  const type = protobuf.parse(everything, { keepCase: true }).root.lookupType('All')
  const ours = validator(everything)
  fc.assert(
    fc.property(all, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
      const written = type.encode(type.fromObject(value as Record<string, unknown>)).finish()
      if (written.length === 0) return
      ours.check(written.subarray(0, at % written.length))
      written[at % written.length]! ^= flip
      ours.check(written)
    }),
    { numRuns: 300 },
  )
})

test('indexes choose the message, and groups are not counted', () => {
  const text =
    'message A { message B { required int32 x = 1; } optional group G = 1 {} ' +
    'message C { required string y = 1; } } message D {}'
  const check = (indexes: readonly number[]): string => {
    const verdict = validator(text, indexes).check(new Uint8Array())
    return verdict.ok ? 'ok' : verdict.message
  }
  assert.equal(check([0]), 'ok')
  assert.match(check([0, 0]), /x is required/)
  assert.match(check([0, 1]), /y is required/)
  assert.equal(check([1]), 'ok')
  const parsed = protobufFormat.parse({ text, references: [] })
  assert.ok(parsed.ok)
  for (const lost of [[2], [0, 2], [1, 0], [], [-1]]) {
    const outcome = protobufFormat.validator(parsed.schema, lost)
    assert.match(outcome.ok ? '' : outcome.message, /lead to no message/)
  }
})

test('a fault says where it is', () => {
  const text = proto3(
    'message A { repeated B bs = 1; map<string, B> by = 2; } message B { bool ok = 1; }',
  )
  assert.match(
    refusal(text, '0a02 0a00'),
    /^\/bs\/0\/ok: the field 1 is bool, and was written as another type \(wire type 2\)/,
  )
  assert.match(
    refusal(text, '1205 0a0161 1201'),
    /^\/by: a value of 5 bytes, and 4 are left|^\/by\/a/,
  )
  assert.match(refusal(text, '1207 0a0161 1202 0900'), /^\/by\/a\/ok/)
})

test('fields that the schema does not know are passed over, whatever they hold', () => {
  const text = proto3('message A { string s = 1; }')
  // 15: varint, fixed64, bytes, a group with a field in it, fixed32; then s
  assert.deepEqual(valueOf(text, '7801 790102030405060708 7a0161 7b 0801 7c 7d01020304 0a0178'), {
    s: 'x',
  })
  assert.match(refusal(text, '7b 0801'), /ends within a value|the payload ends/)
  assert.match(refusal(text, '7c'), /ends and did not begin/)
  assert.match(refusal(text, '7e'), /wire type 6 does not exist/)
  assert.match(refusal(text, '0001'), /field number 0 does not exist/)
})

test('numbers of a list come packed or one by one', () => {
  const text = proto3(
    'message A { repeated int32 n = 1; repeated E e = 2; } enum E { Z = 0; O = 1; }',
  )
  assert.deepEqual(valueOf(text, '0a020102 0803 1001 12020005'), { n: [1, 2, 3], e: ['O', 'Z', 5] })
})

test('a message in several parts is one', () => {
  const text =
    'message A { optional B b = 1; } message B { required int32 x = 1; optional int32 y = 2; }'
  assert.deepEqual(valueOf(text, '0a04 0801 1002 0a02 0803'), { b: { x: 3, y: 2 } })
})

test('of a oneof the last counts', () => {
  const text = proto3('message A { oneof o { string s = 1; int32 i = 2; } }')
  assert.deepEqual(valueOf(text, '0a0178 1005'), { i: 5 })
})

test('entries of maps have defaults for what they lack', () => {
  const text = proto3('message A { map<int32, string> m = 1; map<string, B> b = 2; } message B {}')
  assert.deepEqual(valueOf(text, '0a00 1203 0a0161'), { m: { 0: '' }, b: { a: {} } })
})

test('groups and delimited messages are read between their tags', () => {
  const two = 'message A { optional group G = 1 { optional int32 x = 2; } }'
  assert.deepEqual(valueOf(two, '0b 1007 0c'), { g: { x: 7 } })
  assert.match(refusal(two, '0b 1007'), /the group 1 does not end/)
  const edition = 'edition = "2023"; message A { A a = 1 [features.message_encoding = DELIMITED]; }'
  assert.deepEqual(valueOf(edition, '0b 0b 0c 0c'), { a: { a: {} } })
})

test('strings are UTF-8, numbers have ten bytes at most, and depth has a limit', () => {
  const text = proto3('message A { string s = 1; A a = 2; int64 n = 3; }')
  assert.match(refusal(text, '0a01ff'), /^\/s: a string is not UTF-8/)
  assert.match(refusal(text, '18ffffffffffffffffffff01'), /longer than ten bytes/)
  let nested = ''
  for (let depth = 0; depth <= payloadDepthMax; depth++) {
    const length = nested.length / 2
    const size = length < 128 ? [length] : [(length & 127) | 128, length >> 7]
    nested = `12${Buffer.from(size).toString('hex')}${nested}`
  }
  assert.match(refusal(text, nested), new RegExp(`more than ${payloadDepthMax} deep`))
  assert.match(refusal(text, '7b'.repeat(500)), /deep/)
})

test('a newer file reads the message of the same name, wherever it stands now', () => {
  const parse = (text: string) => {
    const parsed = protobufFormat.parse({ text, references: [] })
    assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
    return parsed.schema
  }
  const old = parse(proto3('message Order { int32 n = 1; message Line { string id = 1; } }'))
  const next = parse(
    proto3('message New {} message Order { int64 n = 1; message Line { string id = 1; } }'),
  )
  const read = (indexes: readonly number[], hex: string, reader = next): unknown => {
    const outcome = protobufFormat.resolver(reader, old, indexes)
    if (!outcome.ok) return outcome.message
    const value = outcome.validator.toValue(bytes(hex))
    return value.ok ? plain(value.value) : value.message
  }
  assert.deepEqual(read([0], '0805'), { n: '5' })
  assert.deepEqual(read([0, 0], '0a0161'), { id: 'a' })
  assert.match(String(read([3], '')), /\[3\] lead to no message/)
  const gone = parse(proto3('message Orders {}'))
  assert.match(String(read([0], '', gone)), /no message Order/)
  assert.match(String(read([0, 0], '', gone)), /no message Order\.Line/)
})
