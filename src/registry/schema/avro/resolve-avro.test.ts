/** Old Avro values through the eyes of a newer schema. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import avsc from 'avsc'
import { payloadDepthMax } from '../payload-limits.ts'
import type { ParsedSchema } from '../schema-format.ts'
import { avroFormat } from './avro-format.ts'

const parse = (schema: unknown): ParsedSchema => {
  const parsed = avroFormat.parse(
    { text: JSON.stringify(schema), references: [] },
    { validateNew: false },
  )
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
  return parsed.schema
}

const plain = (value: unknown): unknown => {
  if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString('hex') }
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]))
}

/** Written by avsc with the one, read by us with the other: the value, or what is wrong. */
function resolved(writer: unknown, written: unknown, reader: unknown): unknown {
  const type = avsc.Type.forSchema(writer as avsc.Schema, { wrapUnions: false })
  return readHex(writer, type.toBuffer(written).toString('hex'), reader)
}

function readHex(writer: unknown, hex: string, reader: unknown): unknown {
  const outcome = avroFormat.resolver(parse(reader), parse(writer))
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  const read = outcome.validator.toValue(Buffer.from(hex, 'hex'))
  return read.ok ? plain(read.value) : `${read.at}: ${read.message}`
}

const record = (...fields: readonly unknown[]) => ({ type: 'record', name: 'R', fields })
const field = (name: string, type: unknown, more: object = {}) => ({ name, type, ...more })

test('numbers and texts are promoted, and nothing is demoted', () => {
  for (const [writer, value, reader, expected] of [
    ['int', 7, 'long', 7n],
    ['int', 7, 'float', 7],
    ['int', 7, 'double', 7],
    ['long', 7, 'float', 7],
    ['long', 2 ** 40, 'double', 2 ** 40],
    ['float', 0.5, 'double', 0.5],
    ['string', 'é', 'bytes', { hex: 'c3a9' }],
    ['bytes', Buffer.from('é'), 'string', 'é'],
  ] as const) {
    assert.deepEqual(resolved(writer, value, reader), expected, `${writer} as ${reader}`)
  }
  assert.match(String(resolved('long', 7, 'int')), /written as long, which a reader of int cannot/)
  assert.match(String(resolved('double', 7, 'float')), /cannot read/)
  assert.match(String(resolved('boolean', true, 'string')), /cannot read/)
  assert.match(String(readHex('bytes', '02ff', 'string')), /not UTF-8/)
})

test('fields: dropped, filled, renamed, in another order', () => {
  const writer = record(field('a', 'int'), field('gone', { type: 'array', items: 'string' }))
  const reader = record(
    field('added', 'long', { default: 5 }),
    field('b', 'long', { aliases: ['a'] }),
  )
  assert.deepEqual(resolved(writer, { a: 3, gone: ['x', 'y'] }, reader), { b: 3n, added: 5n })
  const strict = record(field('a', 'int'), field('wanted', 'string'))
  assert.equal(
    resolved(writer, { a: 3, gone: [] }, strict),
    '/wanted: wanted was not written, and has no default',
  )
  const both = record(field('a', 'int'), field('b', 'int', { aliases: ['a'], default: 9 }))
  assert.deepEqual(resolved(record(field('a', 'int')), { a: 1 }, both), { a: 1, b: 9 })
})

test('defaults of every kind', () => {
  const inner = { type: 'record', name: 'I', fields: [field('n', 'int', { default: 4 })] }
  const color = { type: 'enum', name: 'E', symbols: ['RED', 'BLUE'] }
  const reader = record(
    field('long', 'long', { default: 9007199254740991 }),
    field('double', 'double', { default: 'NaN' }),
    field('bytes', 'bytes', { default: 'ÿA' }),
    field('fixed', { type: 'fixed', name: 'F', size: 1 }, { default: '\u0001' }),
    field('first', ['null', 'string'], { default: null }),
    field('second', ['null', 'string'], { default: 'x' }),
    field('list', { type: 'array', items: 'long' }, { default: [1, 2] }),
    field('map', { type: 'map', values: color }, { default: { __proto__x: 'BLUE' } }),
    field('inner', inner, { default: {} }),
  )
  assert.deepEqual(resolved(record(), {}, reader), {
    ...{ long: 9007199254740991n, double: NaN, bytes: { hex: 'ff41' }, fixed: { hex: '01' } },
    ...{ first: null, second: 'x', list: [1n, 2n], map: { __proto__x: 'BLUE' }, inner: { n: 4 } },
  })
})

test('a default that does not fit, or never ends, is told for the record that needs it', () => {
  const misfit = record(field('n', 'int', { default: 'x' }))
  assert.match(String(resolved(record(), {}, misfit)), /^\/n: n was not written, .*is not int/)
  const endless = record(field('again', 'R', { default: {} }))
  const holder = { type: 'record', name: 'H', fields: [field('r', endless, { default: {} })] }
  const written = { type: 'record', name: 'H', fields: [] }
  assert.match(String(resolved(written, {}, holder)), /^\/r: the default of again contains itself/)
})

test('defaults that hold each other twice are made once: 2^60 records would not end', () => {
  let inner: unknown = 'int'
  for (let level = 0; level < 60; level++) {
    const name = `L${level}`
    const fields =
      level === 0
        ? [field('n', 'int', { default: 1 })]
        : [field('a', inner, { default: {} }), field('b', `L${level - 1}`, { default: {} })]
    inner = { type: 'record', name, fields }
  }
  const reader = record(field('top', inner, { default: {} }))
  const outcome = avroFormat.resolver(parse(reader), parse(record()))
  assert.ok(outcome.ok && outcome.validator.check(new Uint8Array()).ok)
})

test('symbols that the reader lost are its default, or told', () => {
  const colors = (symbols: readonly string[], more: object = {}) => {
    return { type: 'enum', name: 'E', symbols, ...more }
  }
  const old = colors(['RED', 'GREEN'])
  assert.equal(resolved(old, 'GREEN', colors(['GREEN', 'RED'])), 'GREEN')
  assert.equal(resolved(old, 'RED', colors(['GREEN'], { default: 'GREEN' })), 'GREEN')
  assert.match(String(resolved(old, 'RED', colors(['GREEN']))), /E has no RED any more/)
  assert.equal(resolved(old, 'GREEN', colors(['GREEN'])), 'GREEN', 'what was not lost is read')
})

test('unions: the branch that was written decides, not what might have been', () => {
  assert.equal(resolved(['null', 'string'], 'x', 'string'), 'x')
  assert.match(String(resolved(['null', 'string'], null, 'string')), /written as null/)
  assert.equal(resolved('string', 'x', ['null', 'string']), 'x')
  assert.equal(resolved(['string', 'int'], 5, ['long', 'string']), 5n)
  assert.equal(resolved('int', 5, ['double', 'int']), 5, 'of the same kind before promoted')
  assert.match(String(resolved('boolean', true, ['null', 'int'])), /cannot read/)
  const named = (name: string, ...fields: unknown[]) => ({ type: 'record', name, fields })
  const written = named('b.X', field('n', 'int'))
  const reader = [named('a.X', field('m', 'int', { default: 1 })), named('b.X', field('n', 'int'))]
  assert.deepEqual(resolved(written, { n: 3 }, reader), { n: 3 }, 'the full name before another')
})

test('names: namespaces do not count, aliases do', () => {
  const named = (name: string, more: object = {}) => {
    return { type: 'fixed', name, size: 1, ...more }
  }
  const byte = Buffer.from([7])
  assert.deepEqual(resolved(named('a.F'), byte, named('b.F')), { hex: '07' })
  assert.deepEqual(resolved(named('a.F'), byte, named('b.G', { aliases: ['a.F'] })), { hex: '07' })
  assert.match(String(resolved(named('F'), byte, named('G'))), /written as fixed F, .*fixed G/)
  assert.match(String(resolved(named('F'), byte, named('F', { size: 2 }))), /2 bytes, .* with 1/)
})

test('decimals of another scale are other amounts', () => {
  const decimal = (scale: number) => ({
    ...{ type: 'bytes', logicalType: 'decimal', precision: 9, scale },
  })
  assert.deepEqual(resolved(decimal(2), Buffer.from([1]), decimal(2)), { hex: '01' })
  assert.match(String(resolved(decimal(2), Buffer.from([1]), decimal(3))), /digits after the point/)
})

test('records in themselves, lists and maps', () => {
  const list = (...more: readonly unknown[]) => ({
    type: 'record',
    name: 'Node',
    fields: [
      field('next', ['null', 'Node']),
      field('tags', { type: 'map', values: { type: 'array', items: 'int' } }),
      ...more,
    ],
  })
  const value = { next: { next: null, tags: { a: [1, 2] } }, tags: {} }
  assert.deepEqual(resolved(list(), value, list(field('depth', 'int', { default: 0 }))), {
    next: { next: null, tags: { a: [1, 2] }, depth: 0 },
    tags: {},
    depth: 0,
  })
})

test('limits hold as for values of one schema', () => {
  const endless = { type: 'record', name: 'R', fields: [field('r', 'R')] }
  assert.match(String(readHex(endless, '', endless)), new RegExp(`more than ${payloadDepthMax}`))
  const nulls = { type: 'array', items: 'null' }
  assert.match(String(readHex(nulls, 'feffffffffffffffff01', nulls)), /items that take no bytes/)
  assert.match(String(readHex('int', '0200', 'long')), /1 bytes follow the value/)
})
