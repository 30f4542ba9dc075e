/** What PostgreSQL's SQLSTATEs, and a connection that is lost, mean to the one who meets them. */
import { AssertionFailed } from '../../base/assert.ts'
import { Failure, type FailureKind } from '../../base/errors.ts'

/** What was on its way when the error came. */
export type During = 'connect' | 'statement' | 'commit'

interface ServerError extends Error {
  readonly code: string
  readonly severity?: string
  readonly detail?: string
}

/** The session's connection is gone; its text says why. */
export class ConnectionLost extends Error {
  override readonly name = 'ConnectionLost'
}

interface Meaning {
  readonly kind: FailureKind
  /** What to do, where the message of the server does not say it. */
  readonly hint?: string
}

const right = 'the catalog’s role lacks a right; docs/catalog-postgres.md lists them'
const pooler = 'a pooler changed the session: add pooled=true to the URL'
const unavailable: Meaning = { kind: 'unavailable' }
const readOnly = 'the server takes no writes: a standby, or its storage is set read-only'

/** By SQLSTATE, or by its class of two letters (postgresql.org: appendix A). */
const meanings: Readonly<Record<string, Meaning>> = {
  '08': unavailable, // connection exception
  '0A000': unavailable, // a cached plan whose table changed
  '22021': { kind: 'invalid' }, // a character that the encoding does not have
  '22P05': { kind: 'invalid', hint: 'the database must be in UTF8' },
  '25006': { kind: 'unavailable', hint: readOnly },
  '25P02': unavailable, // the transaction failed before
  '25P03': unavailable, // idle in transaction
  '25P04': unavailable, // transaction_timeout
  '26000': { kind: 'invalid', hint: pooler },
  '42P05': { kind: 'invalid', hint: pooler },
  '28': { kind: 'invalid', hint: 'check user and password in the URL, or PGPASSWORD' },
  '3D000': { kind: 'invalid', hint: 'create the database, or name another in the URL' },
  '3F000': { kind: 'invalid', hint: 'the schema of the catalog is gone' },
  '42P01': { kind: 'invalid', hint: 'tables of the catalog are gone' },
  '42501': { kind: 'invalid', hint: right },
  '40': unavailable, // serialization failure, deadlock
  '53': { kind: 'overloaded' }, // disk full, out of memory, a configured limit
  '53300': { kind: 'unavailable', hint: 'raise max_connections, or use a pooler' },
  '54': { kind: 'invalid' }, // a key or a row larger than PostgreSQL takes
  '55': unavailable, // lock not available, object in use
  '57': unavailable, // cancelled, shutting down, starting up
  '58': unavailable, // the server's own input and output
  XX000: unavailable,
  XX001: { kind: 'corrupt' },
  XX002: { kind: 'corrupt' },
}

function isServerError(error: Error): error is ServerError {
  return /^[0-9A-Z]{5}$/.test((error as Partial<ServerError>).code ?? '')
}

/** True where the server ended the session with it. */
export function isFatal(error: unknown): boolean {
  const { severity } = error as Partial<ServerError>
  return severity === 'FATAL' || severity === 'PANIC'
}

/**
 * `error` as a Failure. Before COMMIT was sent, whatever fails wrote nothing. Once it was, only an
 * answer tells: an error says that nothing was written, a lost connection or the end of the session
 * says nothing.
 *
 * @returns AssertionFailed for what only a wrong program can cause.
 */
export function toFailure(thrown: unknown, what: string, during: During): Error {
  if (thrown instanceof Failure || thrown instanceof AssertionFailed) return thrown
  const error = thrown instanceof Error ? thrown : new Error(String(thrown))
  if (!isServerError(error)) return lost(error, what, during)
  if (during === 'commit' && isFatal(error)) return unknownOutcome(error, what)
  const meaning = meanings[error.code] ?? meanings[error.code.slice(0, 2)]
  const hint = meaning?.hint === undefined ? '' : `: ${meaning.hint}`
  const text = `${what}: ${error.message} (PostgreSQL ${error.code})${hint}`
  if (meaning === undefined) return new AssertionFailed(text, { cause: error })
  return new Failure(meaning.kind, text, error)
}

function unknownOutcome(error: Error, what: string): Failure {
  const text = `${what}: the answer to COMMIT was lost: ${error.message}`
  return new Failure('unknown-outcome', text, error)
}

/** Errors of sockets, of TLS, and of the driver. */
function lost(error: Error, what: string, during: During): Error {
  if (during === 'commit') return unknownOutcome(error, what)
  const { message } = error
  const text = `${what}: ${message}`
  if (during === 'connect') {
    if (/does not support SSL/.test(message)) {
      return new Failure('invalid', `${text}: set sslmode=disable, or give the server TLS`, error)
    }
    if (/password must be/.test(message)) {
      return new Failure('invalid', `${text}: put it into the URL or PGPASSWORD`, error)
    }
    const { code = '' } = error as { code?: string }
    if (/CERT|SELF_SIGNED|ALTNAME|ISSUER|SIGNATURE/.test(code)) {
      return new Failure('invalid', `${text}: check sslrootcert and the host's name`, error)
    }
  }
  return new Failure('unavailable', text, error)
}
