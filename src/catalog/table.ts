/** How a catalog table is described: once, for SQLite, PostgreSQL and memory alike. */
import { AssertionFailed } from '../base/assert.ts'

/** `int` is a signed integer within ±2^53 (int8 in SQL); `?` allows null. */
export type ColumnType = 'int' | 'text' | 'bytes' | 'int?' | 'text?' | 'bytes?'

export type KeyPart = number | string
/** The values of a primary key's columns, in the table's key order. */
export type Key = readonly KeyPart[]

/**
 * Every access goes by primary key or by a range of it, so that no plan can depend on statistics
 * (a bad cached plan costs 10 to 50 times): what needs a second way in gets a table of its own.
 */
export interface Table<Row extends object> {
  readonly name: string
  /** The place in the global order of locks: locks are taken by ascending class, then by key. */
  readonly lockClass: number
  /** Column order is also the order in SQL; names are camelCase here, snake_case there. */
  readonly columns: { readonly [Name in keyof Row & string]: ColumnType }
  /** Columns of the primary key: int or text, not null. */
  readonly key: readonly (keyof Row & string)[]
  /**
   * Rows of this table are written only by who holds the guarding row exclusively: nobody can
   * wait for such a row, so it needs no place in the order of locks.
   */
  readonly guard?: Guard<Row>
  /** Rows grow beyond some hundred bytes: adapters store them apart from the tree of their keys. */
  readonly wide?: boolean
  /** Brokers follow what is inserted, see FleetDatabase.changes. */
  readonly feed?: boolean
}

export interface Guard<Row extends object> {
  /** Name of the table of the guarding row. */
  readonly table: string
  /** Columns of this table's key that make up the key of the guarding row. */
  readonly columns: readonly (keyof Row & string)[]
}

/** The key of `row` in `table`. */
export function keyOf<Row extends object>(table: Table<Row>, row: Row): Key {
  return table.key.map((name) => row[name] as KeyPart)
}

/** Order of keys: column by column, numbers by value, text by code point (as its UTF-8 bytes). */
export function compareKeys(left: Key, right: Key): number {
  const shared = Math.min(left.length, right.length)
  for (let at = 0; at < shared; at++) {
    const a = left[at] as KeyPart
    const b = right[at] as KeyPart
    if (a === b) continue
    return typeof a === 'string' ? compareText(a, b as string) : a - (b as number)
  }
  return left.length - right.length
}

/** JavaScript orders text by UTF-16 unit, which puts surrogates before U+E000; databases do not. */
function compareText(a: string, b: string): number {
  const shared = Math.min(a.length, b.length)
  for (let at = 0; at < shared; at++) {
    const left = a.charCodeAt(at)
    const right = b.charCodeAt(at)
    if (left === right) continue
    if (left < 0xd800 || right < 0xd800) return left - right
    return codePointRank(left) - codePointRank(right)
  }
  return a.length - b.length
}

function codePointRank(unit: number): number {
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800
}

/** `key` as one value for a Map: different keys of one table give different values. */
export function keyText(key: Key): KeyPart {
  if (key.length === 1) return key[0] as KeyPart
  let text = ''
  for (const part of key) {
    text += typeof part === 'number' ? `${part},` : `${part.length}:${part},`
  }
  return text
}

/**
 * Holds callers to the descriptor: databases differ in what they make of a wrong type.
 *
 * @throws AssertionFailed its text is only made here, since every row of every write comes by.
 */
export function assertRow<Row extends object>(table: Table<Row>, row: Row): void {
  const columns: Readonly<Record<string, ColumnType>> = table.columns
  for (const name in columns) {
    const type = columns[name] as ColumnType
    const value = (row as Readonly<Record<string, unknown>>)[name]
    if (fits(type, value)) continue
    throw new AssertionFailed(`${table.name}.${name} holds ${type}, not ${String(value)}`)
  }
}

/**
 * Holds callers to the descriptor: as many leading columns of the key as given, each of its type.
 *
 * @throws AssertionFailed as above.
 */
export function assertKey<Row extends object>(table: Table<Row>, key: Key, columns: number): void {
  if (key.length !== columns) {
    throw new AssertionFailed(`a key of ${table.name} has ${columns} columns, not ${key.length}`)
  }
  for (let at = 0; at < columns; at++) {
    const name = table.key[at]
    const type = name === undefined ? undefined : table.columns[name]
    if (type !== undefined && fits(type, key[at])) continue
    throw new AssertionFailed(`${table.name}'s key column ${at} is ${type}, not ${key[at]}`)
  }
}

function fits(type: ColumnType, value: unknown): boolean {
  switch (type) {
    case 'int':
      return Number.isSafeInteger(value)
    case 'text':
      return typeof value === 'string'
    case 'bytes':
      return value instanceof Uint8Array
    case 'int?':
      return value === null || Number.isSafeInteger(value)
    case 'text?':
      return value === null || typeof value === 'string'
    case 'bytes?':
      return value === null || value instanceof Uint8Array
  }
}
