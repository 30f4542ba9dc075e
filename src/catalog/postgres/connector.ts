/**
 * Makes sessions that can be worked with: of the host that takes writes, of a version that is
 * known, set up so that no lock outlives its owner and no plan depends on statistics.
 */
import type { Clock } from '../../base/clock.ts'
import { sleep } from '../../base/clock.ts'
import { Failure } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import { catalogLimits } from '../database.ts'
import { addressText, type PostgresHost } from './address.ts'
import { toFailure } from './failure.ts'
import { PostgresSession, type SessionOptions } from './session.ts'

const versionMin = 15
const backoffMsMin = 50
/** A server that is back is found within this time. */
const backoffMsMax = 1_000

/**
 * Valid for the session, or with a pooler for the transaction. A transaction whose broker has
 * stopped lets go of its locks within a second, a dead peer is noticed in about four.
 */
const settings: readonly (readonly [name: string, value: string])[] = [
  ['lock_timeout', String(catalogLimits.lockWaitMs)],
  ['statement_timeout', String(catalogLimits.statementMs)],
  ['idle_in_transaction_session_timeout', String(catalogLimits.idleInTransactionMs)],
  ['synchronous_commit', 'on'],
  ['plan_cache_mode', 'force_generic_plan'],
  ['enable_seqscan', 'off'],
  ['enable_bitmapscan', 'off'],
  // Where a statement can be run in another way: each row by its key in a loop has no other.
  ['enable_nestloop', 'off'],
  ['jit', 'off'],
  ['client_connection_check_interval', '1000'],
  ['tcp_keepalives_idle', '1'],
  ['tcp_keepalives_interval', '1'],
  ['tcp_keepalives_count', '3'],
  ['tcp_user_timeout', '4000'],
]

/** `isLocal`: for this transaction only. */
export function settingsSql(isLocal: boolean): string {
  const set = settings.map(([name, value]) => `set_config('${name}', '${value}', ${isLocal})`)
  return `SELECT ${set.join(', ')}`
}

export interface ConnectorOptions extends SessionOptions {
  readonly log: Log
  /** A new session is handed out only once this resolves; told which life of the catalog it is. */
  readonly accept: (session: PostgresSession, incarnation: string) => Promise<void>
}

export class PostgresConnector {
  readonly #options: ConnectorOptions
  readonly #clock: Clock
  #failures = 0
  #notBeforeMs = 0

  constructor(options: ConnectorOptions) {
    this.#options = options
    this.#clock = options.clock
  }

  /**
   * After failures it waits a while first, a second at most.
   *
   * @throws Failure 'unavailable' | 'overloaded': try again. 'invalid': what to change.
   */
  async connect(): Promise<PostgresSession> {
    const waitMs = this.#notBeforeMs - this.#clock.monotonicMs()
    if (waitMs > 0) await sleep(this.#clock, waitMs)
    try {
      const session = await this.#connectToAny()
      if (this.#failures > 0) this.#options.log.info({}, 'the catalog is reached again')
      this.#failures = 0
      return session
    } catch (error) {
      const backoffMs = Math.min(backoffMsMax, backoffMsMin * 2 ** this.#failures)
      this.#notBeforeMs = this.#clock.monotonicMs() + backoffMs
      if (this.#failures++ === 0) this.#options.log.warn({ error }, 'the catalog is not reached')
      throw error
    }
  }

  async #connectToAny(): Promise<PostgresSession> {
    const failures: Error[] = []
    for (const host of this.#options.address.hosts) {
      try {
        return await this.#connectTo(host)
      } catch (error) {
        const what = `connecting to ${addressText(this.#options.address)}`
        failures.push(toFailure(error, what, 'connect'))
      }
    }
    const [first] = failures
    if (first === undefined || failures.length === 1) throw first ?? new Error('no host')
    const text = failures.map(({ message }) => message).join('; ')
    throw new Failure('unavailable', text, new AggregateError(failures))
  }

  async #connectTo(host: PostgresHost): Promise<PostgresSession> {
    const session = await PostgresSession.connect(this.#options, host)
    try {
      const [facts] = await Promise.all([
        session.execute(factsSql),
        this.#options.address.isPooled ? undefined : session.execute(settingsSql(false)),
      ])
      const [version, encoding, isReadOnly, incarnation] = facts.rows[0] ?? []
      assertUsable(host, Number(version), encoding ?? '', isReadOnly === 'on')
      await this.#options.accept(session, incarnation ?? '')
      return session
    } catch (error) {
      session.cut('it is not used')
      throw error
    }
  }
}

/**
 * A life of the catalog: a server that was restored, or that took over from another, has a new
 * timeline. Both functions are for everybody.
 */
const factsSql = `SELECT current_setting('server_version_num'), current_setting('server_encoding'),
  current_setting('transaction_read_only'),
  CASE WHEN pg_is_in_recovery() THEN '' ELSE
    (SELECT system_identifier::text FROM pg_control_system()) || '.' ||
    left(pg_walfile_name(pg_current_wal_insert_lsn()), 8) || '.' ||
    (SELECT oid::text FROM pg_database WHERE datname = current_database()) END`

function assertUsable(
  { host, port }: PostgresHost,
  version: number,
  encoding: string,
  isReadOnly: boolean,
): void {
  const where = `PostgreSQL on ${host}:${port}`
  const major = Math.floor(version / 10_000)
  if (major < versionMin) {
    throw new Failure('invalid', `${where} is version ${major}: ${versionMin} is the oldest known`)
  }
  if (encoding !== 'UTF8') {
    throw new Failure('invalid', `${where}: the database is in ${encoding}, and must be in UTF8`)
  }
  if (isReadOnly) {
    throw new Failure('unavailable', `${where} takes no writes: it is a standby, or set read-only`)
  }
}
