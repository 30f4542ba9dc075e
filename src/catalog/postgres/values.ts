/**
 * Rows on the wire of PostgreSQL: one array in its binary format per column on the way there, one
 * text per column on the way back. Binary, as each row of each commit comes by here: no string is
 * made of a number or of bytes, and the server parses none.
 */
import { writeInt32, writeInt64 } from '../../base/big-endian.ts'
import { Failure } from '../../base/errors.ts'
import type { ColumnType, Key, Table } from '../table.ts'

type Value = number | string | Uint8Array | null

/** What a row's columns are on the wire; null is null. */
export type WireRow = readonly (string | null)[]

/** One array per column: of all of the table's, unless some are named. */
export function rowArrays<Row extends object>(
  table: Table<Row>,
  rows: readonly Row[],
  names: readonly string[] = Object.keys(table.columns),
): Buffer[] {
  const columns: Readonly<Record<string, ColumnType>> = table.columns
  return names.map((name) =>
    arrayOf(
      columns[name] as ColumnType,
      rows.map((row) => (row as Readonly<Record<string, Value>>)[name] as Value),
    ),
  )
}

/** One array per column of the key. */
export function keyArrays<Row extends object>(table: Table<Row>, keys: readonly Key[]): Buffer[] {
  return table.key.map((name, at) =>
    arrayOf(
      table.columns[name],
      keys.map((key) => key[at] as Value),
    ),
  )
}

/** One value per bound of a scan. */
export function boundValues(keys: readonly (Key | undefined)[]): string[] {
  return keys.flatMap((key) => key ?? []).map((part) => textOf(part))
}

export function rowOf<Row extends object>(table: Table<Row>, wire: WireRow, from = 0): Row {
  const { names, types, isWide } = columnsOf(table)
  const row: Record<string, Value> = {}
  for (let at = 0; at < names.length; at++) {
    row[names[at] as string] = valueOf(types[at] as ColumnType, wire[from + at] ?? null, isWide)
  }
  return row as Row
}

interface Columns {
  readonly isWide: boolean
  readonly names: readonly string[]
  readonly types: readonly ColumnType[]
}

const columnsByTable = new WeakMap<object, Columns>()

function columnsOf<Row extends object>(table: Table<Row>): Columns {
  let columns = columnsByTable.get(table)
  if (columns === undefined) {
    const [names, types] = [Object.keys(table.columns), Object.values<ColumnType>(table.columns)]
    columns = { names, types, isWide: table.wide === true }
    columnsByTable.set(table, columns)
  }
  return columns
}

export function keyOfWire<Row extends object>(table: Table<Row>, wire: WireRow): Key {
  return table.key.map(
    (name, at) => valueOf(table.columns[name], wire[at] ?? null) as number | string,
  )
}

/** Of the element types; they are fixed in every PostgreSQL (pg_type.dat). */
const elementTypes: Readonly<Record<ColumnType, number>> = {
  ...{ int: 20, 'int?': 20 },
  ...{ text: 25, 'text?': 25 },
  ...{ bytes: 17, 'bytes?': 17 },
}

const arrayHeaderBytes = 20
const int8Bytes = 8
/** In the place of an element's length. */
const nullLength = -1

/**
 * As array_recv reads it: i32 dimensions, i32 whether there are nulls, i32 type of the elements;
 * i32 count and i32 lower bound of the only dimension; per element an i32 length and its bytes.
 */
export function arrayOf(type: ColumnType, values: readonly Value[]): Buffer {
  const texts = type.startsWith('text') ? values.map((value) => utf8Of(value as string)) : values
  let size = arrayHeaderBytes
  for (const value of texts) size += 4 + sizeOf(value)
  const array = Buffer.allocUnsafe(size)
  writeInt32(array, 0, 1)
  writeInt32(array, 4, values.includes(null) ? 1 : 0)
  writeInt32(array, 8, elementTypes[type])
  writeInt32(array, 12, values.length)
  writeInt32(array, 16, 1)
  let at = arrayHeaderBytes
  for (const value of texts) {
    writeInt32(array, at, value === null ? nullLength : sizeOf(value))
    at += 4
    if (typeof value === 'number') writeInt64(array, at, value)
    else if (value !== null) array.set(value as Uint8Array, at)
    at += sizeOf(value)
  }
  return array
}

function utf8Of(text: string | null): Uint8Array | null {
  return text === null ? null : Buffer.from(escapeText(text))
}

function sizeOf(value: Value): number {
  if (value === null) return 0
  return typeof value === 'number' ? int8Bytes : value.length
}

function textOf(part: number | string): string {
  return typeof part === 'number' ? String(part) : escapeText(part)
}

function valueOf(type: ColumnType, text: string | null, isWide = false): Value {
  if (text === null) return null
  switch (type) {
    case 'int':
    case 'int?': {
      const value = Number(text)
      if (!Number.isSafeInteger(value)) throw new Failure('corrupt', `${text} is beyond ±2^53`)
      return value
    }
    case 'text':
    case 'text?':
      return unescapeText(text)
    case 'bytes':
    case 'bytes?':
      return bytesOf(text, isWide)
  }
}

/**
 * Bytes of wide rows get memory of their own: caches keep them, and would keep all of the pool that
 * they share. What a commit reads of each of hundreds of partitions and producers is gone with it.
 */
function bytesOf(text: string, isWide: boolean): Uint8Array {
  const pooled = Buffer.from(text.slice(2), 'hex')
  if (isWide) return new Uint8Array(pooled)
  return new Uint8Array(pooled.buffer, pooled.byteOffset, pooled.length)
}

/**
 * PostgreSQL's text holds no U+0000, and clients send it. It becomes two U+0001, and U+0001 becomes
 * U+0001 U+0002: different texts stay different, and in the order of their bytes.
 */
export function escapeText(text: string): string {
  // oxlint-disable-next-line no-control-regex -- they are what this is about
  if (!/[\u0000\u0001]/.test(text)) return text
  return text.replaceAll('\u0001', '\u0001\u0002').replaceAll('\u0000', '\u0001\u0001')
}

export function unescapeText(text: string): string {
  if (!text.includes('\u0001')) return text
  // oxlint-disable-next-line no-control-regex -- as above
  return text.replaceAll(/\u0001([\u0001\u0002])/g, (_, second: string) =>
    second === '\u0001' ? '\u0000' : '\u0001',
  )
}
