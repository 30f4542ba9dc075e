/** Brings a SQLite catalog to this release's schema level, in one transaction. */
import { Failure } from '../base/errors.ts'
import { migrationsFrom, schemaLevel } from './migrations.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { addColumnSql, createTableSql } from './sqlite-statements.ts'

/** 'KRST' in the header of the file, so that it is known for what it is. Persisted. */
export const applicationId = 0x4b525354

/**
 * The level is the file's user_version, which changes with the transaction that changes the tables.
 *
 * @throws Failure 'invalid': a newer release, or something else than Karst, has written the file.
 */
export function migrate(writer: SqliteConnection, path: string): void {
  const level = writer.number('PRAGMA user_version')
  const application = writer.number('PRAGMA application_id')
  if (application !== applicationId) {
    const tables = writer.number('SELECT count(*) FROM sqlite_schema')
    if (application !== 0 || level !== 0 || tables !== 0) {
      throw new Failure('invalid', `${path} is an SQLite database, but not a Karst catalog`)
    }
  }
  const steps = migrationsFrom(level, path)
  if (steps.length === 0) return
  writer.begin()
  try {
    for (const step of steps) {
      for (const table of step.createTables) writer.execute(createTableSql(table))
      for (const added of step.addColumns) writer.execute(addColumnSql(added))
    }
    writer.execute(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaLevel}`)
    writer.commit()
  } catch (error) {
    writer.rollback()
    throw error
  }
}
