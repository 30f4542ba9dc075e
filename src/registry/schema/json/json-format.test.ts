import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NamedSchema, ParsedSchema } from '../schema-format.ts'
import { jsonFormat } from './json-format.ts'

const textOf = (schema: unknown): string =>
  typeof schema === 'string' ? schema : JSON.stringify(schema)
const parse = (schema: unknown, references: readonly NamedSchema[] = []): ParsedSchema => {
  const outcome = jsonFormat.parse({ text: textOf(schema), references })
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.schema
}
const refusal = (schema: unknown, references: readonly NamedSchema[] = []): string => {
  const outcome = jsonFormat.parse({ text: textOf(schema), references })
  return outcome.ok ? 'accepted' : outcome.message
}
const check = (
  schema: unknown,
  value: unknown,
  references: readonly NamedSchema[] = [],
): string => {
  const outcome = jsonFormat.validator(parse(schema, references))
  assert.ok(outcome.ok)
  const verdict = outcome.validator.check(Buffer.from(JSON.stringify(value)))
  return verdict.ok ? 'ok' : `${verdict.at}: ${verdict.message}`
}
const conflicts = (reader: unknown, writer: unknown, references: readonly NamedSchema[] = []) =>
  jsonFormat
    .incompatibilities(parse(reader, references), parse(writer, references), { policy: 'strict' })
    .map(({ rule, path }) => `${rule} ${path}`)

const draft = (name: string): string =>
  name.startsWith('draft')
    ? `http://json-schema.org/${name}/schema#`
    : `https://json-schema.org/draft/${name}/schema`

test(
  'the canonical form is the text without white space, the normalized one has its ' + 'keys sorted',
  () => {
    const schema = parse('{ "title": "T", "type" : "object", "maximum": 1.0 }')
    assert.equal(schema.canonical, '{"title":"T","type":"object","maximum":1.0}')
    assert.equal(schema.normalized, '{"maximum":1.0,"title":"T","type":"object"}')
    assert.equal(schema.recordName, 'T')
    assert.equal(parse('true').canonical, 'true')
  },
)

const refusals: readonly (readonly [string, unknown, RegExp])[] = [
  ['what is not JSON', '{', /not JSON/],
  ['what is no schema', '3', /an object, true or false/],
  [
    'a type that there is not',
    { properties: { a: { type: 'strng' } } },
    /\(draft-07\) at \/properties\/a\/type: must be equal to one of the allowed values: array/,
  ],
  ['a bound that is no number', { maxLength: 'x' }, /at \/maxLength/],
  [
    'a reference into nothing',
    { properties: { a: { $ref: '#/definitions/A' } } },
    /at \/properties\/a: the reference "#\/definitions\/A" leads nowhere/,
  ],
  ['a reference to a server', { $ref: 'http://example.com/a.json' }, /nothing is fetched/],
  [
    'a flag where draft-07 has a number',
    { exclusiveMaximum: true, maximum: 1 },
    /exclusiveMaximum/,
  ],
  [
    'a number where draft-04 has a flag',
    { $schema: draft('draft-04'), exclusiveMaximum: 1 },
    /\(draft-04\)/,
  ],
  [
    'an array of items in 2020-12',
    { $schema: draft('2020-12'), items: [{}] },
    /\(2020-12\) at \/items/,
  ],
  [
    'a required that is no list in 2019-09',
    { $schema: draft('2019-09'), required: true },
    /\(2019-09\)/,
  ],
  ['an enum of nothing in draft-06', { $schema: draft('draft-06'), type: 'x' }, /\(draft-06\)/],
]
for (const [what, schema, message] of refusals) {
  test(`${what} is refused with place and reason`, () => assert.match(refusal(schema), message))
}

test('a reference is found by its name, by its own id, and through another reference', () => {
  const references = [
    { name: 'id.json', text: '{"$id":"http://acme.org/ids","type":"integer"}' },
    { name: 'user.json', text: '{"properties":{"id":{"$ref":"id.json"}},"required":["id"]}' },
  ]
  for (const $id of [undefined, 'http://example.com/order.json', 'urn:x:y', 'order.json']) {
    const schema = {
      ...($id === undefined ? {} : { $id }),
      properties: { user: { $ref: 'user.json' } },
    }
    assert.equal(check(schema, { user: { id: 1 } }, references), 'ok')
    assert.match(check(schema, { user: { id: 'x' } }, references), /^\/user\/id: must be integer/)
  }
  assert.equal(check({ $ref: 'http://acme.org/ids' }, 1, references), 'ok')
  assert.match(refusal({ $ref: 'other.json' }, references), /leads nowhere/)
  assert.match(refusal({}, [{ name: 'x', text: '[' }]), /^reference x: not JSON/)
})

test('anchors, ids within, pointers with escapes, and places that hold no schema are found', () => {
  const schema = {
    $schema: draft('2019-09'),
    $defs: {
      a: { $anchor: 'here', type: 'integer' },
      b: { $id: 'b.json', $defs: { c: { type: 'null' } } },
    },
    components: { 'x/y~z': { type: 'string' } },
    properties: {
      a: { $ref: '#here' },
      b: { $ref: 'b.json#/$defs/c' },
      c: { $ref: '#/components/x~1y~0z' },
    },
  }
  assert.equal(check(schema, { a: 1, b: null, c: 's' }), 'ok')
  assert.match(check(schema, { a: 's' }), /^\/a: must be integer/)
  assert.match(check(schema, { b: 1 }), /^\/b: must be null/)
  assert.match(check(schema, { c: 1 }), /^\/c: must be string/)
})

test('each draft means what it says', () => {
  const four = { $schema: draft('draft-04'), maximum: 3, exclusiveMaximum: true, id: 'x' }
  assert.equal(check(four, 2), 'ok')
  assert.match(check(four, 3), /must be < 3/)
  const seven = { items: [{ type: 'null' }], additionalItems: false }
  assert.equal(check(seven, [null]), 'ok')
  assert.match(check(seven, [null, 1]), /must NOT have more than 1 items/)
  const beside = { $ref: '#/definitions/a', type: 'null', definitions: { a: { type: 'integer' } } }
  assert.equal(check(beside, 1), 'ok', 'what stands beside a $ref is ignored until 2019-09')
  assert.match(check({ ...beside, $schema: draft('2020-12') }, 1), /must be null/)
  const twenty = {
    $schema: draft('2020-12'),
    prefixItems: [{ type: 'null' }],
    items: { type: 'integer' },
  }
  assert.equal(check(twenty, [null, 1]), 'ok')
  assert.match(check(twenty, [null, 'x']), /^\/1: must be integer/)
  const closed = {
    $schema: draft('2019-09'),
    allOf: [{ properties: { a: {} } }],
    properties: { b: {} },
    unevaluatedProperties: false,
  }
  assert.equal(check(closed, { a: 1, b: 1 }), 'ok')
  assert.match(check(closed, { a: 1, c: 1 }), /unevaluated properties: "c"/)
  const old = { dependencies: { a: ['b'], c: { required: ['d'] } } }
  assert.match(check(old, { a: 1 }), /must have property b/)
  assert.match(check(old, { c: 1 }), /must have required property 'd'/)
})

test('formats are annotations, and so are keywords that no draft has', () => {
  assert.equal(
    check({ format: 'date-time', nullable: false, 'confluent:tags': ['PII'] }, 'x'),
    'ok',
  )
})

test('a fault names the place, and what would have been right', () => {
  const schema = {
    properties: { 'a/b': { items: { enum: ['x', 'y'] } } },
    additionalProperties: false,
  }
  assert.equal(
    check(schema, { 'a/b': ['x', 'z'] }),
    '/a~1b/1: must be equal to one of the allowed values: ["x","y"]',
  )
  assert.match(check(schema, { constructor: 1 }), /additional properties: "constructor"/)
  assert.match(check({ required: ['toString'] }, {}), /required property 'toString'/)
})

test('a schema that refers to itself checks what refers to itself', () => {
  const tree = { properties: { next: { $ref: '#' }, value: { type: 'integer' } } }
  assert.equal(check(tree, { next: { next: { value: 1 } } }), 'ok')
  assert.match(check(tree, { next: { next: { value: 'x' } } }), /^\/next\/next\/value/)
})

test('comparison follows references and cycles, and reports the place once', () => {
  const tree = (value: unknown) => ({
    definitions: {
      n: { type: 'object', properties: { next: { $ref: '#/definitions/n' }, value } },
    },
    $ref: '#/definitions/n',
  })
  assert.deepEqual(conflicts(tree({ type: 'integer' }), tree({ type: 'integer' })), [])
  assert.deepEqual(conflicts(tree({ type: 'number' }), tree({ type: 'integer' })), [])
  assert.deepEqual(conflicts(tree({ type: 'integer' }), tree({ type: 'number' })), [
    'TYPE_NARROWED #/properties/value/type',
  ])
})

test('a cycle believed too early is judged again', () => {
  const schema = (type: string) => ({
    definitions: {
      list: {
        type: 'object',
        properties: {
          value: { type },
          next: { anyOf: [{ type: 'null' }, { $ref: '#/definitions/list' }] },
        },
        additionalProperties: false,
      },
    },
    anyOf: [
      { $ref: '#/definitions/list' },
      { type: 'array', items: { $ref: '#/definitions/list' } },
    ],
  })
  assert.notDeepEqual(conflicts(schema('integer'), schema('string')), [])
  assert.deepEqual(conflicts(schema('number'), schema('integer')), [])
})

test('a schema that leads only to itself says nothing', () => {
  const loop = {
    definitions: { a: { $ref: '#/definitions/b' }, b: { $ref: '#/definitions/a' } },
    $ref: '#/definitions/a',
  }
  assert.deepEqual(conflicts(loop, { type: 'string' }), [])
  assert.notEqual(check(loop, 1), 'accepted')
})

// Ajv knew patterns again by their text, which was that of any object: the first served for all.
test('each pattern of a schema is its own', () => {
  const schema = { properties: { a: { pattern: '^x' }, b: { pattern: '^y' } } }
  assert.equal(check(schema, { a: 'x', b: 'y' }), 'ok')
  assert.match(check(schema, { a: 'x', b: 'x' }), /^\/b: must match pattern "\^y"/)
})

test('what an array must contain is asked of arrays shorter than their tuple, too', () => {
  const schema = {
    items: [{ type: 'string' }, { type: 'string' }],
    contains: { const: 'x' },
    uniqueItems: true,
  }
  assert.match(check(schema, []), /must contain at least 1/)
  assert.match(check(schema, ['a']), /must contain at least 1/)
  assert.equal(check(schema, ['x']), 'ok')
})

test('what is contained is counted by kind, also where branches count other kinds', () => {
  const few = { contains: { type: 'string' }, minContains: 5 }
  const both = (least: number) => ({
    contains: { type: 'string' },
    anyOf: [{ contains: { type: 'number' }, minContains: least }],
  })
  assert.deepEqual(conflicts(few, both(5)), ['MIN_CONTAINS_INCREASED #/minContains'])
  assert.deepEqual(conflicts({ ...few, minContains: 1 }, both(5)), [])
  assert.deepEqual(conflicts({ contains: { type: 'number' }, minContains: 5 }, both(5)), [])
  assert.deepEqual(conflicts({ title: 'Same', ...both(5) }, both(5)), [])
})

test('a schema reads what it wrote, also where no rule can tell', () => {
  const schema = {
    type: 'object',
    properties: { a: { allOf: [false] } },
    anyOf: [{ anyOf: [{ unevaluatedProperties: false }] }],
  }
  assert.deepEqual(conflicts(schema, schema), [])
})
