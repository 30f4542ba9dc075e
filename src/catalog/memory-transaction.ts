/** The statements of one transaction in memory, as READ COMMITTED runs them in PostgreSQL. */
import { Failure } from '../base/errors.ts'
import { Mutex } from '../base/mutex.ts'
import { assertRange, type KeyRange, type LockMode, type Transaction } from './database.ts'
import { LockOrder } from './lock-order.ts'
import type { MemoryPoint } from './memory-faults.ts'
import type { MemoryLocks } from './memory-locks.ts'
import { copyRow, type Change, type Changes, type MemoryTable } from './memory-table.ts'
import {
  assertKey,
  assertRow,
  compareKeys,
  keyOf,
  keyText,
  type Key,
  type KeyPart,
  type Table,
} from './table.ts'
import type { Watched } from './transaction-watch.ts'

/** What a transaction needs of its database. */
export interface MemoryHost {
  readonly locks: MemoryLocks<MemoryTransaction>
  table(name: string): MemoryTable
  /** @throws Failure 'unavailable': a fault was injected. */
  reach(point: Omit<MemoryPoint, 'transaction' | 'id'>, tx: MemoryTransaction): Promise<void>
}

/**
 * A statement runs without a break, so it sees what was committed when it began. Only a wait for a
 * lock interrupts it: then it goes on with the rows that it saw, re-reading each as it gets it.
 */
export class MemoryTransaction implements Transaction, Watched {
  readonly name: string
  readonly id: number
  statements = 0
  readonly #host: MemoryHost
  readonly #order = new LockOrder()
  readonly #mutex = new Mutex() // statements may be sent together; they run one after another
  readonly #written = new Map<string, Map<KeyPart, Change>>()
  #running = 0
  #ended: Error | undefined
  #over = false

  constructor(name: string, id: number, host: MemoryHost) {
    this.name = name
    this.id = id
    this.#host = host
  }

  get inStatement(): boolean {
    return this.#running > 0
  }

  /** What voided the transaction, if anything did: it must not commit. */
  get failure(): Error | undefined {
    return this.#ended
  }

  get written(): ReadonlyMap<string, Changes> {
    return this.#written
  }

  void(failure: Error): void {
    this.#ended ??= failure
  }

  get<Row extends object>(table: Table<Row>, keys: readonly Key[]): Promise<(Row | undefined)[]> {
    return this.#run('get', table, async () =>
      keys.map((key) => {
        assertKey(table, key, table.key.length)
        return this.#read(table, key)
      }),
    )
  }

  scan<Row extends object>(table: Table<Row>, range: KeyRange): Promise<Row[]> {
    return this.#run('scan', table, async () => {
      assertRange(table, range)
      const rows = this.#host.table(table.name).scan(range, this.#written.get(table.name))
      return rows.map((row) => copyRow(table, row))
    })
  }

  lock<Row extends object>(
    table: Table<Row>,
    keys: readonly Key[],
    mode: LockMode,
  ): Promise<Row[]> {
    return this.#run('lock', table, async () => {
      for (const key of keys) assertKey(table, key, table.key.length)
      const sorted = keys.toSorted(compareKeys)
      this.#order.beforeLock(table, sorted, mode)
      const visible = sorted.filter((key) => this.#read(table, key) !== undefined)
      const rows: Row[] = []
      for (const key of visible) {
        await this.#acquire(table, key, mode)
        const row = this.#read(table, key)
        if (row === undefined) continue // deleted during the wait
        this.#order.hold(table, key, mode)
        rows.push(row)
      }
      return rows
    })
  }

  insert<Row extends object>(table: Table<Row>, rows: readonly Row[]): Promise<boolean[]> {
    return this.#run('insert', table, async () => {
      const sorted = this.#beforeWrite(table, rows)
      const inserted = new Map<Row, boolean>()
      for (const [key, row] of sorted) inserted.set(row, await this.#insert(table, key, row))
      return rows.map((row) => inserted.get(row) === true)
    })
  }

  put<Row extends object>(table: Table<Row>, rows: readonly Row[]): Promise<void> {
    return this.#run('put', table, () => this.#put(table, rows))
  }

  async #put<Row extends object>(table: Table<Row>, rows: readonly Row[]): Promise<void> {
    for (const [key, row] of this.#beforeWrite(table, rows)) {
      await this.#acquire(table, key, 'exclusive')
      this.#write(table, key, row)
    }
  }

  update<Row extends object>(table: Table<Row>, rows: readonly Row[]): Promise<void> {
    return this.#run('put', table, async () => {
      this.#order.assertHeld(table, rows)
      await this.#put(table, rows)
    })
  }

  delete<Row extends object>(table: Table<Row>, keys: readonly Key[]): Promise<number> {
    return this.#run('delete', table, async () => {
      for (const key of keys) assertKey(table, key, table.key.length)
      const sorted = keys.toSorted(compareKeys)
      this.#order.beforeWrite(table, sorted)
      const visible = sorted.filter((key) => this.#read(table, key) !== undefined)
      let deleted = 0
      for (const key of visible) {
        await this.#acquire(table, key, 'exclusive')
        if (this.#read(table, key) === undefined) continue
        this.#write(table, key, undefined)
        deleted++
      }
      return deleted
    })
  }

  /** Called once it has committed or is rolled back: a body that kept the transaction finds it over. */
  end(): void {
    this.#over = true
  }

  /** Resolves once no statement runs: one that still waits for a lock would get it for nobody. */
  drain(): Promise<void> {
    return this.#mutex.run(async () => undefined)
  }

  /** Waits for a live transaction that changed the key, and answers by how that one ended. */
  async #insert<Row extends object>(table: Table<Row>, key: Key, row: Row): Promise<boolean> {
    if (this.#read(table, key) !== undefined && !this.#changedByOther(table, key)) return false
    const held = this.#host.locks.holders(table.name, key)?.has(this) === true
    await this.#acquire(table, key, 'exclusive')
    if (this.#read(table, key) !== undefined) {
      if (!held) this.#host.locks.release(this, table.name, key)
      return false
    }
    this.#write(table, key, row)
    return true
  }

  #changedByOther<Row extends object>(table: Table<Row>, key: Key): boolean {
    for (const holder of this.#host.locks.holders(table.name, key)?.keys() ?? []) {
      if (holder !== this && holder.#written.get(table.name)?.has(keyText(key)) === true)
        return true
    }
    return false
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

  async #acquire<Row extends object>(table: Table<Row>, key: Key, mode: LockMode): Promise<void> {
    const { locks } = this.#host
    if (locks.tryAcquire(this, table.name, key, mode)) return
    await locks.wait(this, table.name, key, mode)
    await this.#host.reach({ at: 'granted', table: table.name }, this)
  }

  #read<Row extends object>(table: Table<Row>, key: Key): Row | undefined {
    const row = this.#host.table(table.name).get(key, this.#written.get(table.name))
    return row === undefined ? undefined : copyRow(table, row)
  }

  #write<Row extends object>(table: Table<Row>, key: Key, row: Row | undefined): void {
    let changes = this.#written.get(table.name)
    if (changes === undefined) this.#written.set(table.name, (changes = new Map()))
    const copy = row === undefined ? undefined : copyRow(table, row, true)
    const text = keyText(key)
    if (table.feed === true && row !== undefined) {
      const isNew = changes.get(text)?.isNew === true || this.#read(table, key) === undefined
      changes.set(text, { key, row: copy, isNew })
    } else changes.set(text, { key, row: copy })
    this.#order.hold(table, key, 'exclusive')
  }

  #run<Result, Row extends object>(
    at: MemoryPoint['at'],
    table: Table<Row>,
    statement: () => Promise<Result>,
  ): Promise<Result> {
    this.#running++
    return this.#mutex.run(async () => {
      try {
        if (this.#ended !== undefined) throw this.#ended
        if (this.#over) throw new Failure('closed', `catalog transaction ${this.name} is over`)
        this.statements++
        await this.#host.reach({ at, table: table.name }, this)
        return await statement()
      } catch (error) {
        this.#ended ??= error instanceof Error ? error : new Error(String(error))
        throw error
      } finally {
        this.#running--
      }
    })
  }
}
