import assert from 'node:assert/strict'
import { test } from 'node:test'
import { avroFormat } from './avro/avro-format.ts'
import { checkCompatibility, compatibilityLevels, conflictsMax } from './compatibility.ts'
import type { CompatibilityLevel } from './compatibility.ts'
import { jsonFormat } from './json/json-format.ts'
import type { ParsedSchema, SchemaFormat } from './schema-format.ts'

const parse = (format: SchemaFormat, schema: unknown): ParsedSchema => {
  const outcome = format.parse({ text: JSON.stringify(schema), references: [] })
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.schema
}
const record = (...fields: readonly unknown[]) =>
  parse(avroFormat, { type: 'record', name: 'R', fields })
const a = { name: 'a', type: 'int' }
const b = { name: 'b', type: 'int' }
const bOrOne = { name: 'b', type: 'int', default: 1 }

const check = (
  level: CompatibilityLevel,
  candidate: ParsedSchema,
  previous: readonly ParsedSchema[],
) =>
  checkCompatibility(level, candidate, previous, avroFormat, { policy: 'strict' }).map(
    ({ direction, previousIndex }) => `${direction} ${previousIndex}`,
  )

test('each level asks in its directions', () => {
  // A field without default comes: whoever reads the older with the newer is lost. Then it goes.
  const comes = Object.fromEntries(
    compatibilityLevels.map((level) => [level, check(level, record(a, b), [record(a)])]),
  )
  const back = ['BACKWARD 0']
  assert.deepEqual(comes, {
    NONE: [],
    BACKWARD: back,
    BACKWARD_TRANSITIVE: back,
    FORWARD: [],
    FORWARD_TRANSITIVE: [],
    FULL: back,
    FULL_TRANSITIVE: back,
  })
  const goes = Object.fromEntries(
    compatibilityLevels.map((level) => [level, check(level, record(a), [record(a, b)])]),
  )
  const forth = ['FORWARD 0']
  assert.deepEqual(goes, {
    NONE: [],
    BACKWARD: [],
    BACKWARD_TRANSITIVE: [],
    FORWARD: forth,
    FORWARD_TRANSITIVE: forth,
    FULL: forth,
    FULL_TRANSITIVE: forth,
  })
})

test('transitive levels ask all versions, the others the latest', () => {
  // b came with a default, and then loses it: the version before the last has no b.
  const versions = [record(a), record(a, bOrOne)]
  assert.deepEqual(check('BACKWARD', record(a, b), versions), [])
  assert.deepEqual(check('BACKWARD_TRANSITIVE', record(a, b), versions), ['BACKWARD 0'])
  assert.deepEqual(check('FULL', record(a, b), versions), [])
  assert.deepEqual(check('FULL_TRANSITIVE', record(a, b), versions), ['BACKWARD 0'])
})

test('the first version may be anything', () => {
  for (const level of compatibilityLevels) assert.deepEqual(check(level, record(a), []), [])
})

test('a subject keeps its language', () => {
  const [conflict] = checkCompatibility(
    'BACKWARD',
    record(a),
    [parse(jsonFormat, {})],
    avroFormat,
    { policy: 'strict' },
  )
  assert.equal(conflict?.rule, 'SCHEMA_TYPE_CHANGED')
})

test('differences are reported up to a limit', () => {
  const many = Array.from({ length: conflictsMax + 10 }, (_, at) => ({
    name: `f${at}`,
    type: 'int',
  }))
  assert.equal(check('BACKWARD', record(...many), [record()]).length, conflictsMax)
})
