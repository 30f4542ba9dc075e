/**
 * A look at a catalog on SQLite from another process than its broker's: read-only, without the
 * folder's lock, so that the broker goes on.
 */
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import { Mutex } from '../base/mutex.ts'
import type { CatalogReader, ReadTransaction } from './database.ts'
import { assertLevel } from './migrations.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { toFailure } from './sqlite-failure.ts'
import { applicationId } from './sqlite-migrate.ts'
import { SqliteTransaction } from './sqlite-transaction.ts'
import { watch } from './transaction-watch.ts'

/**
 * @throws Failure 'invalid': no catalog, or one of another level. 'corrupt' | 'unavailable': the
 *   file cannot be read.
 */
export function openSqliteReader(options: {
  readonly path: string
  readonly clock: Clock
}): SqliteReader {
  const { path, clock } = options
  try {
    const connection = new SqliteConnection(path, 'read')
    if (connection.number('PRAGMA application_id') !== applicationId) {
      connection.close()
      throw new Failure('invalid', `${path} is not a Karst catalog`)
    }
    assertLevel(connection.number('PRAGMA user_version'), path)
    return new SqliteReader(connection, clock)
  } catch (error) {
    throw toFailure(error, `opening the catalog ${path}`)
  }
}

export class SqliteReader implements CatalogReader {
  readonly #connection: SqliteConnection
  readonly #clock: Clock
  readonly #reading = new Mutex()

  constructor(connection: SqliteConnection, clock: Clock) {
    this.#connection = connection
    this.#clock = clock
  }

  snapshot<Result>(name: string, body: (tx: ReadTransaction) => Promise<Result>): Promise<Result> {
    return this.#reading.run(async () => {
      const tx = new SqliteTransaction(name, this.#connection)
      try {
        this.#connection.begin()
        const result = await watch(this.#clock, tx, () => body(tx))
        if (tx.failure !== undefined) throw tx.failure
        return result
      } catch (error) {
        throw toFailure(error, `catalog ${name}`)
      } finally {
        tx.end()
        this.#connection.rollback()
      }
    })
  }

  close(): Promise<void> {
    return this.#reading.run(async () => this.#connection.close())
  }
}
