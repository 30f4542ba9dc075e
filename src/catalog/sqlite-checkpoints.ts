/** When the write-ahead log goes back into the database file: by hand, between transactions. */
import type { SqliteConnection } from './sqlite-connection.ts'

/** Asking for the length of the log costs some µs, so not after every commit. */
const commitsPerLook = 16

/**
 * 1,024 frames are 4 MiB: short enough to be copied in a few ms, long enough that hot pages are
 * copied once.
 */
const framesMax = 1_024

export class SqliteCheckpoints {
  #commits = 0

  /** Call between transactions of `writer`. */
  afterCommit(writer: SqliteConnection): void {
    if (++this.#commits < commitsPerLook) return
    this.#commits = 0
    const [, frames = 0, copied = 0] = writer.numbers('PRAGMA wal_checkpoint(NOOP)')
    if (frames - copied >= framesMax) writer.execute('PRAGMA wal_checkpoint(PASSIVE)')
  }

  /** Copies everything and empties the log, so that the next open has nothing to recover. */
  close(writer: SqliteConnection): void {
    writer.execute('PRAGMA wal_checkpoint(TRUNCATE)')
  }
}
