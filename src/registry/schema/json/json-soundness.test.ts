/**
 * The one property that matters: where the rules find nothing, every value that the writer's schema
 * takes, the reader's takes too. Tried with schemas that are near each other, and values near them.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jsonFormat } from './json-format.ts'

const parse = (schema: unknown) => {
  const outcome = jsonFormat.parse({ text: JSON.stringify(schema), references: [] })
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.schema
}
const validator = (schema: unknown) => {
  const outcome = jsonFormat.validator(parse(schema))
  assert.ok(outcome.ok)
  return outcome.validator
}

const small = fc.integer({ min: 0, max: 3 })
const name = fc.constantFrom('a', 'b', 'xa')
const type = fc.constantFrom('string', 'integer', 'number', 'boolean', 'null', 'object', 'array')
const scalar = fc.constantFrom<unknown>('', 'a', 'ab', 'xa', 0, 1, 2, 1.5, true, null)

/**
 * Without unevaluatedProperties: branches beside it count as if they held (evaluated-places.ts), so
 * that in a combination of thousands a reader is taken for more open than it is.
 */
const keywords = (schema: fc.Arbitrary<unknown>): fc.Arbitrary<unknown> =>
  fc.oneof(
    fc.record({ type: fc.oneof(type, fc.uniqueArray(type, { minLength: 1, maxLength: 2 })) }),
    fc.record({ enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 }) }),
    fc.record({ const: scalar }),
    fc.record({ minimum: small, exclusiveMaximum: small }, { requiredKeys: [] }),
    fc.record({ maximum: small, exclusiveMinimum: small }, { requiredKeys: [] }),
    fc.record({ multipleOf: fc.constantFrom(0.5, 1, 2) }),
    fc.record(
      { minLength: small, maxLength: small, pattern: fc.constantFrom('a', '^x') },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        type: fc.constant('object'),
        properties: fc.dictionary(name, schema, { maxKeys: 2 }),
        required: fc.uniqueArray(name, { maxLength: 2 }),
        additionalProperties: schema,
        patternProperties: fc.dictionary(fc.constantFrom('^x', 'a'), schema, { maxKeys: 1 }),
        minProperties: small,
        maxProperties: small,
      },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      {
        properties: fc.dictionary(name, schema, { maxKeys: 2 }),
        dependentRequired: fc.dictionary(name, fc.uniqueArray(name, { maxLength: 1 }), {
          maxKeys: 1,
        }),
        dependentSchemas: fc.dictionary(name, schema, { maxKeys: 1 }),
        propertyNames: fc.constantFrom({ pattern: 'a' }, true),
      },
      { requiredKeys: [] },
    ),
    fc.record(
      {
        type: fc.constant('array'),
        prefixItems: fc.array(schema, { minLength: 1, maxLength: 2 }),
        items: schema,
        minItems: small,
        maxItems: small,
        uniqueItems: fc.boolean(),
      },
      { requiredKeys: ['type'] },
    ),
    fc.record(
      { contains: schema, minContains: small, maxContains: small },
      { requiredKeys: ['contains'] },
    ),
    fc.record({ allOf: fc.array(schema, { minLength: 1, maxLength: 2 }) }),
    fc.record({ anyOf: fc.array(schema, { minLength: 1, maxLength: 3 }) }),
    fc.record({ not: schema }),
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
    fc.record({ if: schema, then: schema, else: schema }, { requiredKeys: ['if'] }),
  )

const { schema: someSchema } = fc.letrec<{ schema: unknown }>((tie) => ({
  schema: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.boolean(),
    fc.record({ type }),
    keywords(tie('schema')),
    fc
      .tuple(keywords(tie('schema')), keywords(tie('schema')))
      .map(([a, b]) => ({ ...(a as object), ...(b as object) })),
  ),
}))

const someValue = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(name, tie('value'), { maxKeys: 3 }),
  ),
})).value

/** One keyword, somewhere, gone or of another schema. */
function changed(schema: unknown, other: unknown, pick: number): unknown {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return other
  const entries = Object.entries(schema)
  if (entries.length === 0) return other
  const at = pick % entries.length
  const rest = Math.floor(pick / entries.length)
  const [key, value] = entries[at]!
  if (rest % 4 === 0) return Object.fromEntries(entries.filter((_, index) => index !== at))
  if (rest % 4 === 1 && typeof other === 'object') return { ...schema, ...other }
  if (rest % 4 === 2) return { anyOf: [schema, other] }
  const inner = Array.isArray(value)
    ? value.map((each: unknown, index) =>
        index === rest % value.length && typeof each === 'object'
          ? changed(each, other, rest)
          : each,
      )
    : typeof value === 'object' && key !== 'dependentRequired'
      ? changedInside(key, value as object, other, rest)
      : value
  return { ...schema, [key]: inner }
}

function changedInside(key: string, value: object, other: unknown, pick: number): unknown {
  if (!/properties$/i.test(key) && key !== 'dependentSchemas') return changed(value, other, pick)
  if (key === 'additionalProperties' || key === 'unevaluatedProperties')
    return changed(value, other, pick)
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, changed(each, other, pick)]),
  )
}

test('what the rules let pass, readers read', () => {
  let passed = 0
  let tried = 0
  fc.assert(
    fc.property(
      someSchema,
      someSchema,
      fc.nat(),
      fc.array(someValue, { minLength: 20, maxLength: 20 }),
      (writer, other, pick, values) => {
        const draft = { $schema: 'https://json-schema.org/draft/2020-12/schema' }
        const of = (schema: unknown) =>
          typeof schema === 'object' ? { ...draft, ...schema } : schema
        const reader = changed(writer, other, pick)
        const found = jsonFormat.incompatibilities(parse(of(reader)), parse(of(writer)), {
          policy: 'strict',
        })
        if (found.length > 0) return
        passed++
        const [reads, writes] = [validator(of(reader)), validator(of(writer))]
        for (const value of values) {
          const payload = Buffer.from(JSON.stringify(value))
          if (!writes.check(payload).ok) continue
          tried++
          const verdict = reads.check(payload)
          assert.ok(verdict.ok, JSON.stringify({ reader, writer, value, verdict }))
        }
      },
    ),
    { numRuns: Number(process.env['KARST_SOUNDNESS_RUNS'] ?? 300) },
  )
  assert.ok(passed > 50 && tried > 200, `${passed} pairs passed, ${tried} values tried`)
})

/** Small families, where two schemas chosen apart are often near each other. */
const leaf = fc.oneof(
  fc.boolean(),
  fc.record({ type: fc.constantFrom('string', 'integer', 'number') }),
  fc.record({ enum: fc.uniqueArray(scalar, { minLength: 1, maxLength: 3 }) }),
)
const rarely = <Value>(value: fc.Arbitrary<Value>): fc.Arbitrary<Value | undefined> =>
  fc.option(value, { nil: undefined, freq: 2 })
const families: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  objects: fc.record({
    type: fc.constant('object'),
    properties: fc.dictionary(name, leaf, { maxKeys: 1 }),
    required: rarely(fc.uniqueArray(name, { maxLength: 1 })),
    additionalProperties: rarely(leaf),
    patternProperties: rarely(fc.dictionary(fc.constantFrom('^x', 'a'), leaf, { maxKeys: 1 })),
    minProperties: rarely(small),
    maxProperties: rarely(small),
  }),
  arrays: fc.record({
    type: fc.constant('array'),
    prefixItems: rarely(fc.array(leaf, { minLength: 1, maxLength: 2 })),
    items: rarely(leaf),
    contains: rarely(leaf),
    maxItems: rarely(small),
    uniqueItems: rarely(fc.boolean()),
  }),
  combinations: fc.record({
    anyOf: rarely(fc.array(leaf, { minLength: 1, maxLength: 2 })),
    allOf: rarely(fc.array(leaf, { minLength: 1, maxLength: 2 })),
    not: rarely(leaf),
  }),
  numbers: fc.record({
    type: fc.constantFrom('number', 'integer'),
    minimum: rarely(small),
    exclusiveMinimum: rarely(small),
    maximum: rarely(small),
    exclusiveMaximum: rarely(small),
    multipleOf: rarely(fc.constantFrom(0.5, 1, 1.5, 2)),
  }),
}
const valuesOf: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  objects: fc.dictionary(name, scalar, { maxKeys: 3 }),
  arrays: fc.array(scalar, { maxLength: 3 }),
  combinations: scalar,
  numbers: fc.constantFrom(-1, 0, 0.5, 1, 1.5, 2, 2.5, 3, 4),
}

for (const [family, schemas] of Object.entries(families)) {
  test(`of ${family}, what the rules let pass, readers read`, () => {
    let passed = 0
    const draft = { $schema: 'https://json-schema.org/draft/2020-12/schema' }
    fc.assert(
      fc.property(
        schemas,
        schemas,
        fc.array(valuesOf[family]!, { minLength: 15, maxLength: 15 }),
        (first, second, values) => {
          const [writer, reader] = [
            { ...draft, ...Object(first) },
            { ...draft, ...Object(second) },
          ]
          const options = { policy: 'strict' } as const
          if (jsonFormat.incompatibilities(parse(reader), parse(writer), options).length > 0) return
          passed++
          const [reads, writes] = [validator(reader), validator(writer)]
          for (const value of values) {
            const payload = Buffer.from(JSON.stringify(value))
            const refused = writes.check(payload).ok && !reads.check(payload).ok
            assert.ok(!refused, JSON.stringify({ reader, writer, value }))
          }
        },
      ),
      { numRuns: Number(process.env['KARST_SOUNDNESS_RUNS'] ?? 250) },
    )
    assert.ok(passed > 20, `${passed} pairs passed`)
  })
}

test('a schema reads what it wrote', () => {
  fc.assert(
    fc.property(someSchema, (schema) => {
      const found = jsonFormat.incompatibilities(parse(schema), parse(schema), { policy: 'strict' })
      assert.deepEqual(found, [], JSON.stringify(schema))
    }),
    { numRuns: Number(process.env['KARST_SOUNDNESS_RUNS'] ?? 200) },
  )
})
