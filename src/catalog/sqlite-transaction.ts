/** The statements of one transaction on SQLite. With one writer a lock is a read, and nothing waits. */
import { Failure } from '../base/errors.ts'
import { assertRange, type KeyRange, type LockMode, type Transaction } from './database.ts'
import { LockOrder } from './lock-order.ts'
import type { SqliteConnection } from './sqlite-connection.ts'
import { toFailure } from './sqlite-failure.ts'
import { assertKey, assertRow, compareKeys, keyOf, type Key, type Table } from './table.ts'
import type { Watched } from './transaction-watch.ts'

export class SqliteTransaction implements Transaction, Watched {
  readonly name: string
  readonly inStatement = false // a statement is over before anyone else can look
  statements = 0
  readonly #connection: SqliteConnection
  readonly #order = new LockOrder()
  #ended: Error | undefined
  #over = false

  constructor(name: string, connection: SqliteConnection) {
    this.name = name
    this.#connection = connection
  }

  /** What voided the transaction, if anything did: it must not commit. */
  get failure(): Error | undefined {
    return this.#ended
  }

  void(failure: Error): void {
    this.#ended ??= failure
  }

  async get<Row extends object>(
    table: Table<Row>,
    keys: readonly Key[],
  ): Promise<(Row | undefined)[]> {
    return this.#run('get', table, () =>
      keys.map((key) => {
        assertKey(table, key, table.key.length)
        return this.#connection.get(table, key)
      }),
    )
  }

  async scan<Row extends object>(table: Table<Row>, range: KeyRange): Promise<Row[]> {
    return this.#run('scan', table, () => {
      assertRange(table, range)
      return this.#connection.scan(table, range)
    })
  }

  async lock<Row extends object>(
    table: Table<Row>,
    keys: readonly Key[],
    mode: LockMode,
  ): Promise<Row[]> {
    return this.#run('lock', table, () => {
      const sorted = keys.toSorted(compareKeys)
      this.#order.beforeLock(table, sorted, mode)
      const rows: Row[] = []
      for (const key of sorted) {
        assertKey(table, key, table.key.length)
        const row = this.#connection.get(table, key)
        if (row === undefined) continue
        this.#order.hold(table, key, mode)
        rows.push(row)
      }
      return rows
    })
  }

  async insert<Row extends object>(table: Table<Row>, rows: readonly Row[]): Promise<boolean[]> {
    return this.#run('insert', table, () => {
      this.#beforeWrite(table, rows)
      return rows.map((row) => {
        const inserted = this.#connection.insert(table, row)
        if (inserted) this.#order.hold(table, keyOf(table, row), 'exclusive')
        return inserted
      })
    })
  }

  async put<Row extends object>(table: Table<Row>, rows: readonly Row[]): Promise<void> {
    return this.#run('put', table, () => this.#put(table, rows))
  }

  #put<Row extends object>(table: Table<Row>, rows: readonly Row[]): void {
    this.#beforeWrite(table, rows)
    for (const row of rows) {
      this.#connection.put(table, row)
      this.#order.hold(table, keyOf(table, row), 'exclusive')
    }
  }

  async update<Row extends object>(table: Table<Row>, rows: readonly Row[]): Promise<void> {
    return this.#run('update', table, () => {
      this.#order.assertHeld(table, rows)
      this.#put(table, rows)
    })
  }

  async delete<Row extends object>(table: Table<Row>, keys: readonly Key[]): Promise<number> {
    return this.#run('delete', table, () => {
      this.#order.beforeWrite(table, keys.toSorted(compareKeys))
      let deleted = 0
      for (const key of keys) {
        assertKey(table, key, table.key.length)
        if (!this.#connection.delete(table, key)) continue
        this.#order.hold(table, key, 'exclusive')
        deleted++
      }
      return deleted
    })
  }

  #beforeWrite<Row extends object>(table: Table<Row>, rows: readonly Row[]): void {
    for (const row of rows) assertRow(table, row)
    const keys = rows.map((row) => keyOf(table, row))
    this.#order.beforeWrite(table, keys.toSorted(compareKeys))
  }

  /** Any error voids the transaction: SQLite may have rolled it back already, PostgreSQL has. */
  #run<Result, Row extends object>(
    verb: string,
    table: Table<Row>,
    statement: () => Result,
  ): Result {
    if (this.#ended !== undefined) throw this.#ended
    if (this.#over) throw new Failure('closed', `catalog transaction ${this.name} is over`)
    this.statements++
    try {
      return statement()
    } catch (error) {
      this.#ended = toFailure(error, `catalog ${this.name}, ${verb} ${table.name}`)
      throw this.#ended
    }
  }

  /** Called once its COMMIT or ROLLBACK has run: a body that kept the transaction finds it over. */
  end(): void {
    this.#over = true
  }
}
