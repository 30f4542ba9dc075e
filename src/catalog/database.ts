/**
 * The catalog's port to a database: tables by key, in transactions. What is decided with them is
 * written once, beside this file, and runs the same on SQLite, PostgreSQL and memory.
 *
 * Isolation is READ COMMITTED: each statement sees what was committed when it began. So: locks are
 * taken in one statement, and everything that a decision depends on is read in a later one.
 */
import { assert } from '../base/assert.ts'
import { assertKey, type Key, type Table } from './table.ts'

export type LockMode =
  /** Others may hold it shared too; nobody may change the row. */
  | 'shared'
  /** Nobody else may lock or change the row; plain reads still see its last committed version. */
  | 'exclusive'

/** Bounds may name fewer columns than the key has: then only those are compared. */
export interface KeyRange {
  /** Leading columns of the key that are fixed; [] for the whole table. */
  readonly prefix: Key
  /** Start behind this (the key's columns after the prefix), exclusive. */
  readonly after?: Key
  /** Start at this (the key's columns after the prefix), inclusive. */
  readonly from?: Key
  /** End before this (the key's columns after the prefix), exclusive. */
  readonly before?: Key
  /** At most so many rows; every statement is bounded. */
  readonly limit: number
  /** Largest key first: `after` and `from` then bound from above, `before` from below. */
  readonly descending?: boolean
}

export interface ReadTransaction {
  /** One entry per key, in the order asked; undefined where there is no such row. */
  get<Row extends object>(table: Table<Row>, keys: readonly Key[]): Promise<(Row | undefined)[]>
  /** Rows of the range in key order. */
  scan<Row extends object>(table: Table<Row>, range: KeyRange): Promise<Row[]>
}

export interface Transaction extends ReadTransaction {
  /**
   * Locks the rows that exist, in key order, waiting for whoever holds them; resolves with the rows
   * as they are after the wait. Absent keys are left out.
   *
   * @throws Failure 'unavailable' when the wait exceeds the lock limit (1 s) or ends in a deadlock:
   *   the transaction is void.
   * @throws AssertionFailed when the order of locks is broken (see lock-order.ts).
   */
  lock<Row extends object>(table: Table<Row>, keys: readonly Key[], mode: LockMode): Promise<Row[]>
  /**
   * Inserts the rows that do not exist yet; true where it did. Waits for a live transaction that
   * inserted the same key, and answers by how that one ended.
   */
  insert<Row extends object>(table: Table<Row>, rows: readonly Row[]): Promise<boolean[]>
  /** Inserts or replaces. Rows that others may change must be locked before. */
  put<Row extends object>(table: Table<Row>, rows: readonly Row[]): Promise<void>
  /**
   * Writes rows that this transaction has locked exclusively, each once, of which only `columns`
   * differ from what they were: a database may leave the others alone. The table's key has one
   * column.
   *
   * @throws AssertionFailed when one is not locked, or named twice.
   */
  update<Row extends object>(
    table: Table<Row>,
    rows: readonly Row[],
    columns: readonly (keyof Row & string)[],
  ): Promise<void>
  /** Deletes the rows that exist; resolves with how many did. */
  delete<Row extends object>(table: Table<Row>, keys: readonly Key[]): Promise<number>
}

/** A catalog for who only looks. */
export interface CatalogReader {
  /**
   * Runs `body` on one snapshot, read-only (REPEATABLE READ).
   *
   * @throws Failure 'unavailable': try again.
   * @throws Failure 'corrupt' or 'closed': as `CatalogDatabase.transaction`.
   */
  snapshot<Result>(name: string, body: (tx: ReadTransaction) => Promise<Result>): Promise<Result>
  close(): Promise<void>
}

export interface CatalogDatabase extends CatalogReader {
  /**
   * Runs `body` in one transaction and commits it durably. A `body` that throws rolls back, and its
   * error is thrown. Statements may be sent together: they run in the order sent. Those that the
   * body has not awaited when it ends run before COMMIT and travel with it; where one fails nothing
   * is committed, and its error is thrown (see `sentWithCommit`). `body` must await nothing but the
   * transaction's own statements, and what bounds itself to milliseconds: others wait for its
   * locks.
   *
   * @throws Failure 'unavailable': nothing was written; try again.
   * @throws Failure 'overloaded': the disk or a limit of size is full; nothing was written.
   * @throws Failure 'corrupt': stored data are damaged; nothing was written.
   * @throws Failure 'closed': the database is closing; nothing was written.
   * @throws Failure 'unknown-outcome': COMMIT was sent and its answer lost; it may be or become done.
   *   Resolve it by inserting the same id: that waits for it, then tells.
   */
  transaction<Result>(name: string, body: (tx: Transaction) => Promise<Result>): Promise<Result>
}

/** For statements that the body leaves to the commit: it reports their failure. */
export function sentWithCommit(statements: readonly Promise<unknown>[]): void {
  for (const statement of statements) statement.catch(() => undefined)
}

/** Limits of a catalog transaction; each adapter holds them as its engine can. */
export const catalogLimits: {
  readonly lockWaitMs: number
  readonly statementMs: number
  readonly idleInTransactionMs: number
  readonly scanRowsMax: number
} = {
  /** A lock that takes longer means that its owner is gone or frozen: fail and let the caller retry. */
  lockWaitMs: 1_000,
  statementMs: 5_000,
  idleInTransactionMs: 1_000,
  /** Bounds the memory and the time of one statement. */
  scanRowsMax: 10_000,
}

/** Holds callers to what a range may be; every adapter asserts it. */
export function assertRange<Row extends object>(table: Table<Row>, range: KeyRange): void {
  const { prefix, after, from, before, limit } = range
  assert(
    Number.isSafeInteger(limit) && limit >= 1 && limit <= catalogLimits.scanRowsMax,
    `a scan of ${table.name} is limited to 1 to ${catalogLimits.scanRowsMax} rows, not ${limit}`,
  )
  assertKey(table, prefix, prefix.length)
  for (const bound of [after, from, before]) {
    if (bound === undefined) continue
    assert(bound.length > 0, `a bound of a scan of ${table.name} names a column`)
    assertKey(table, [...prefix, ...bound], prefix.length + bound.length)
  }
}
