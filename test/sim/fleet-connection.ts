/**
 * One broker's way to the catalog, which can be cut off alone: calls are refused, or hang until it
 * is back; what was asked before may have been done. A process that dies is noticed by the server,
 * which rolls back what was open.
 */
import { type Clock, sleep } from '../../src/base/clock.ts'
import { Failure } from '../../src/base/errors.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import type { ReadTransaction, Transaction } from '../../src/catalog/database.ts'
import type { Changes, FleetDatabase } from '../../src/catalog/fleet-database.ts'
import type { Table } from '../../src/catalog/table.ts'
import type { Life } from './life.ts'

/** A server ends a transaction whose client says nothing for so long. */
const idleInTransactionMs = 1_000
/** A client gives a connection up that says nothing for so long. */
const patienceMs = 3_000

export type Cut = 'refused' | 'hanging'

const never = (): Promise<never> => new Promise(() => undefined)

export class FleetConnection implements FleetDatabase {
  readonly #database: FleetDatabase
  readonly #name: string
  readonly #life: Life
  readonly #clock: Clock
  readonly #random: Random
  readonly #death: Promise<never>
  readonly #hasFaults: () => boolean
  #silences: (() => void)[] = []
  #cut: Cut | undefined

  constructor(parts: {
    readonly database: FleetDatabase
    /** Begins the names of its transactions, so that faults know whose they are. */
    readonly name: string
    readonly life: Life
    readonly clock: Clock
    readonly random: Random
    readonly hasFaults: () => boolean
  }) {
    this.#database = parts.database
    this.#name = parts.name
    this.#life = parts.life
    this.#clock = parts.clock
    this.#random = parts.random
    this.#hasFaults = parts.hasFaults
    const death = Promise.withResolvers<never>()
    death.promise.catch(() => undefined)
    this.#death = death.promise
    parts.life.atEnd(() => {
      death.reject(gone('the client is dead'))
      for (const silence of this.#silences) silence()
    })
  }

  get isCut(): boolean {
    return this.#cut !== undefined
  }

  cut(how: Cut): void {
    this.#cut = how
  }

  mend(): void {
    this.#cut = undefined
  }

  async transaction<Result>(
    name: string,
    body: (tx: Transaction) => Promise<Result>,
  ): Promise<Result> {
    await this.#pass(patienceMs)
    const done = this.#database.transaction(`${this.#name}/${name}`, (tx) => {
      const sent = new Set<Promise<unknown>>()
      const running = body(this.#guarded(tx, sent)).then(async (result) => {
        // COMMIT travels behind what nobody awaits (sentWithCommit): one that is lost voids it all.
        await Promise.all(sent)
        return result
      })
      running.catch(() => undefined)
      return Promise.race([running, this.#death])
    })
    const result = await this.#answered(done)
    if (this.#cut === undefined) return result
    throw new Failure('unknown-outcome', `catalog ${name}: cut off before the answer`)
  }

  async snapshot<Result>(
    name: string,
    body: (tx: ReadTransaction) => Promise<Result>,
  ): Promise<Result> {
    await this.#pass(patienceMs)
    const done = this.#database.snapshot(`${this.#name}/${name}`, (tx) =>
      body({
        get: async (table, keys) => {
          await this.#connected(patienceMs)
          return tx.get(table, keys)
        },
        scan: async (table, range) => {
          await this.#connected(patienceMs)
          return tx.scan(table, range)
        },
      }),
    )
    return this.#answered(done)
  }

  async changes(
    since: string | undefined,
    tables: readonly Table<never>[],
    limit: number,
  ): Promise<Changes> {
    await this.#pass(patienceMs)
    const draw = this.#hasFaults() ? randomBelow(this.#random, 100) : 100
    if (draw < 3) await sleep(this.#clock, randomBelow(this.#random, 1_500))
    if (draw >= 3 && draw < 6) throw gone('a poll failed')
    const found = await this.#answered(this.#database.changes(since, tables, limit))
    // Answers travel too: what was true when it was asked arrives later.
    if (draw >= 6 && draw < 12) await sleep(this.#clock, randomBelow(this.#random, 200))
    await this.#pass(patienceMs)
    return found
  }

  announce(): void {
    if (!this.#life.isOver && this.#cut === undefined) this.#database.announce()
  }

  onAnnounced(listener: () => void): () => void {
    const silence = this.#database.onAnnounced(() => {
      if (!this.#life.isOver && this.#cut === undefined) listener()
    })
    this.#silences.push(silence)
    return silence
  }

  async databaseMs(): Promise<number> {
    await this.#pass(patienceMs)
    return this.#answered(this.#database.databaseMs())
  }

  /** The server lives on. */
  async close(): Promise<void> {
    // nothing of it is this process's
  }

  /** As `#connected`, for what no transaction waits for. */
  async #pass(msMax: number): Promise<void> {
    if (this.#life.isOver) return never()
    await this.#connected(msMax)
  }

  /** Waits where the connection hangs. @throws Failure 'unavailable' */
  async #connected(msMax: number): Promise<void> {
    const sinceMs = this.#clock.monotonicMs()
    while (this.#cut === 'hanging' && this.#clock.monotonicMs() - sinceMs < msMax) {
      await sleep(this.#clock, 10)
    }
    if (this.#life.isOver) throw gone('the client is dead')
    if (this.#cut !== undefined) throw gone(`cut off (${this.#cut})`)
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

  async #late<Result>(run: () => Promise<Result>): Promise<Result> {
    await this.#connected(idleInTransactionMs / 2)
    return run()
  }

  /** The server ends a transaction of which nothing is heard: its statements fail. */
  #guarded(tx: Transaction, sent: Set<Promise<unknown>>): Transaction {
    const connected = <Result>(run: () => Promise<Result>): Promise<Result> => {
      const asked = this.#cut === undefined && !this.#life.isOver ? run() : this.#late(run)
      asked.catch(() => undefined)
      sent.add(asked)
      return asked
    }
    return {
      get: (table, keys) => connected(() => tx.get(table, keys)),
      scan: (table, range) => connected(() => tx.scan(table, range)),
      lock: (table, keys, mode) => connected(() => tx.lock(table, keys, mode)),
      insert: (table, rows) => connected(() => tx.insert(table, rows)),
      put: (table, rows) => connected(() => tx.put(table, rows)),
      update: (table, rows, columns) => connected(() => tx.update(table, rows, columns)),
      delete: (table, keys) => connected(() => tx.delete(table, keys)),
    }
  }
}

const gone = (why: string): Failure => new Failure('unavailable', `catalog: ${why}`)
