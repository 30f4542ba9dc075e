/**
 * The catalog in memory: for tests, for brokers whose data may go with them, and for the
 * simulation. Transactions interleave, wait for each other's locks and lose their answers as on a
 * real server, because a serial one would hide the bugs.
 */
import { assert } from '../base/assert.ts'
import type { Clock } from '../base/clock.ts'
import { Failure } from '../base/errors.ts'
import { assertRange, type KeyRange } from './database.ts'
import type { Changes, FleetDatabase } from './fleet-database.ts'
import { MemoryFeed } from './memory-feed.ts'
import type { ReadTransaction, Transaction } from './database.ts'
import type { MemoryFault, MemoryHooks, MemoryPoint } from './memory-faults.ts'
import { MemoryLocks } from './memory-locks.ts'
import { copyRow, MemoryTable, type Change } from './memory-table.ts'
import { MemoryTransaction, type MemoryHost } from './memory-transaction.ts'
import { assertKey, type Key, type KeyPart, type Table } from './table.ts'
import { watch } from './transaction-watch.ts'

export interface MemoryOptions {
  readonly clock: Clock
  readonly hooks?: MemoryHooks
}

/** Calls of brokers that come closer together are one. */
const announceMs = 10

export function openMemoryDatabase(options: MemoryOptions): MemoryDatabase {
  return new MemoryDatabase(options)
}

export class MemoryDatabase implements FleetDatabase {
  readonly #clock: Clock
  readonly #hooks: MemoryHooks
  readonly #tables = new Map<string, MemoryTable>()
  readonly #snapshots = new Set<MemorySnapshot>()
  readonly #zombies = new Set<MemoryTransaction>()
  readonly #host: MemoryHost
  readonly #feed: MemoryFeed
  readonly #listeners = new Set<() => void>()
  #announcing = false
  #latestMs = 0
  #ids = 0
  #closed = false

  constructor({ clock, hooks = {} }: MemoryOptions) {
    this.#clock = clock
    this.#hooks = hooks
    this.#feed = new MemoryFeed(clock)
    this.#host = {
      locks: new MemoryLocks<MemoryTransaction>(clock),
      table: (name) => this.#table(name),
      reach: (point, tx) => this.#reach({ ...point, transaction: tx.name, id: tx.id }),
    }
  }

  async transaction<Result>(
    name: string,
    body: (tx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    const tx = new MemoryTransaction(name, ++this.#ids, this.#host)
    try {
      await this.#begin(name, tx.id)
      const result = await watch(this.#clock, tx, () => body(tx))
      if (tx.inStatement) await tx.drain()
      if (tx.failure !== undefined) throw tx.failure
      await this.#commit(tx)
      return result
    } finally {
      tx.end()
      if (tx.inStatement) await tx.drain()
      if (!this.#zombies.has(tx)) this.#host.locks.releaseAll(tx)
    }
  }

  async snapshot<Result>(
    name: string,
    body: (tx: ReadTransaction) => Promise<Result>,
  ): Promise<Result> {
    const id = ++this.#ids
    await this.#begin(name, id)
    const reach = (point: Pick<MemoryPoint, 'at' | 'table'>): Promise<void> =>
      this.#reach({ ...point, transaction: name, id })
    const snapshot = new MemorySnapshot((table) => this.#table(table), reach)
    this.#snapshots.add(snapshot)
    try {
      return await body(snapshot)
    } finally {
      this.#snapshots.delete(snapshot)
    }
  }

  async changes(
    since: string | undefined,
    tables: readonly Table<never>[],
    limit: number,
  ): Promise<Changes> {
    this.#assertOpen('changes')
    await this.#reach({ transaction: 'changes', id: ++this.#ids, at: 'changes' })
    return this.#feed.changes(since, tables, limit, (table, key) => {
      const row = this.#table(table.name).get(key)
      return row === undefined ? undefined : copyRow(table, row)
    })
  }

  announce(): void {
    if (this.#announcing || this.#closed) return
    this.#announcing = true
    this.#clock.after(announceMs, () => {
      this.#announcing = false
      const point = { transaction: 'announce', id: ++this.#ids, at: 'announce' } as const
      const told = this.#reach(point).then(() => {
        for (const listener of this.#listeners) listener()
      })
      told.catch(() => undefined) // a call may be lost
    })
  }

  onAnnounced(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  async databaseMs(): Promise<number> {
    this.#assertOpen('database-ms')
    await this.#reach({ transaction: 'database-ms', id: ++this.#ids, at: 'begin' })
    this.#latestMs = Math.max(this.#latestMs, this.#clock.nowMs())
    return this.#latestMs
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #assertOpen(name: string): void {
    if (this.#closed) throw new Failure('closed', `catalog ${name}: it is closed`)
  }

  async #begin(name: string, id: number): Promise<void> {
    this.#assertOpen(name)
    await this.#reach({ transaction: name, id, at: 'begin' })
  }

  async #commit(tx: MemoryTransaction): Promise<void> {
    const point: MemoryPoint = { transaction: tx.name, id: tx.id, at: 'commit' }
    await this.#hooks.pause?.(point)
    const fault = this.#hooks.fault?.(point)
    switch (fault?.fault) {
      case undefined:
        this.#apply(tx)
        break
      case 'fail':
        throw injected(point)
      case 'lose-answer':
        this.#apply(tx)
        throw lost(tx)
      case 'lose-request':
        throw lost(tx)
      case 'zombie':
        this.#leaveZombie(tx, fault)
        throw lost(tx)
    }
    this.#host.locks.releaseAll(tx) // others go on before the answer arrives
    await this.#hooks.pause?.({ ...point, at: 'committed' })
  }

  #leaveZombie(tx: MemoryTransaction, fault: MemoryFault & { readonly fault: 'zombie' }): void {
    this.#zombies.add(tx)
    const finish = (commits: boolean): void => {
      if (commits) this.#apply(tx)
      this.#zombies.delete(tx)
      this.#host.locks.releaseAll(tx)
    }
    fault.until.then(
      () => finish(fault.commits),
      () => finish(false),
    )
  }

  /** In one step: no statement of another sees half of it. Snapshots keep what they saw before. */
  #apply(tx: MemoryTransaction): void {
    for (const [name, changes] of tx.written) {
      const table = this.#table(name)
      for (const [text, change] of changes) {
        for (const snapshot of this.#snapshots) {
          snapshot.keep(name, text, { key: change.key, row: table.get(change.key) })
        }
        table.apply(change)
      }
      this.#feed.add(name, changes.values())
    }
  }

  async #reach(point: MemoryPoint): Promise<void> {
    await this.#hooks.pause?.(point)
    if (point.at === 'granted') return
    const fault = this.#hooks.fault?.(point)
    if (fault === undefined) return
    assert(fault.fault === 'fail', `a ${fault.fault} fault is for commits`)
    throw injected(point)
  }

  #table(name: string): MemoryTable {
    let table = this.#tables.get(name)
    if (table === undefined) this.#tables.set(name, (table = new MemoryTable()))
    return table
  }
}

/** What was committed when it began: today's rows under the older versions of those changed since. */
class MemorySnapshot implements ReadTransaction {
  readonly #table: (name: string) => MemoryTable
  readonly #reach: (point: Pick<MemoryPoint, 'at' | 'table'>) => Promise<void>
  readonly #before = new Map<string, Map<KeyPart, Change>>()

  constructor(
    table: (name: string) => MemoryTable,
    reach: (point: Pick<MemoryPoint, 'at' | 'table'>) => Promise<void>,
  ) {
    this.#table = table
    this.#reach = reach
  }

  async get<Row extends object>(
    table: Table<Row>,
    keys: readonly Key[],
  ): Promise<(Row | undefined)[]> {
    await this.#reach({ at: 'get', table: table.name })
    return keys.map((key) => {
      assertKey(table, key, table.key.length)
      const row = this.#table(table.name).get(key, this.#before.get(table.name))
      return row === undefined ? undefined : copyRow(table, row)
    })
  }

  async scan<Row extends object>(table: Table<Row>, range: KeyRange): Promise<Row[]> {
    await this.#reach({ at: 'scan', table: table.name })
    assertRange(table, range)
    const rows = this.#table(table.name).scan(range, this.#before.get(table.name))
    return rows.map((row) => copyRow(table, row))
  }

  /** The row is about to change: the first version kept is the one that this snapshot sees. */
  keep(table: string, key: KeyPart, change: Change): void {
    let kept = this.#before.get(table)
    if (kept === undefined) this.#before.set(table, (kept = new Map()))
    if (!kept.has(key)) kept.set(key, change)
  }
}

function injected(point: MemoryPoint): Failure {
  return new Failure('unavailable', `catalog ${point.transaction}: injected at ${point.at}`)
}

function lost(tx: MemoryTransaction): Failure {
  return new Failure('unknown-outcome', `catalog ${tx.name}: the answer to COMMIT was lost`)
}
