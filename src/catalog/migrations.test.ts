import assert from 'node:assert/strict'
import { test } from 'node:test'
import { migrations, migrationsFrom, schemaLevel } from './migrations.ts'
import { catalogTables } from './schema.ts'

test('levels ascend by one from 1', () => {
  assert.deepEqual(
    migrations.map(({ level }) => level),
    migrations.map((_, at) => at + 1),
  )
})

test('an empty database gets every table in one step, a current one nothing', () => {
  const [step, ...others] = migrationsFrom(0, 'x')
  assert.equal(step?.level, schemaLevel)
  assert.deepEqual(step?.createTables, catalogTables)
  assert.deepEqual(others, [])
  assert.deepEqual(migrationsFrom(schemaLevel, 'x'), [])
})

test('all steps together make the tables of today', () => {
  const tables = migrations.flatMap((step) => step.createTables)
  assert.deepEqual(new Set(tables), new Set(catalogTables))
  assert.equal(tables.length, catalogTables.length)
})

test('a newer level is refused, with both levels named', () => {
  assert.throws(() => migrationsFrom(schemaLevel + 1, 'catalog.db'), {
    kind: 'invalid',
    message: new RegExp(`catalog.db has schema level ${schemaLevel + 1}.*up to ${schemaLevel}`),
  })
})

test('tables and their keys are described soundly', () => {
  for (const table of catalogTables) {
    const columns: Readonly<Record<string, string>> = table.columns
    assert.ok(table.key.length > 0 && table.key.length <= 5, table.name)
    for (const name of table.key) {
      assert.match(columns[name] ?? '', /^(int|text)$/, `${table.name}.${name}`)
    }
  }
  assert.equal(new Set(catalogTables.map(({ name }) => name)).size, catalogTables.length)
})
