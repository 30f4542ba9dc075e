/**
 * The catalog on SQLite, in this process: one writer, one reader, every commit synced. It blocks
 * its thread for as long as the disk does; behind the port it can move to a thread of its own.
 */
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import { Mutex } from '../base/mutex.ts'
import type { CatalogDatabase, ReadTransaction, Transaction } from './database.ts'
import { SqliteCheckpoints } from './sqlite-checkpoints.ts'
import { SqliteConnection } from './sqlite-connection.ts'
import { isInputOutputError, toFailure } from './sqlite-failure.ts'
import { SqliteFolderLock } from './sqlite-folder-lock.ts'
import { migrate } from './sqlite-migrate.ts'
import { SqliteTransaction } from './sqlite-transaction.ts'
import { watch } from './transaction-watch.ts'

export interface SqliteOptions {
  /**
   * The database's file, in a folder that exists. Beside it: -wal, -shm and .lock. Nothing else in
   * this process may open these files: closing one drops the process's locks on it (POSIX).
   */
  readonly path: string
  readonly clock: Clock
  /** The largest the file may grow, in pages of 4 KiB; beyond it writes fail as on a full disk. */
  readonly pagesMax?: number
  /** Told when the write-ahead log could not be copied back; it grows until a later try succeeds. */
  readonly checkpointFailed?: (failure: Failure) => void
}

/**
 * Opens or creates the catalog at `path` and brings it to this release's schema level.
 *
 * @throws Failure 'conflict': another process uses the data folder.
 * @throws Failure 'invalid': a newer release, or something else than Karst, has written the file.
 * @throws Failure 'corrupt': the file is not what it claims to be.
 * @throws Failure 'unavailable' or 'overloaded': the disk failed or is full.
 */
export async function openSqliteDatabase(options: SqliteOptions): Promise<SqliteDatabase> {
  const lock = new SqliteFolderLock(`${options.path}.lock`)
  try {
    return new SqliteDatabase(options, lock)
  } catch (error) {
    lock.release()
    throw toFailure(error, `opening the catalog ${options.path}`)
  }
}

export class SqliteDatabase implements CatalogDatabase {
  readonly #options: SqliteOptions
  readonly #lock: SqliteFolderLock
  readonly #writing = new Mutex()
  readonly #reading = new Mutex()
  readonly #reader: SqliteConnection
  readonly #checkpoints: SqliteCheckpoints
  #writer: SqliteConnection
  #closing: Promise<void> | undefined

  constructor(options: SqliteOptions, lock: SqliteFolderLock) {
    this.#options = options
    this.#lock = lock
    this.#writer = this.#openWriter()
    try {
      migrate(this.#writer, options.path)
      this.#reader = new SqliteConnection(options.path, 'read')
    } catch (error) {
      this.#writer.close()
      throw error
    }
    const failed = options.checkpointFailed ?? ((): void => undefined)
    this.#checkpoints = new SqliteCheckpoints(options.path, this.#writing, failed)
  }

  async transaction<Result>(
    name: string,
    body: (tx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    this.#assertOpen(name)
    return this.#writing.run(async () => {
      const result = await this.#inTransaction(name, this.#writer, body)
      this.#checkpoints.afterCommit(this.#writer)
      return result
    })
  }

  async snapshot<Result>(
    name: string,
    body: (tx: ReadTransaction) => Promise<Result>,
  ): Promise<Result> {
    this.#assertOpen(name)
    return this.#reading.run(() => this.#inTransaction(name, this.#reader, body))
  }

  /** Waits for the transactions that were asked for, then leaves one file without a log behind. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#checkpoints.stop()
    await this.#writing.run(() =>
      this.#reading.run(async () => {
        try {
          this.#reader.close()
          this.#writer.execute('PRAGMA wal_checkpoint(TRUNCATE)')
        } catch (error) {
          throw toFailure(error, `closing the catalog ${this.#options.path}`)
        } finally {
          this.#writer.close()
          this.#lock.release()
        }
      }),
    )
  }

  async #inTransaction<Result>(
    name: string,
    connection: SqliteConnection,
    body: (tx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const tx = new SqliteTransaction(name, connection)
    try {
      connection.begin()
      const result = await watch(this.#options.clock, tx, () => body(tx))
      if (tx.failure !== undefined) throw tx.failure
      this.#commit(name, connection)
      return result
    } catch (error) {
      this.#rollback(connection)
      throw toFailure(error, `catalog ${name}`)
    } finally {
      tx.end()
    }
  }

  /**
   * A COMMIT that failed to write is not undone for certain: its last frame may have reached the
   * file, and recovery after a crash would find it. The next commit overwrites it.
   */
  #commit(name: string, connection: SqliteConnection): void {
    try {
      connection.commit()
    } catch (error) {
      if (!isInputOutputError(error)) throw error
      throw new Failure(
        'unknown-outcome',
        `catalog ${name}: COMMIT failed: ${String(error)}`,
        error,
      )
    }
  }

  /**
   * A connection that cannot even roll back is given up: closing it rolls back, and a new one takes
   * over.
   */
  #rollback(connection: SqliteConnection): void {
    try {
      connection.rollback()
    } catch (error) {
      if (connection !== this.#writer) throw error
      connection.close()
      this.#writer = this.#openWriter()
    }
  }

  #openWriter(): SqliteConnection {
    const writer = new SqliteConnection(this.#options.path, 'write')
    const { pagesMax } = this.#options
    if (pagesMax !== undefined) writer.execute(`PRAGMA max_page_count = ${pagesMax}`)
    return writer
  }

  #assertOpen(name: string): void {
    if (this.#closing !== undefined) throw new Failure('closed', `catalog ${name}: it is closed`)
  }
}
