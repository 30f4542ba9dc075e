/** What SQLite's result codes (sqlite.org/rescode.html) mean to the one who meets them. */
import { AssertionFailed } from '../base/assert.ts'
import { Failure, type FailureKind } from '../base/errors.ts'

/** Primary result codes: the low byte of an extended one. */
const kinds: Readonly<Record<number, FailureKind>> = {
  5: 'unavailable', // BUSY: another connection holds the lock
  6: 'unavailable', // LOCKED
  7: 'overloaded', // NOMEM
  8: 'unavailable', // READONLY
  9: 'unavailable', // INTERRUPT
  10: 'unavailable', // IOERR
  11: 'corrupt', // CORRUPT
  13: 'overloaded', // FULL: no space left, or the limit of pages is reached
  14: 'unavailable', // CANTOPEN
  15: 'unavailable', // PROTOCOL: too many raced for a read lock
  17: 'unavailable', // SCHEMA
  26: 'corrupt', // NOTADB
}

interface SqliteError extends Error {
  readonly errcode: number
  readonly errstr: string
}

function isSqliteError(error: unknown): error is SqliteError {
  return error instanceof Error && typeof (error as Partial<SqliteError>).errcode === 'number'
}

/** True where SQLite says that input or output failed. */
export function isInputOutputError(error: unknown): boolean {
  return isSqliteError(error) && (error.errcode & 0xff) === 10
}

/** True where another connection holds what was asked for. */
export function isBusy(error: unknown): boolean {
  return isSqliteError(error) && (error.errcode & 0xff) === 5
}

/** `error` as a Failure; what only a wrong statement or a wrong value can cause, as a wrong program. */
export function toFailure(error: unknown, during: string): Error {
  if (error instanceof Failure || error instanceof AssertionFailed) return error
  if (!isSqliteError(error)) return error instanceof Error ? error : new Error(String(error))
  const kind = kinds[error.errcode & 0xff]
  const text = `${during}: ${error.errstr} (SQLite ${error.errcode}: ${error.message})`
  if (kind === undefined) return new AssertionFailed(text, { cause: error })
  return new Failure(kind, text, error)
}
