/** How a catalog table is described: once, for SQLite, PostgreSQL and memory alike. */

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
}

/** The key of `row` in `table`. */
export function keyOf<Row extends object>(table: Table<Row>, row: Row): Key {
  return table.key.map((name) => row[name] as KeyPart)
}

/** Order of keys: column by column, numbers by value, text by UTF-16 code units (ASCII in practice). */
export function compareKeys(left: Key, right: Key): number {
  const shared = Math.min(left.length, right.length)
  for (let at = 0; at < shared; at++) {
    const a = left[at] as KeyPart
    const b = right[at] as KeyPart
    if (a !== b) return a < b ? -1 : 1
  }
  return left.length - right.length
}
