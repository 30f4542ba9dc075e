/**
 * What was inserted into the followed tables of the memory adapter, in the order of becoming
 * visible.
 */
import type { Clock } from '../base/clock.ts'
import { type Changes, feedPositionMsMax } from './fleet-database.ts'
import type { Change } from './memory-table.ts'
import { compareKeys, keyText, type Key, type KeyPart, type Table } from './table.ts'

interface Entry {
  readonly number: number
  readonly table: string
  readonly key: Key
  readonly atMs: number
}

/** One commit becomes visible whole and after all earlier ones, so a number is a snapshot. */
export class MemoryFeed {
  readonly #clock: Clock
  readonly #entries: Entry[] = []
  #number = 0

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A transaction has become visible; called once for each table that it wrote. */
  add(table: string, changes: Iterable<Change>): void {
    const atMs = this.#clock.nowMs()
    for (const { key, isNew } of changes) {
      if (isNew === true) this.#entries.push({ number: ++this.#number, table, key, atMs })
    }
    // Twice the age at which a position is reset: what goes is needed by none.
    const old = this.#entries.findIndex((entry) => atMs - entry.atMs <= 2 * feedPositionMsMax)
    if (old > 0) this.#entries.splice(0, old)
  }

  /** Of this instant; `read` gives a row as it is now. */
  changes(
    since: string | undefined,
    tables: readonly Table<never>[],
    limit: number,
    read: (table: Table<never>, key: Key) => object | undefined,
  ): Changes {
    const nowMs = this.#clock.nowMs()
    const position = `${nowMs} ${this.#number}`
    const none = tables.map(() => [])
    if (since === undefined) return { position, rows: none, isReset: false }
    const [beforeMs = 0, number = 0] = since.split(' ').map(Number)
    const reset = { position, rows: none, isReset: true }
    if (Math.abs(nowMs - beforeMs) > feedPositionMsMax) return reset
    const rows = tables.map((table) => this.#rows(table, number, read))
    const found = rows.reduce((sum, those) => sum + those.length, 0)
    return found > limit ? reset : { position, rows, isReset: false }
  }

  #rows(
    table: Table<never>,
    since: number,
    read: (table: Table<never>, key: Key) => object | undefined,
  ): object[] {
    const keys = new Map<KeyPart, Key>()
    for (let at = this.#entries.length - 1; at >= 0; at--) {
      const entry = this.#entries[at] as Entry
      if (entry.number <= since) break
      if (entry.table === table.name) keys.set(keyText(entry.key), entry.key)
    }
    const sorted = [...keys.values()].toSorted(compareKeys)
    return sorted.flatMap((key) => read(table, key) ?? [])
  }
}
