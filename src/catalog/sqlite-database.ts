/**
 * The catalog on SQLite, in this process: one writer, one reader, every commit synced. It blocks
 * its thread for as long as the disk does, and lets others in between transactions; behind the port
 * it can move to a thread of its own.
 */
import type { Clock } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import { Mutex } from '../base/mutex.ts'
import { ThreadShare } from '../base/thread-share.ts'
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
  const lock = new SqliteFolderLock(options.path)
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
  readonly #checkpoints: SqliteCheckpoints
  readonly #share: ThreadShare
  #connections: { readonly [Access in 'read' | 'write']?: SqliteConnection | undefined } = {}
  #closing: Promise<void> | undefined

  constructor(options: SqliteOptions, lock: SqliteFolderLock) {
    this.#options = options
    this.#lock = lock
    this.#share = new ThreadShare(options.clock)
    const failed = options.checkpointFailed ?? ((): void => undefined)
    this.#checkpoints = new SqliteCheckpoints(options.path, this.#writing, failed)
    try {
      migrate(this.#connection('write'), options.path)
      this.#connection('read')
    } catch (error) {
      this.#disconnect('write')
      throw error
    }
  }

  async transaction<Result>(
    name: string,
    body: (tx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    this.#assertOpen(name)
    return this.#writing.run(async () => {
      const result = await this.#run(name, 'write', body)
      const { write } = this.#connections
      if (write !== undefined) this.#checkpoints.afterCommit(write)
      return result
    })
  }

  async snapshot<Result>(
    name: string,
    body: (tx: ReadTransaction) => Promise<Result>,
  ): Promise<Result> {
    this.#assertOpen(name)
    return this.#reading.run(() => this.#run(name, 'read', body))
  }

  /**
   * Waits for the transactions that were asked for, then leaves one file without a log behind.
   * Where the disk is too full for that the log stays, which loses nothing.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#checkpoints.stop()
    await this.#writing.run(() =>
      this.#reading.run(async () => {
        try {
          this.#disconnect('read')
          this.#connection('write').execute('PRAGMA wal_checkpoint(TRUNCATE)')
        } catch (error) {
          const failure = toFailure(error, `closing the catalog ${this.#options.path}`)
          if (!isFailure(failure, 'overloaded')) throw failure
          this.#options.checkpointFailed?.(failure)
        } finally {
          this.#disconnect('write')
          this.#lock.release()
        }
      }),
    )
  }

  async #run<Result>(
    name: string,
    access: 'read' | 'write',
    body: (tx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    await this.#share.pass()
    let tx: SqliteTransaction | undefined
    try {
      const connection = this.#connection(access)
      connection.begin()
      const begun = (tx = new SqliteTransaction(name, connection))
      const result = await watch(this.#options.clock, begun, () => body(begun))
      if (begun.failure !== undefined) throw begun.failure
      this.#commit(name, connection)
      return result
    } catch (error) {
      this.#rollback(access)
      throw toFailure(error, `catalog ${name}`)
    } finally {
      tx?.end()
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
      const text = `catalog ${name}: COMMIT failed: ${String(error)}`
      throw new Failure('unknown-outcome', text, error)
    }
  }

  /** A connection that cannot even roll back is given up: closing it rolls back. */
  #rollback(access: 'read' | 'write'): void {
    try {
      this.#connections[access]?.rollback()
    } catch {
      this.#disconnect(access)
    }
  }

  /** Opens it where there is none, also after one was given up. */
  #connection(access: 'read' | 'write'): SqliteConnection {
    const open = this.#connections[access]
    if (open !== undefined) return open
    const opened = new SqliteConnection(this.#options.path, access)
    this.#connections = { ...this.#connections, [access]: opened }
    const { pagesMax } = this.#options
    if (pagesMax !== undefined) opened.execute(`PRAGMA max_page_count = ${pagesMax}`)
    return opened
  }

  #disconnect(access: 'read' | 'write'): void {
    const open = this.#connections[access]
    this.#connections = { ...this.#connections, [access]: undefined }
    open?.close()
  }

  #assertOpen(name: string): void {
    if (this.#closing !== undefined) throw new Failure('closed', `catalog ${name}: it is closed`)
  }
}
