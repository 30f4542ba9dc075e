import assert from 'node:assert/strict'
import { test } from 'node:test'
import { payloadDepthMax } from '../payload-limits.ts'
import type { ParsedSchema } from '../schema-format.ts'
import { jsonFormat } from './json-format.ts'

const parse = (schema: unknown): ParsedSchema => {
  const outcome = jsonFormat.parse({ text: JSON.stringify(schema), references: [] })
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.schema
}
const validator = (schema: unknown) => {
  const outcome = jsonFormat.validator(parse(schema))
  assert.ok(outcome.ok)
  return outcome.validator
}
const check = (schema: unknown, text: string): string => {
  const verdict = validator(schema).check(Buffer.from(text))
  return verdict.ok ? 'ok' : verdict.message
}

test('a pattern that backtracks elsewhere is matched in linear time here', () => {
  assert.match(check({ pattern: '^(a+)+$' }, JSON.stringify(`${'a'.repeat(5000)}b`)), /must match/)
  assert.match(check({ pattern: '^[a-z]+$' }, '"Approved"'), /must match/)
  assert.equal(check({ pattern: '^[a-z]+$' }, '"approved"'), 'ok')
})

test('a pattern that cannot be linear is told, not checked', () => {
  const schema = {
    properties: { a: { pattern: '^(?=x)' } },
    patternProperties: { '(?<!a)b': { type: 'null' } },
  }
  const checker = validator(schema)
  assert.equal(checker.unchecked.length, 2)
  assert.match(checker.unchecked[0] ?? '', /"\^\(\?=x\)" at #\/properties\/a/)
  assert.equal(check(schema, '{"a":"y","b":1}'), 'ok')
  assert.deepEqual(validator({ pattern: '\\u0041' }).unchecked, [])
})

test('schemas that ask exponentially often end at a budget', () => {
  const levels = 40
  const definitions = Object.fromEntries(
    Array.from({ length: levels }, (_, level) => [
      `l${level}`,
      level === levels - 1
        ? { type: 'string' }
        : {
            anyOf: [
              { $ref: `#/definitions/l${level + 1}` },
              { $ref: `#/definitions/l${level + 1}` },
            ],
          },
    ]),
  )
  const schema = { definitions, $ref: '#/definitions/l0' }
  assert.match(check(schema, '1'), /asks more of this payload than can be checked/)
  assert.equal(check(schema, '"s"'), 'ok')
})

test('a schema of itself alone overflows no stack', () => {
  assert.match(
    check({ anyOf: [{ $ref: '#' }, { type: 'null' }] }, '1'),
    /deeper than can be checked|asks more/,
  )
})

test('unique items are found by hash, whatever the order of keys', () => {
  const items = Array.from({ length: 50_000 }, (_, id) => ({ id, x: { y: 1 } }))
  assert.equal(check({ uniqueItems: true }, JSON.stringify(items)), 'ok')
  assert.match(check({ uniqueItems: true }, '[{"a":1,"b":2},{"b":2,"a":1}]'), /an item twice/)
  assert.equal(check({ uniqueItems: false }, '[1,1]'), 'ok')
})

test('what is too deep, not UTF-8 or not JSON is a verdict', () => {
  const deep = '['.repeat(payloadDepthMax + 1) + ']'.repeat(payloadDepthMax + 1)
  assert.match(check(true, deep), /nest more than/)
  assert.equal(check(true, deep.slice(1, -1)), 'ok')
  assert.match(check(true, '{"a":}'), /not JSON/)
  const verdict = validator(true).check(Uint8Array.of(0x22, 0xff, 0x22))
  assert.match(verdict.ok ? '' : verdict.message, /not UTF-8/)
})

test('multiples are decimals', () => {
  assert.equal(check({ multipleOf: 0.01 }, '19.99'), 'ok')
  assert.match(check({ multipleOf: 0.01 }, '19.995'), /multiple of/)
})

test('a chain of references longer than a stack is refused, not followed to its end', () => {
  const length = 3000
  const chain = (last: string) => ({
    definitions: Object.fromEntries(
      Array.from({ length }, (_, at) => [
        `n${at}`,
        at === length - 1
          ? { type: last }
          : { properties: { x: { $ref: `#/definitions/n${at + 1}` } } },
      ]),
    ),
    $ref: '#/definitions/n0',
  })
  const [first] = jsonFormat.incompatibilities(parse(chain('string')), parse(chain('null')), {
    policy: 'strict',
  })
  assert.equal(first?.rule, 'SCHEMA_TOO_COMPLEX')
  const outcome = jsonFormat.validator(parse(chain('string')))
  assert.match(outcome.ok ? '' : outcome.message, /too deep to check/)
})

test('alternatives that lead to each other fill no stack, and can be given up early', () => {
  const mutual = (from: number) => ({
    definitions: Object.fromEntries(
      Array.from({ length: 40 }, (_, at) => [
        `d${at}`,
        {
          anyOf: [
            { minimum: at + from },
            { $ref: `#/definitions/d${(at * 7 + 1) % 40}` },
            { $ref: `#/definitions/d${(at * 3 + 2) % 40}` },
          ],
        },
      ]),
    ),
    $ref: '#/definitions/d0',
  })
  for (const isBrief of [false, true]) {
    const options = { policy: 'strict', isBrief } as const
    const found = jsonFormat.incompatibilities(parse(mutual(1)), parse(mutual(0)), options)
    assert.deepEqual(
      found.map(({ rule }) => rule),
      ['SCHEMA_TOO_COMPLEX'],
    )
  }
})

const kinds = (count: number, type: string) => ({
  oneOf: Array.from({ length: count }, (_, kind) => ({
    type: 'object',
    required: ['kind'],
    properties: { kind: { const: kind }, value: { type }, other: { type } },
    additionalProperties: false,
  })),
})
const compare = (reader: unknown, writer: unknown): readonly string[] =>
  jsonFormat
    .incompatibilities(parse(reader), parse(writer), { policy: 'strict' })
    .map(({ rule }) => rule)

test('alternatives that a property tells apart are compared one with one', () => {
  assert.deepEqual(compare(kinds(150, 'number'), kinds(150, 'integer')), [])
  assert.ok(!compare(kinds(150, 'integer'), kinds(150, 'string')).includes('SCHEMA_TOO_COMPLEX'))
})

test('many choices side by side are not tried in all combinations', () => {
  const choices = (from: number) => ({
    allOf: Array.from({ length: 12 }, (_, at) => ({
      anyOf: [0, 1, 2, 3].map((value) => ({ properties: { [`p${at}`]: { const: value + from } } })),
    })),
  })
  assert.deepEqual(compare(choices(0), { title: 'the same', ...choices(0) }), [])
  assert.ok(!compare(choices(0), choices(1)).includes('SCHEMA_TOO_COMPLEX'))
})
