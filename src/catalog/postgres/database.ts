/**
 * The catalog on PostgreSQL 15 to 18, shared by any number of brokers. A commit is two round trips;
 * nothing that a broker holds outlives it by more than seconds.
 */
import type { Clock } from '../../base/clock.ts'
import { Failure } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'
import type { ReadTransaction, Transaction } from '../database.ts'
import type { Changes, FleetDatabase } from '../fleet-database.ts'
import type { Table } from '../table.ts'
import { watch } from '../transaction-watch.ts'
import { parseAddress, type PostgresAddress } from './address.ts'
import { PostgresAnnouncements } from './announcements.ts'
import { readChanges } from './changes.ts'
import { PostgresConnector, settingsSql } from './connector.ts'
import { toFailure } from './failure.ts'
import { checkLevel, migrate } from './migrate.ts'
import { readRootCertificates } from './root-certificates.ts'
import type { PostgresSession } from './session.ts'
import { SessionPool } from './session-pool.ts'
import { PostgresStatements } from './statements.ts'
import { PostgresTransaction } from './transaction.ts'

export interface PostgresOptions {
  /** See address.ts. Without a password in it, PGPASSWORD of the environment is used. */
  readonly url: string
  readonly clock: Clock
  readonly log: Log
  /**
   * Runs on every new session before it is used, so that a catalog that went back is noticed before
   * anything is decided on it. What it throws refuses the session.
   */
  readonly accept?: (tx: ReadTransaction) => Promise<void>
  /** The catalog must be there, of this release's level: it is neither founded nor changed. */
  readonly mustExist?: boolean
}

type Lane = 'commits' | 'low' | 'feed' | 'others'

/** Transactions with a session of their own, by name: nothing else may keep a commit waiting. */
const lanes: Readonly<Record<string, Lane>> = {
  'commit-groups': 'commits',
  'cancel-groups': 'commits',
  'commit-low': 'low',
  'cancel-low': 'low',
}

const laneSessions: Readonly<Record<Lane, number>> = { commits: 1, low: 1, feed: 1, others: 4 }

/**
 * Opens the catalog and brings it to this release's schema level.
 *
 * @throws Failure 'invalid': the URL, a right, the server's version, or a catalog that is newer or
 *   none; the message says what to do. 'unavailable' | 'overloaded': try again.
 */
export async function openPostgresDatabase(options: PostgresOptions): Promise<PostgresDatabase> {
  const address = parseAddress(options.url)
  const rootCertificates = await readRootCertificates(address.rootCertificates)
  const database = new PostgresDatabase(options, address, rootCertificates)
  try {
    await database.migrate()
    return database
  } catch (error) {
    await database.close()
    throw error
  }
}

export class PostgresDatabase implements FleetDatabase {
  readonly #options: PostgresOptions
  readonly #address: PostgresAddress
  readonly #sql: PostgresStatements
  readonly #pools: Readonly<Record<Lane, SessionPool>>
  readonly #announcements: PostgresAnnouncements
  readonly #incarnations = new WeakMap<PostgresSession, string>()
  #isMigrated = false
  #latestMs = 0
  #closing: Promise<void> | undefined

  constructor(
    options: PostgresOptions,
    address: PostgresAddress,
    rootCertificates: string | undefined,
  ) {
    this.#options = options
    this.#address = address
    this.#sql = new PostgresStatements(address.schema)
    const { clock, log } = options
    const accept = (session: PostgresSession, incarnation: string): Promise<void> =>
      this.#accept(session, incarnation)
    const connector = new PostgresConnector({ clock, log, address, rootCertificates, accept })
    const connect = (): Promise<PostgresSession> => connector.connect()
    const pool = (lane: Lane): SessionPool => {
      return new SessionPool(`sessions for ${lane}`, laneSessions[lane], clock, connect)
    }
    const [commits, low, feed, others] = [
      pool('commits'),
      pool('low'),
      pool('feed'),
      pool('others'),
    ]
    this.#pools = { commits, low, feed, others }
    this.#announcements = new PostgresAnnouncements(address.schema, clock, connect)
  }

  /** Times that something was sent while nothing was awaited, in all sessions of today. */
  get roundTrips(): number {
    return Object.values(this.#pools).reduce((sum, { roundTrips }) => sum + roundTrips, 0)
  }

  /** For who opens it. */
  async migrate(): Promise<void> {
    const bring = this.#options.mustExist === true ? checkLevel : migrate
    await this.#use('others', 'migrate', (session) => bring(session, this.#sql, this.#address))
    this.#isMigrated = true
  }

  transaction<Result>(name: string, body: (tx: Transaction) => Promise<Result>): Promise<Result> {
    return this.#use(lanes[name] ?? 'others', name, async (session) => {
      const tx = this.#begin(name, session, 'BEGIN ISOLATION LEVEL READ COMMITTED')
      try {
        const result = await watch(this.#options.clock, tx, () => body(tx))
        await tx.commit()
        return result
      } catch (error) {
        await tx.rollback()
        throw error
      }
    })
  }

  snapshot<Result>(name: string, body: (tx: ReadTransaction) => Promise<Result>): Promise<Result> {
    return this.#use('others', name, (session) => this.#snapshotOn(session, name, body))
  }

  changes(
    since: string | undefined,
    tables: readonly Table<never>[],
    limit: number,
  ): Promise<Changes> {
    return this.#use('feed', 'changes', async (session) => {
      const incarnation = this.#incarnations.get(session) ?? ''
      try {
        return await readChanges(session, this.#sql, incarnation, since, tables, limit)
      } catch (error) {
        if (!session.isLost) await session.execute('ROLLBACK').catch(() => undefined)
        throw toFailure(error, 'catalog changes', 'statement')
      }
    })
  }

  /** With a pooler in between nobody can be called, and everybody polls. */
  announce(): void {
    if (!this.#address.isPooled) this.#announcements.announce()
  }

  onAnnounced(listener: () => void): () => void {
    return this.#address.isPooled ? () => undefined : this.#announcements.onAnnounced(listener)
  }

  async databaseMs(): Promise<number> {
    const ms = await this.#use('others', 'database-ms', async (session) => {
      try {
        return Number((await session.run(clockStatement, [])).rows[0]?.[0])
      } catch (error) {
        throw toFailure(error, 'catalog clock', 'statement')
      }
    })
    this.#latestMs = Math.max(this.#latestMs, ms)
    return this.#latestMs
  }

  /** Waits for the transactions that were asked for. */
  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#announcements.close()
    await Promise.all(Object.values(this.#pools).map((pool) => pool.close()))
  }

  #begin(name: string, session: PostgresSession, text: string): PostgresTransaction {
    const tx = new PostgresTransaction(name, session, this.#sql)
    tx.begin(text, ...(this.#address.isPooled ? [settingsSql(true)] : []))
    return tx
  }

  async #snapshotOn<Result>(
    session: PostgresSession,
    name: string,
    body: (tx: ReadTransaction) => Promise<Result>,
  ): Promise<Result> {
    const tx = this.#begin(name, session, 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    try {
      return await watch(this.#options.clock, tx, () => body(tx))
    } finally {
      await tx.rollback()
    }
  }

  /** The session's place is free when this ends, whatever became of the session. */
  async #use<Result>(
    lane: Lane,
    name: string,
    work: (session: PostgresSession) => Promise<Result>,
  ): Promise<Result> {
    if (this.#closing !== undefined) throw new Failure('closed', `catalog ${name}: it is closed`)
    const pool = this.#pools[lane]
    const session = await pool.acquire()
    try {
      return await work(session)
    } finally {
      pool.release(session)
    }
  }

  async #accept(session: PostgresSession, incarnation: string): Promise<void> {
    this.#incarnations.set(session, incarnation)
    const { accept } = this.#options
    if (accept !== undefined && this.#isMigrated) await this.#snapshotOn(session, 'accept', accept)
  }
}

const clockStatement = {
  name: 'clock',
  text: 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)',
}
