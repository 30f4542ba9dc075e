/**
 * A process that can be killed: what it was given stops working at that moment, as for a real one.
 * Its promises may still settle in this heap, but nothing it does reaches the world any more.
 */
import type { Clock, Timer } from '../../src/base/clock.ts'
import { Failure } from '../../src/base/errors.ts'
import type { CatalogDatabase, ReadTransaction, Transaction } from '../../src/catalog/database.ts'

export class Life {
  #isOver = false
  readonly #atEnd: (() => void)[] = []

  get isOver(): boolean {
    return this.#isOver
  }

  /** `run` is called when the process is killed. */
  atEnd(run: () => void): void {
    this.#atEnd.push(run)
  }

  kill(): void {
    this.#isOver = true
    for (const run of this.#atEnd) run()
  }
}

const never = (): Promise<never> => new Promise(() => undefined)

export function mortalClock(clock: Clock, life: Life): Clock {
  return {
    nowMs: () => clock.nowMs(),
    monotonicMs: () => clock.monotonicMs(),
    after(delayMs: number, run: () => void): Timer {
      return clock.after(delayMs, () => {
        if (!life.isOver) run()
      })
    },
  }
}

/** A client of the catalog that may die: open transactions are rolled back, answers never arrive. */
export class MortalDatabase implements CatalogDatabase {
  readonly #database: CatalogDatabase
  readonly #life: Life

  constructor(database: CatalogDatabase, life: Life) {
    this.#database = database
    this.#life = life
  }

  async transaction<Result>(
    name: string,
    body: (tx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    return this.#answered(this.#database.transaction(name, (tx) => body(this.#mortal(tx))))
  }

  async snapshot<Result>(
    name: string,
    body: (tx: ReadTransaction) => Promise<Result>,
  ): Promise<Result> {
    return this.#answered(this.#database.snapshot(name, body))
  }

  /** The server lives on. */
  async close(): Promise<void> {
    // nothing of it is this process's
  }

  async #answered<Result>(asked: Promise<Result>): Promise<Result> {
    try {
      const result = await asked
      return this.#life.isOver ? await never() : result
    } catch (error) {
      if (this.#life.isOver) return never()
      throw error
    }
  }

  #mortal(tx: Transaction): Transaction {
    const living = <Result>(run: () => Promise<Result>): Promise<Result> => {
      if (!this.#life.isOver) return run()
      return Promise.reject(new Failure('unavailable', 'the client of this transaction is dead'))
    }
    return {
      get: (table, keys) => living(() => tx.get(table, keys)),
      scan: (table, range) => living(() => tx.scan(table, range)),
      lock: (table, keys, mode) => living(() => tx.lock(table, keys, mode)),
      insert: (table, rows) => living(() => tx.insert(table, rows)),
      put: (table, rows) => living(() => tx.put(table, rows)),
      update: (table, rows, columns) => living(() => tx.update(table, rows, columns)),
      delete: (table, keys) => living(() => tx.delete(table, keys)),
    }
  }
}
