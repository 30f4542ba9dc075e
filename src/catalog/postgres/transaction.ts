/** The statements of one transaction on PostgreSQL: sent when they are called, run in that order. */
import { Failure } from '../../base/errors.ts'
import { assertRange, type KeyRange, type LockMode, type Transaction } from '../database.ts'
import { LockOrder } from '../lock-order.ts'
import {
  assertKey,
  assertRow,
  compareKeys,
  keyOf,
  keyText,
  type Key,
  type KeyPart,
  type Table,
} from '../table.ts'
import type { Watched } from '../transaction-watch.ts'
import { toFailure } from './failure.ts'
import type { Answer, PostgresSession } from './session.ts'
import type { PostgresStatements } from './statements.ts'
import { boundValues, keyArrays, keyOfWire, rowArrays, rowOf } from './values.ts'

export class PostgresTransaction implements Transaction, Watched {
  readonly name: string
  statements = 0
  readonly #session: PostgresSession
  readonly #sql: PostgresStatements
  readonly #order = new LockOrder()
  readonly #running = new Set<Promise<unknown>>()
  #ended: Error | undefined
  #over = false

  constructor(name: string, session: PostgresSession, sql: PostgresStatements) {
    this.name = name
    this.#session = session
    this.#sql = sql
  }

  get inStatement(): boolean {
    return this.#running.size > 0
  }

  /** What voided the transaction, if anything did: it must not commit. */
  get failure(): Error | undefined {
    return this.#ended
  }

  void(failure: Error): void {
    this.#ended ??= failure
  }

  get<Row extends object>(table: Table<Row>, keys: readonly Key[]): Promise<(Row | undefined)[]> {
    return this.#run('get', table, async () => {
      for (const key of keys) assertKey(table, key, table.key.length)
      const answer = await this.#session.run(this.#sql.get(table), keyArrays(table, keys))
      const rows = Array.from<Row | undefined>({ length: keys.length })
      for (const wire of answer.rows) rows[Number(wire[0]) - 1] = rowOf(table, wire, 1)
      return rows
    })
  }

  scan<Row extends object>(table: Table<Row>, range: KeyRange): Promise<Row[]> {
    return this.#run('scan', table, async () => {
      assertRange(table, range)
      const { prefix, after, from, before, limit } = range
      const values = [...boundValues([prefix, after, from, before]), String(limit)]
      const answer = await this.#session.run(this.#sql.scan(table, range), values)
      return answer.rows.map((wire) => rowOf(table, wire))
    })
  }

  lock<Row extends object>(
    table: Table<Row>,
    keys: readonly Key[],
    mode: LockMode,
  ): Promise<Row[]> {
    return this.#run('lock', table, async () => {
      const sorted = this.#sorted(table, keys)
      this.#order.beforeLock(table, sorted, mode)
      const answer = await this.#session.run(this.#sql.lock(table, mode), keyArrays(table, sorted))
      const rows = answer.rows.map((wire) => rowOf(table, wire))
      for (const row of rows) this.#order.hold(table, keyOf(table, row), mode)
      return rows
    })
  }

  insert<Row extends object>(table: Table<Row>, rows: readonly Row[]): Promise<boolean[]> {
    return this.#run('insert', table, async () => {
      const sorted = this.#beforeWrite(table, rows)
      const values = rowArrays(
        table,
        sorted.map(([, row]) => row),
      )
      const answer = await this.#session.run(this.#sql.insert(table), values)
      const inserted = new Set<KeyPart>()
      for (const wire of answer.rows) {
        const key = keyOfWire(table, wire)
        this.#order.hold(table, key, 'exclusive')
        inserted.add(keyText(key))
      }
      // Of rows with one key the first was inserted.
      return rows.map((row) => inserted.delete(keyText(keyOf(table, row))))
    })
  }

  put<Row extends object>(table: Table<Row>, rows: readonly Row[]): Promise<void> {
    return this.#run('put', table, async () => {
      const last = new Map(rows.map((row) => [keyText(keyOf(table, row)), row]))
      const sorted = this.#beforeWrite(table, last.size === rows.length ? rows : [...last.values()])
      for (const [key] of sorted) this.#order.hold(table, key, 'exclusive')
      const values = rowArrays(
        table,
        sorted.map(([, row]) => row),
      )
      await this.#session.run(this.#sql.put(table), values)
    })
  }

  update<Row extends object>(
    table: Table<Row>,
    rows: readonly Row[],
    columns: readonly (keyof Row & string)[],
  ): Promise<void> {
    return this.#run('update', table, async () => {
      for (const row of rows) assertRow(table, row)
      this.#order.assertHeld(table, rows)
      const values = rowArrays(table, rows, [...table.key, ...columns])
      await this.#session.run(this.#sql.update(table, columns), values)
    })
  }

  delete<Row extends object>(table: Table<Row>, keys: readonly Key[]): Promise<number> {
    return this.#run('delete', table, async () => {
      const sorted = this.#sorted(table, keys)
      this.#order.beforeWrite(table, sorted)
      const values = keyArrays(table, sorted)
      const [locked, answer] = await Promise.all([
        this.#session.run(this.#sql.lock(table, 'delete'), values), // waits in the order of keys
        this.#session.run(this.#sql.delete(table), values),
      ])
      for (const wire of locked.rows) this.#order.hold(table, keyOfWire(table, wire), 'exclusive')
      return answer.count
    })
  }

  /** Sent before the first statement, without waiting for an answer. */
  begin(...texts: readonly string[]): void {
    for (const text of texts) this.#follow(this.#session.execute(text)).catch(() => undefined)
  }

  /**
   * Sends COMMIT behind what is on its way.
   *
   * @throws what failed first; then nothing was written. Failure 'unknown-outcome' else.
   */
  async commit(): Promise<void> {
    this.#over = true
    if (this.#ended !== undefined) throw this.#ended
    const what = `catalog ${this.name}`
    if (this.#session.isLost) throw new Failure('unavailable', `${what}: the connection was lost`)
    // A synchronous standby may keep COMMIT waiting. Ended by the limit of a statement it would
    // answer as done, and be lost with this server.
    const limit = this.#session.execute('SET LOCAL statement_timeout = 0')
    const answering = this.#session.execute('COMMIT')
    limit.catch(() => undefined)
    let answer: Answer
    try {
      answer = await answering
    } catch (error) {
      throw toFailure(error, what, 'commit')
    }
    if (answer.command === 'COMMIT') return
    await Promise.allSettled(this.#running) // a COMMIT behind a failed statement rolls back
    throw this.#ended ?? new Failure('unavailable', `${what}: COMMIT answered ${answer.command}`)
  }

  /** Nothing is written; resolves once that is so, or the connection is lost. */
  async rollback(): Promise<void> {
    this.#over = true
    if (this.#session.isLost) return
    await this.#session.execute('ROLLBACK').catch(() => this.#session.cut('it cannot roll back'))
  }

  #sorted<Row extends object>(table: Table<Row>, keys: readonly Key[]): Key[] {
    for (const key of keys) assertKey(table, key, table.key.length)
    return keys.toSorted(compareKeys)
  }

  #beforeWrite<Row extends object>(table: Table<Row>, rows: readonly Row[]): [Key, Row][] {
    for (const row of rows) assertRow(table, row)
    const sorted = rows.map((row): [Key, Row] => [keyOf(table, row), row])
    sorted.sort(([left], [right]) => compareKeys(left, right))
    this.#order.beforeWrite(
      table,
      sorted.map(([key]) => key),
    )
    return sorted
  }

  /** Any error voids the transaction, as PostgreSQL has done already. */
  async #run<Result, Row extends object>(
    verb: string,
    table: Table<Row>,
    statement: () => Promise<Result>,
  ): Promise<Result> {
    if (this.#ended !== undefined) throw this.#ended
    if (this.#over) throw new Failure('closed', `catalog transaction ${this.name} is over`)
    this.statements++
    const what = `catalog ${this.name}, ${verb} ${table.name}`
    return this.#follow(
      statement().catch((error: unknown) => {
        throw toFailure(error, what, 'statement')
      }),
    )
  }

  async #follow<Result>(running: Promise<Result>): Promise<Result> {
    this.#running.add(running)
    try {
      return await running
    } catch (error) {
      this.#ended ??= toFailure(error, `catalog ${this.name}`, 'statement')
      throw this.#ended
    } finally {
      this.#running.delete(running)
    }
  }
}
