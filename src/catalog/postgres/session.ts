/**
 * One connection to PostgreSQL. Statements may be sent together: they travel in one packet's time
 * and run in order. Once anything goes wrong with the connection it is lost for good: whoever has
 * statements on it hears of it, and nobody gets it again.
 */
import pg from 'pg'
import { afterTurn } from '../../base/after-turn.ts'
import type { Clock } from '../../base/clock.ts'
import { catalogLimits } from '../database.ts'
import type { PostgresAddress, PostgresHost } from './address.ts'
import { ConnectionLost } from './failure.ts'
import { type RawAnswer, RawQuery } from './raw-query.ts'
import type { Statement } from './statements.ts'
import type { WireRow } from './values.ts'

export interface Answer {
  /** The command tag without counts: SELECT, COMMIT, ROLLBACK. */
  readonly command: string
  /** Rows that were changed or found. */
  readonly count: number
  readonly rows: readonly WireRow[]
}

export interface SessionOptions {
  readonly clock: Clock
  readonly address: PostgresAddress
  /** Contents of the file of authorities, where the address names one. */
  readonly rootCertificates: string | undefined
}

/** What the driver's types do not tell. */
interface DriverConnection {
  readonly stream: { cork(): void; uncork(): void; destroy(): void }
}

/** A server that does not answer is not there: the kernel gives up after minutes. */
const connectMsMax = 5_000
/** A statement ends by the server's own limit; what has no answer by then never gets one. */
const answerMsMax = catalogLimits.statementMs + 2_000
const lookMs = 500
/** A peer that vanished is noticed in about four seconds, by both sides. */
const keepAliveMs = 1_000

/** `INSERT 0 3` has the count last, behind an id that is always 0; `COMMIT` has none. */
function answerOf({ tag, rows }: RawAnswer): Answer {
  const count = Number(/\d+$/.exec(tag)?.[0] ?? 0)
  return { command: /^[A-Z]*/.exec(tag)?.[0] ?? '', count, rows }
}

export class PostgresSession {
  /** Times that something was sent while nothing was awaited: each is a round trip. */
  roundTrips = 0
  readonly #clock: Clock
  readonly #isPooled: boolean
  readonly #client: pg.Client
  readonly #lostListeners = new Set<() => void>()
  #lost: Error | undefined
  #pending = 0
  #progressMs = 0
  #isWatching = false
  #isCorked = false

  /** @throws what the driver throws; see failure.ts. */
  static async connect(options: SessionOptions, host: PostgresHost): Promise<PostgresSession> {
    const session = new PostgresSession(options, host)
    try {
      await session.#client.connect()
    } catch (error) {
      session.cut('it was never connected')
      throw error
    }
    return session
  }

  private constructor({ clock, address, rootCertificates }: SessionOptions, host: PostgresHost) {
    this.#clock = clock
    this.#isPooled = address.isPooled
    const { tls, user, password, database } = address
    const roots = rootCertificates === undefined ? {} : { ca: rootCertificates }
    this.#client = new pg.Client({
      ...host,
      user,
      ...(password === undefined ? {} : { password }),
      database,
      ssl: tls === 'disable' ? false : { rejectUnauthorized: tls === 'verify-full', ...roots },
      application_name: 'karst',
      pipeline: true,
      keepAlive: true,
      keepAliveInitialDelayMillis: keepAliveMs,
      connectionTimeoutMillis: connectMsMax,
    })
    this.#client.on('error', (error) => this.#lose(error))
    this.#client.on('end', () => this.#lose(new Error('the server closed the connection')))
  }

  /** The server's number of this session, for its logs and pg_stat_activity. */
  get processId(): number {
    return (this.#client as unknown as { readonly processID: number }).processID
  }

  get isLost(): boolean {
    return this.#lost !== undefined
  }

  /** Nothing is on its way, and no transaction is open. */
  get isFree(): boolean {
    return !this.isLost && this.#pending === 0 && this.#client.getTransactionStatus() === 'I'
  }

  onLost(listener: () => void): void {
    this.#lostListeners.add(listener)
  }

  onNotification(listener: (processId: number) => void): void {
    this.#client.on('notification', ({ processId }) => listener(processId))
  }

  /** A statement without parameters, as it is. */
  execute(text: string): Promise<Answer> {
    return this.#send(text)
  }

  /**
   * Prepared on the session, unless a pooler is in between. `values`: texts in the text format,
   * bytes in the binary one.
   *
   * @throws ConnectionLost: where the connection was lost before it was sent.
   * @throws what the server answers, or why the connection was lost.
   */
  run(statement: Statement, values: readonly (string | Buffer)[]): Promise<Answer> {
    const { text, name } = statement
    return this.#send(text, this.#isPooled ? undefined : name, values)
  }

  /** Ends it at once, whatever is on its way. */
  cut(why: string): void {
    this.#lose(new ConnectionLost(why))
    this.#connection.stream.destroy()
  }

  /** Says goodbye to the server. */
  async end(): Promise<void> {
    if (this.isLost) return
    const ending = this.#client.end()
    this.#lose(new ConnectionLost('it was closed'))
    await ending.catch(() => undefined)
  }

  async #send(text: string, name?: string, values?: readonly (string | Buffer)[]): Promise<Answer> {
    if (this.#lost !== undefined) throw new ConnectionLost(this.#lost.message)
    if (this.#pending++ === 0) {
      this.roundTrips++
      this.#progressMs = this.#clock.monotonicMs()
    }
    if (!this.#isWatching) this.#watch()
    if (!this.#isCorked) this.#cork()
    try {
      return answerOf(await this.#ask(text, name, values))
    } finally {
      this.#pending--
      this.#progressMs = this.#clock.monotonicMs()
    }
  }

  #ask(
    text: string,
    name: string | undefined,
    values: readonly (string | Buffer)[] | undefined,
  ): Promise<RawAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<RawAnswer>()
    this.#client.query(
      new RawQuery(text, name, values, (error, answer) => {
        if (answer === undefined) reject(error ?? new Error('no answer'))
        else resolve(answer)
      }),
    )
    return promise
  }

  /**
   * What is sent in one turn leaves in one packet: a system call for all, and the server wakes
   * once.
   */
  #cork(): void {
    const { stream } = this.#connection
    this.#isCorked = true
    stream.cork()
    afterTurn(() => {
      this.#isCorked = false
      stream.uncork()
    })
  }

  get #connection(): DriverConnection {
    return (this.#client as unknown as { readonly connection: DriverConnection }).connection
  }

  /** The network may be cut without a word: then the server’s own limits do not reach us. */
  #watch(): void {
    this.#isWatching = true
    this.#clock.after(lookMs, () => {
      this.#isWatching = false
      if (this.isLost || this.#pending === 0) return
      if (this.#clock.monotonicMs() - this.#progressMs < answerMsMax) this.#watch()
      else this.cut(`no answer in ${answerMsMax} ms`)
    })
  }

  #lose(error: Error): void {
    if (this.#lost !== undefined) return
    this.#lost = error
    for (const listener of this.#lostListeners) listener()
  }
}
