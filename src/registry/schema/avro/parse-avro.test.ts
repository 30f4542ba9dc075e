import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NamedSchema, ParsedSchema } from '../schema-format.ts'
import { avroFormat } from './avro-format.ts'

const parse = (schema: unknown, references: readonly NamedSchema[] = []): ParsedSchema => {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema)
  const outcome = avroFormat.parse({ text, references })
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.schema
}
const refusal = (schema: unknown, validateNew = true): string => {
  const text = typeof schema === 'string' ? schema : JSON.stringify(schema)
  const outcome = avroFormat.parse({ text, references: [] }, { validateNew })
  return outcome.ok ? 'accepted' : outcome.message
}
const record = (...fields: readonly unknown[]) => ({ type: 'record', name: 'a.R', fields })

test('the canonical form has one order of attributes, and keeps all of them', () => {
  const schema = parse(`{
    "doc": "d", "pii": {"b": 1.0, "a": 2}, "fields": [
      {"type": {"type": "string"}, "name": "s", "x": 1, "default": "", "doc": "e"},
      {"type": {"type": "int", "logicalType": "date"}, "name": "d", "order": "ignore"}
    ], "namespace": "n", "name": "R", "type": "record", "aliases": ["Q"]
  }`)
  assert.equal(
    schema.canonical,
    '{"type":"record","name":"R","namespace":"n","doc":"d","fields":[' +
      '{"name":"s","type":"string","doc":"e","default":"","x":1},' +
      '{"name":"d","type":{"type":"int","logicalType":"date"},"order":"ignore"}],' +
      '"pii":{"b":1.0,"a":2},"aliases":["Q"]}',
  )
  assert.equal(schema.recordName, 'n.R')
  assert.equal(parse(schema.canonical).canonical, schema.canonical)
})

test(
  'normalized forms are equal where names and order of attributes differ only in ' +
    'how they are said',
  () => {
    const inner = { type: 'fixed', name: 'F', size: 2, z: 1, b: 2 }
    const short = parse({ ...record({ name: 'f', type: inner }, { name: 'g', type: 'F' }) })
    const long = parse({
      type: 'record',
      name: 'R',
      namespace: 'a',
      fields: [
        { type: { b: 2, size: 2, z: 1, namespace: 'a', name: 'F', type: 'fixed' }, name: 'f' },
        { name: 'g', type: 'a.F' },
      ],
    })
    assert.equal(short.normalized, long.normalized)
    assert.match(short.normalized, /"name":"a.F","size":2,"b":2,"z":1/)
    assert.equal(parse(short.normalized).normalized, short.normalized)
  },
)

test('names of references are known, later ones see earlier ones, and are not written out', () => {
  const references = [
    { name: 'Id', text: '{"type":"fixed","name":"n.Id","size":4}' },
    {
      name: 'User',
      text: '{"type":"record","name":"n.User","fields":[{"name":"id","type":"Id"}]}',
    },
  ]
  const schema = parse(
    record({ name: 'u', type: 'n.User' }, { name: 'i', type: 'n.Id' }),
    references,
  )
  assert.match(
    schema.canonical,
    /"fields":\[\{"name":"u","type":"n.User"\},\{"name":"i","type":"n.Id"\}\]/,
  )
  assert.match(avroFormat.formatted(schema, 'resolved') ?? '', /"type":"fixed","name":"Id"/)
  assert.equal(avroFormat.formatted(schema, 'nothing known'), undefined)
})

test('a type in another namespace, and in none, is found again by what is written', () => {
  const schema = parse(
    record(
      { name: 'x', type: { type: 'enum', name: 'E', namespace: '', symbols: ['A'] } },
      { name: 'y', type: { type: 'enum', name: 'b.E', symbols: ['A'] } },
      { name: 'z', type: ['null', 'b.E'], default: null },
    ),
  )
  assert.equal(parse(schema.canonical).normalized, schema.normalized)
})

const refusals: readonly (readonly [string, unknown, RegExp])[] = [
  ['no JSON', '{"type": ', /not JSON/],
  ['an unknown name', '"strin"', /"strin" is not defined before it is used/],
  ['an object without type', {}, /needs the attribute "type"/],
  ['a number as type', 3, /a type is a name/],
  ['a record without fields', { type: 'record', name: 'R' }, /"fields" is missing/],
  ['a field without type', record({ name: 'a' }), /at \/fields\/0: .*"type" is missing/],
  ['a field that is no object', record('a'), /at \/fields\/0/],
  ['a bad name', { type: 'fixed', name: 'a-b', size: 1 }, /at \/name: "a-b" is no name/],
  ['a bad name of a field', record({ name: '1', type: 'int' }), /at \/fields\/0\/name/],
  ['a bad namespace', { type: 'fixed', name: 'a', namespace: '-', size: 1 }, /at \/namespace/],
  ['a name twice', record({ name: 'a', type: 'int' }, { name: 'a', type: 'int' }), /has a twice/],
  ['a primitive as a name', { type: 'fixed', name: 'int', size: 1 }, /Avro's own/],
  [
    'a type defined twice',
    record({ name: 'a', type: { type: 'fixed', name: 'R', size: 1 } }),
    /a.R is defined twice/,
  ],
  ['a negative size', { type: 'fixed', name: 'F', size: -1 }, /at \/size/],
  ['a symbol twice', { type: 'enum', name: 'E', symbols: ['A', 'A'] }, /A is there twice/],
  ['a bad symbol', { type: 'enum', name: 'E', symbols: ['A b'] }, /at \/symbols\/0/],
  ['symbols that are no array', { type: 'enum', name: 'E', symbols: 'A' }, /array of strings/],
  ['no symbols', { type: 'enum', name: 'E' }, /"symbols" is missing/],
  [
    'a default of no symbol',
    { type: 'enum', name: 'E', symbols: ['A'], default: 'B' },
    /its symbols/,
  ],
  ['a union in a union', ['null', ['int']], /at \/1: a union may not/],
  ['a type twice in a union', ['int', { type: 'int', logicalType: 'date' }], /has int twice/],
  ['an order of none', record({ name: 'a', type: 'int', order: 'up' }), /at \/fields\/0\/order/],
  [
    'a default of another type',
    record({ name: 'a', type: 'int', default: 'x' }),
    /default "x" is not int/,
  ],
  ['a default out of range', record({ name: 'a', type: 'int', default: 2147483648 }), /is not int/],
  [
    'a default of no branch',
    record({ name: 'a', type: ['null', 'int'], default: 'x' }),
    /any branch/,
  ],
  [
    'a default in an array',
    record({ name: 'a', type: { type: 'array', items: 'long' }, default: [1, 1.5] }),
    /at \/fields\/0\/default\/1/,
  ],
  [
    'a default of a map',
    record({ name: 'a', type: { type: 'map', values: 'string' }, default: { k: 1 } }),
    /at \/fields\/0\/default\/k/,
  ],
  [
    'a default that lacks a field',
    record({
      name: 'a',
      type: { type: 'record', name: 'I', fields: [{ name: 'x', type: 'int' }] },
      default: {},
    }),
    /lacks x of a.I/,
  ],
  [
    'a default of wrong size',
    record({ name: 'a', type: { type: 'fixed', name: 'F', size: 2 }, default: 'abc' }),
    /is not 2 bytes/,
  ],
]
for (const [what, schema, message] of refusals) {
  test(`${what} is refused with place and reason`, () => assert.match(refusal(schema), message))
}

test('a stored schema is not refused for its defaults', () => {
  assert.equal(refusal(record({ name: 'a', type: 'int', default: 'x' }), false), 'accepted')
})

test('defaults that fit are taken, to the last digit', () => {
  const text =
    '{"type":"record","name":"R","fields":[' +
    '{"name":"l","type":"long","default":9223372036854775807},' +
    '{"name":"f","type":"float","default":1},{"name":"d","type":"double","default":"NaN"},' +
    '{"name":"b","type":"bytes","default":"\\u00ff"},' +
    '{"name":"u","type":["null","int"],"default":7}]}'
  assert.equal(parse(text).canonical, text.replace('\\u00ff', 'ÿ'))
})

test('a default in records of unions of records is not tried exponentially often', () => {
  const of = (name: string, fields: unknown) => ({ type: 'record', name, fields: [fields] })
  let value: unknown = 'nothing that fits'
  for (let depth = 0; depth < 150; depth++) value = { x: value }
  const all = of('R', {
    name: 'f',
    type: {
      type: 'record',
      name: 'A',
      fields: [
        {
          name: 'x',
          type: [
            'null',
            'A',
            of('B', {
              name: 'x',
              type: ['null', 'A', 'B', of('C', { name: 'x', type: ['A', 'B', 'C'] })],
            }),
          ],
        },
      ],
    },
    default: value,
  })
  assert.match(refusal(all), /any branch|is not/)
})
