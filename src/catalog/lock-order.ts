/**
 * One global order of locks, asserted in every adapter: a single writer hides every deadlock that
 * many writers would meet, so the order must hold where nothing can go wrong yet.
 */
import { AssertionFailed } from '../base/assert.ts'
import type { LockMode } from './database.ts'
import { compareKeys, keyText, type Key, type KeyPart, type Table } from './table.ts'

/**
 * What one transaction holds, and how far it has come. It may wait for a row only behind all that
 * it holds: by lock class, table name, key. It may always write what it holds exclusively, and rows
 * whose guard it holds exclusively. A shared lock is never raised: two who do that wait for each
 * other.
 */
export class LockOrder {
  readonly #held = new Map<string, Map<KeyPart, LockMode>>()
  #class = 0
  #table = ''
  #key: Key = []

  /** Asserts that the transaction may wait for these rows now; `keys` ascend. */
  beforeLock<Row extends object>(table: Table<Row>, keys: readonly Key[], mode: LockMode): void {
    for (const key of keys) {
      const held = this.#held.get(table.name)?.get(keyText(key))
      if (held === undefined) this.#advance(table, key)
      else this.#assertNotRaised(table, key, held, mode)
    }
  }

  /** Asserts that the transaction may insert, replace or delete these rows now; `keys` ascend. */
  beforeWrite<Row extends object>(table: Table<Row>, keys: readonly Key[]): void {
    for (const key of keys) {
      const held = this.#held.get(table.name)?.get(keyText(key))
      if (held !== undefined) this.#assertNotRaised(table, key, held, 'exclusive')
      else if (!this.#guarded(table, key)) this.#advance(table, key)
    }
  }

  /** Asserts that these rows are held exclusively: so they exist, and nobody changes them. */
  assertHeld<Row extends object>(table: Table<Row>, rows: readonly Row[]): void {
    const held = this.#held.get(table.name)
    const [name, ...more] = table.key
    if (name === undefined || more.length > 0) {
      throw new AssertionFailed(`${table.name} has a longer key: put its rows`)
    }
    const seen = new Set<KeyPart>()
    for (const row of rows) {
      const key = row[name] as KeyPart
      if (held?.get(key) !== 'exclusive' || seen.has(key)) {
        const wrong = seen.has(key) ? 'twice' : 'and not locked'
        throw new AssertionFailed(`${rowName(table.name, [key])} is changed, ${wrong}`)
      }
      seen.add(key)
    }
  }

  /** Notes that the row is held from now to the end of the transaction. */
  hold<Row extends object>(table: Table<Row>, key: Key, mode: LockMode): void {
    let rows = this.#held.get(table.name)
    if (rows === undefined) this.#held.set(table.name, (rows = new Map()))
    const text = keyText(key)
    if (rows.get(text) !== 'exclusive') rows.set(text, mode)
  }

  #guarded<Row extends object>(table: Table<Row>, key: Key): boolean {
    if (table.guard === undefined) return false
    const rows = this.#held.get(table.guard.table)
    if (rows === undefined) return false
    const parent = table.guard.columns.map((name) => key[table.key.indexOf(name)] as KeyPart)
    return rows.get(keyText(parent)) === 'exclusive'
  }

  #advance<Row extends object>(table: Table<Row>, key: Key): void {
    const ahead =
      table.lockClass - this.#class ||
      (table.name === this.#table ? compareKeys(key, this.#key) : table.name > this.#table ? 1 : -1)
    if (ahead < 0) {
      throw new AssertionFailed(
        `locks ascend: ${rowName(table.name, key)} (class ${table.lockClass}) comes before ` +
          `${rowName(this.#table, this.#key)} (class ${this.#class})`,
      )
    }
    this.#class = table.lockClass
    this.#table = table.name
    this.#key = key
  }

  #assertNotRaised<Row extends object>(
    table: Table<Row>,
    key: Key,
    held: LockMode,
    mode: LockMode,
  ): void {
    if (held === 'exclusive' || mode === 'shared') return
    const row = rowName(table.name, key)
    throw new AssertionFailed(`a shared lock is never raised: lock ${row} exclusively at first`)
  }
}

function rowName(table: string, key: Key): string {
  return `${table} ${JSON.stringify(key)}`
}
