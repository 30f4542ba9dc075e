/** One process per data folder: two would both believe that they are the only writer's only broker. */
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { Failure } from '../base/errors.ts'
import { isBusy, toFailure } from './sqlite-failure.ts'

/**
 * A lock of the operating system on a file of its own, which a killed process loses with its life.
 * SQLite takes it, because Node has no other way to, and knows the ways of each platform.
 */
export class SqliteFolderLock {
  readonly #holder: DatabaseSync

  /**
   * Locks the folder of the database at `path`, with a file beside it.
   *
   * @throws Failure 'conflict': another process (or another database of this one) holds the lock.
   * @throws Failure 'unavailable': the file cannot be opened.
   */
  constructor(path: string) {
    let holder: DatabaseSync | undefined
    try {
      holder = new DatabaseSync(`${path}.lock`, { timeout: 0 })
      holder.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE')
    } catch (error) {
      holder?.close()
      if (!isBusy(error))
        throw toFailure(error, `locking ${path}.lock (may this process write there?)`)
      throw new Failure(
        'conflict',
        `data folder ${dirname(path)} is in use by another process: ` +
          'stop it, or choose another folder',
        error,
      )
    }
    this.#holder = holder
  }

  release(): void {
    this.#holder.close()
  }
}
