/**
 * Brings a schema of the database to this release's level, in one transaction, one broker at a
 * time: those that start together wait for the first and find its work done.
 */
import { Failure } from '../../base/errors.ts'
import { addressText, type PostgresAddress } from './address.ts'
import { assertLevel, migrationsFrom, schemaLevel } from '../migrations.ts'
import { toFailure } from './failure.ts'
import type { PostgresSession } from './session.ts'
import { quotedName, type PostgresStatements } from './statements.ts'

/** How long a broker waits for another's migration, and for locks on tables that are in use. */
const migrateMsMax = 60_000
const tableLockMsMax = 1_000
/** Its one row says that the schema is a catalog, and of which level. Persisted. */
const levelTable = 'karst_level'

/**
 * @throws Failure 'invalid': the schema is of a newer release or not a catalog, or a right is
 *   missing. 'unavailable': a table was locked, or another broker was at it for too long.
 */
export async function migrate(
  session: PostgresSession,
  sql: PostgresStatements,
  address: PostgresAddress,
): Promise<void> {
  const where = addressText(address)
  try {
    await session.execute('BEGIN ISOLATION LEVEL READ COMMITTED')
    await migrateIn(session, sql, address, where)
    const { command } = await session.execute('COMMIT')
    if (command !== 'COMMIT') throw new Failure('unavailable', `COMMIT answered ${command}`)
  } catch (error) {
    if (!session.isLost) await session.execute('ROLLBACK').catch(() => session.cut('no rollback'))
    throw toFailure(error, `migrating ${where}`, 'statement')
  }
}

/**
 * Holds the schema to this release's level and changes nothing: for tools that must not found a
 * catalog where a URL is wrong.
 *
 * @throws Failure 'invalid': there is no catalog, or one of another level.
 */
export async function checkLevel(
  session: PostgresSession,
  sql: PostgresStatements,
  address: PostgresAddress,
): Promise<void> {
  const where = addressText(address)
  try {
    const levels = `${sql.schema}.${quotedName(levelTable)}`
    const found = await session.execute(`SELECT to_regclass(${literal(levels)}) IS NOT NULL`)
    if (found.rows[0]?.[0] !== 't') {
      throw new Failure('invalid', `${where} holds no Karst catalog: is the URL right?`)
    }
    const level = Number((await session.execute(`SELECT level FROM ${levels}`)).rows[0]?.[0] ?? 0)
    assertLevel(level, where)
  } catch (error) {
    throw toFailure(error, `looking at ${where}`, 'statement')
  }
}

async function migrateIn(
  session: PostgresSession,
  sql: PostgresStatements,
  { schema }: PostgresAddress,
  where: string,
): Promise<void> {
  for (const name of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout']) {
    await session.execute(`SET LOCAL ${name} = ${migrateMsMax}`)
  }
  const name = literal(schema)
  await session.execute(`SELECT pg_advisory_xact_lock(hashtextextended('karst ' || ${name}, 0))`)
  await session.execute(`SET LOCAL lock_timeout = ${tableLockMsMax}`)
  const found = await session.execute(
    `SELECT (SELECT count(*) FROM pg_namespace WHERE nspname = ${name}),
            (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
             WHERE n.nspname = ${name}),
            to_regclass(${literal(`${sql.schema}.${levelTable}`)}) IS NOT NULL`,
  )
  const [schemas, relations, isCatalog] = found.rows[0] ?? []
  if (schemas === '0') await session.execute(`CREATE SCHEMA ${sql.schema}`)
  const levels = `${sql.schema}.${quotedName(levelTable)}`
  if (isCatalog === 'f') {
    if (relations !== '0') {
      const text = `${where} holds ${relations} tables and indexes, but no Karst catalog`
      throw new Failure('invalid', `${text}: name an empty schema (?schema=…)`)
    }
    await session.execute(`CREATE TABLE ${levels} (level int8 PRIMARY KEY)`)
    await session.execute(`INSERT INTO ${levels} VALUES (0)`)
  }
  const level = Number((await session.execute(`SELECT level FROM ${levels}`)).rows[0]?.[0] ?? 0)
  const steps = migrationsFrom(level, where)
  if (steps.length === 0) return
  for (const step of steps) {
    for (const table of step.createTables) {
      for (const text of sql.createTable(table)) await session.execute(text)
    }
    for (const added of step.addColumns) await session.execute(sql.addColumn(added))
  }
  await session.execute(`UPDATE ${levels} SET level = ${schemaLevel}`)
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`
}
