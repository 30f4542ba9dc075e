/**
 * What others committed, as the difference of two snapshots: what is visible now and was not then.
 * Numbers that are drawn before a commit become visible out of order; snapshots miss nothing,
 * whatever order transactions began, wrote and committed in, and stall behind nobody.
 */
import type { ChangedRows, Changes } from '../fleet-database.ts'
import { feedPositionMsMax } from '../fleet-database.ts'
import type { Table } from '../table.ts'
import type { PostgresSession } from './session.ts'
import type { PostgresStatements } from './statements.ts'
import { rowOf } from './values.ts'

/** `<life of the catalog> <milliseconds of the database's clock> <pg_snapshot>` */
interface Position {
  readonly life: string
  readonly ms: number
  readonly snapshot: string
}

const positionStatement = {
  name: 'position',
  text: `SELECT pg_current_snapshot()::text, floor(extract(epoch FROM clock_timestamp()) * 1000),
    coalesce(to_regnamespace($1)::oid::text, '')`,
}

/**
 * In one transaction of one snapshot, sent as a whole: one round trip.
 *
 * @throws what the server answers, or why the connection was lost.
 */
export async function readChanges(
  session: PostgresSession,
  sql: PostgresStatements,
  incarnation: string,
  since: string | undefined,
  tables: readonly Table<never>[],
  limit: number,
): Promise<Changes> {
  const before = since === undefined ? undefined : parsePosition(since)
  const begin = session.execute('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  const locating = session.run(positionStatement, [sql.schema])
  const reading =
    before === undefined
      ? []
      : tables.map((table) => session.run(sql.changes(table), [before.snapshot, String(limit + 1)]))
  const ending = session.execute('COMMIT')
  const [, located, answers] = await Promise.all([begin, locating, Promise.all(reading), ending])
  const [snapshot = '', ms, namespace] = located.rows[0] ?? []
  const now = { life: `${incarnation}.${namespace}`, ms: Number(ms), snapshot: snapshot ?? '' }
  const position = `${now.life} ${now.ms} ${now.snapshot}`
  const none: ChangedRows = tables.map(() => [])
  if (before === undefined) return { position, rows: none, isReset: false }
  const found = answers.reduce((sum, { rows }) => sum + rows.length, 0)
  if (found > limit || !isFollowed(before, now)) return { position, rows: none, isReset: true }
  const rows = answers.map((answer, at) =>
    answer.rows.map((wire) => rowOf(tables[at] as Table<never>, wire)),
  )
  return { position, rows, isReset: false }
}

/** A clock that went back says nothing about how old a position is. */
function isFollowed(before: Position, now: Position): boolean {
  const ageMs = now.ms - before.ms
  return before.life === now.life && Math.abs(ageMs) <= feedPositionMsMax
}

function parsePosition(position: string): Position {
  const [life = '', ms = '', snapshot = ''] = position.split(' ')
  return { life, ms: Number(ms), snapshot }
}
