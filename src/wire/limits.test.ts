/** What a hostile peer can announce, and what it costs to believe it: nothing. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Failure } from '../base/errors.ts'
import { message } from './message.ts'
import { arrayItemsMax, stringBytesMax, taggedFieldsMax } from './limits.ts'

const old = message({ name: 'Old', versions: [0, 0], fields: { names: 'string[]' } })
const text = message({ name: 'Text', versions: [0, 0], fields: { text: 'string' } })
const sizes = message({ name: 'Sizes', versions: [0, 0], fields: { sizes: 'int64[]' } })
const empty = message({ name: 'Empty', versions: [0, 0], flexibleFrom: 0, fields: {} })
const flexible = message({
  name: 'Flexible',
  versions: [0, 1],
  flexibleFrom: 0,
  fields: { data: 'bytes', note: 'string? 0+ tag 3 = null', later: 'int32 1 = 5' },
})

const corrupt = (pattern: RegExp) => (error: unknown) =>
  error instanceof Failure && error.kind === 'corrupt' && pattern.test(error.message)

test('an array must fit the bytes that follow, by the least size of its items', () => {
  assert.throws(
    () => old.decode(0, Buffer.from('7fffffff', 'hex')),
    corrupt(/Old v0, field names, byte 4: an array of 2147483647 items, at most/),
  )
  assert.throws(
    () => sizes.decode(0, Buffer.from('00000002ffffffffffffffff', 'hex')),
    corrupt(/2 items does not fit 8 bytes/),
  )
})

test(`an array has at most ${arrayItemsMax} items, even where they would fit`, () => {
  const bytes = Buffer.alloc(4 + 2 * (arrayItemsMax + 1))
  bytes.writeInt32BE(arrayItemsMax + 1)
  assert.throws(() => old.decode(0, bytes), corrupt(/1000001 items, at most 1000000/))
})

test('a struct has a bounded number of tagged fields', () => {
  const bytes = Buffer.alloc(3 + 2 * (taggedFieldsMax + 1))
  const count = taggedFieldsMax + 1
  bytes.set([(count & 0x7f) | 0x80, count >>> 7])
  assert.throws(() => empty.decode(0, bytes), corrupt(/10001 tagged fields, at most 10000/))
})

test('lengths below zero and varints beyond 32 bits are corrupt', () => {
  assert.throws(() => text.decode(0, Buffer.from('fffe', 'hex')), corrupt(/has the length -2/))
  assert.throws(() => text.decode(0, Buffer.from('ffff', 'hex')), corrupt(/is null/))
  assert.throws(
    () => flexible.decode(0, Buffer.from('ffffffff7f', 'hex')),
    corrupt(/more than 32 bits/),
  )
  assert.throws(() => flexible.decode(0, Buffer.from('00', 'hex')), corrupt(/field data.*is null/))
})

test(`a string has at most ${stringBytesMax} bytes, also where its length could say more`, () => {
  const compact = message({
    name: 'Compact',
    versions: [0, 0],
    flexibleFrom: 0,
    fields: { text: 'string' },
  })
  const value = (size: number): Buffer => {
    const length = size + 1
    const prefix = [(length & 0x7f) | 0x80, ((length >>> 7) & 0x7f) | 0x80, length >>> 14]
    return Buffer.from([...prefix, ...Buffer.alloc(size, 'x'), 0])
  }
  const { text: longest } = compact.decode(0, value(stringBytesMax))
  assert.equal(longest.length, stringBytesMax)
  const tooLong = value(stringBytesMax + 1)
  assert.throws(() => compact.decode(0, tooLong), corrupt(/field text.*a string of 32768 bytes/))
})

test('unknown tagged fields are skipped, known ones stay within their size', () => {
  const unknown = Buffer.from('01' + '02' + '0702abcd' + '0303026869', 'hex')
  assert.deepEqual(
    { ...flexible.decode(0, unknown), data: null },
    { data: null, note: 'h', later: 5 },
  )
  const tooLong = Buffer.from('01' + '01' + '0301' + '05' + '61626364', 'hex')
  assert.throws(() => flexible.decode(0, tooLong), corrupt(/field note.*4 bytes are announced, 0/))
})

test('bytes behind a message are ignored', () => {
  assert.deepEqual(text.decode(0, Buffer.from('000161ffff', 'hex')), { text: 'a' })
})

test('a value that does not fit is refused, and the message says where', () => {
  const invalid = (pattern: RegExp) => (error: unknown) =>
    error instanceof Failure && error.kind === 'invalid' && pattern.test(error.message)
  assert.throws(
    () => flexible.encode(0, { data: Buffer.alloc(0), later: 6 }),
    invalid(/field later/),
  )
  assert.throws(() => sizes.encode(0, { sizes: [1, 0.5] }), invalid(/field sizes\[1\].*0\.5/))
  assert.throws(() => sizes.encode(0, { sizes: [2 ** 53] }), invalid(/is not an integer from/))
  const long = 'x'.repeat(stringBytesMax + 1)
  assert.throws(() => text.encode(0, { text: long }), invalid(/32768 bytes/))
  assert.throws(() => text.encode(0, {} as never), invalid(/field text.*undefined/))
})

test('int64 beyond the safe range is clamped', () => {
  const bytes = Buffer.from('00000002' + '7fffffffffffffff' + '8000000000000000', 'hex')
  assert.deepEqual(sizes.decode(0, bytes), {
    sizes: [Number.MAX_SAFE_INTEGER, -Number.MAX_SAFE_INTEGER],
  })
})
