import assert from 'node:assert/strict'
import { test } from 'node:test'
import type pg from 'pg'
import type { KeyRange } from '../../src/catalog/database.ts'
import { settingsSql } from '../../src/catalog/postgres/connector.ts'
import { PostgresStatements, type Statement } from '../../src/catalog/postgres/statements.ts'
import { catalogTables, commitLog } from '../../src/catalog/schema.ts'
import type { Table } from '../../src/catalog/table.ts'
import { Catalogs } from './catalogs.ts'
import { fillTopic } from './groups.ts'

const catalogs = new Catalogs({ autovacuum: 'off' })

/** Every statement of every table, with parameters that stand for nothing. */
function statementsOf(sql: PostgresStatements, table: Table<never>): [Statement, string[]][] {
  const columns: Readonly<Record<string, string>> = table.columns
  const keyTypes = table.key.map((name) => columns[name] ?? '')
  const emptyKeys = table.key.map(() => '{}')
  const emptyRows = Object.keys(columns).map(() => '{}')
  const found: [Statement, string[]][] = [
    [sql.get(table), emptyKeys],
    [sql.lock(table, 'shared'), emptyKeys],
    [sql.lock(table, 'exclusive'), emptyKeys],
    [sql.lock(table, 'delete'), emptyKeys],
    [sql.insert(table), emptyRows],
    [sql.put(table), emptyRows],
    [sql.delete(table), emptyKeys],
  ]
  const key = keyTypes.map((type) => (type === 'int' ? 1 : 'a'))
  for (let fixed = 0; fixed <= key.length; fixed++) {
    for (const descending of [false, true]) {
      const prefix = key.slice(0, fixed)
      const rest = key.slice(fixed)
      const one = { prefix, limit: 10, descending }
      const bounded =
        rest.length === 0
          ? []
          : [
              { ...one, after: rest },
              { ...one, from: rest.slice(0, 1), before: rest },
            ]
      for (const range of [one, ...bounded] as KeyRange[]) {
        const values = [prefix, range.after, range.from, range.before].flatMap((part) => part ?? [])
        found.push([sql.scan(table, range), [...values.map(String), '10']])
      }
    }
  }
  return found
}

async function planOf(
  client: pg.Client,
  [statement, values]: [Statement, string[]],
): Promise<string> {
  const name = `"${statement.name}"`
  await client.query(`PREPARE ${name} AS ${statement.text}`)
  const literals = values.map((value) => `'${value}'`).join(', ')
  const { rows } = await client.query<{ 'QUERY PLAN': string }>(
    `EXPLAIN EXECUTE ${name}(${literals})`,
  )
  await client.query(`DEALLOCATE ${name}`)
  return rows.map((row) => row['QUERY PLAN']).join('\n')
}

/** The rows come out of one scan of the index by the keys, and are joined with what was given. */
async function assertUpdatePlan(
  client: pg.Client,
  sql: PostgresStatements,
  table: Table<never>,
): Promise<number> {
  const [key]: readonly string[] = table.key
  const others = Object.keys(table.columns).filter((name) => name !== key)
  const values = ['{}', ...others.map(() => '{}')]
  const plan = await planOf(client, [sql.update(table, others), values])
  assert.match(plan, /(Hash|Merge) Join/, plan)
  assert.match(plan, /Index Cond: \(.*= ANY \(\$1\)\)/, plan)
  assert.doesNotMatch(plan, /Seq Scan|Bitmap|Nested Loop/, plan)
  return 1
}

async function assertPlans(client: pg.Client, schema: string, when: string): Promise<number> {
  const sql = new PostgresStatements(schema)
  let count = 0
  for (const table of catalogTables) {
    const all = statementsOf(sql, table)
    if (table.feed === true) all.push([sql.changes(table), ['1:1:', '10']])
    for (const one of all) {
      const plan = await planOf(client, one)
      const where = `${when}, ${one[0].name}:\n${plan}`
      assert.doesNotMatch(plan, /Seq Scan|Hash Join|Merge Join|Bitmap/, where)
      // What is found by keys sorts nothing; a range comes out of the index in its order.
      assert.doesNotMatch(plan, /Sort/, where)
      // A nested loop ends at one row of the index, whatever the planner believes.
      if (/Nested Loop/.test(plan)) assert.match(plan, /Limit .*\n.*(LockRows|Index)/, where)
      count++
    }
    if (table.key.length === 1) count += await assertUpdatePlan(client, sql, table)
  }
  return count
}

test('no plan reads or joins a whole table, be it empty, full, or known to be full', async () => {
  const schema = catalogs.newSchema()
  const database = await catalogs.open(schema)
  await catalogs.plain(async (client) => {
    await client.query(settingsSql(false))
    await client.query('SET statement_timeout = 0')
    const count = await assertPlans(client, schema, 'empty')
    assert.ok(count > 300, `${count} statements`)
    await client.query('ANALYZE')
    await assertPlans(client, schema, 'known to be empty')
    await fillTopic(database, 1)
    await client.query('ANALYZE')
    await assertPlans(client, schema, 'known to have one row')
    await fillTopic(database, 20_000)
    await client.query(`INSERT INTO ${schema}.producer_state
      SELECT id, 7, 0, '', 0, NULL, NULL FROM generate_series(1, 20000) id`)
    await client.query(`INSERT INTO ${schema}.commit_log
      SELECT 1, id, 'committed', 'o', 0, 1, 1, '', '' FROM generate_series(1, 20000) id`)
    await assertPlans(client, schema, 'full')
    await client.query('ANALYZE')
    await assertPlans(client, schema, 'analyzed')
  })
  await database.close()
})

test('the tables have the storage that changes in place need', async () => {
  const schema = catalogs.newSchema()
  const database = await catalogs.open(schema)
  const { rows } = await catalogs.plain((client) =>
    client.query<{ relname: string; options: string | null }>(
      `SELECT c.relname, c.reloptions::text AS options FROM pg_class c
       WHERE c.relnamespace = to_regnamespace('${schema}') AND c.reloptions IS NOT NULL`,
    ),
  )
  assert.deepEqual(rows.map(({ relname }) => relname).toSorted(), ['partition', 'producer_state'])
  const storage = await catalogs.plain((client) =>
    client.query<{ attname: string }>(
      `SELECT attname FROM pg_attribute
       WHERE attstorage = 'e' AND attrelid = '${schema}.${commitLog.name}'::regclass`,
    ),
  )
  const names = storage.rows.map(({ attname }) => attname).toSorted()
  assert.deepEqual(names, ['changes', 'manifest', 'outcomes'])
  await database.close()
})
