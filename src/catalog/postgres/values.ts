/**
 * Rows as PostgreSQL's text format has them: one array literal per column on the way there, one
 * text per column on the way back.
 */
import { Failure } from '../../base/errors.ts'
import type { ColumnType, Key, Table } from '../table.ts'

type Value = number | string | Uint8Array | null

/** What a row's columns are on the wire; null is null. */
export type WireRow = readonly (string | null)[]

/** One array literal per column of the table. */
export function rowArrays<Row extends object>(table: Table<Row>, rows: readonly Row[]): string[] {
  return Object.keys(table.columns).map((name) =>
    arrayOf(rows.map((row) => (row as Readonly<Record<string, Value>>)[name] as Value)),
  )
}

/** One array literal per column of the key. */
export function keyArrays<Row extends object>(table: Table<Row>, keys: readonly Key[]): string[] {
  return table.key.map((_, at) => arrayOf(keys.map((key) => key[at] as Value)))
}

/** One value per bound of a scan. */
export function boundValues(keys: readonly (Key | undefined)[]): string[] {
  return keys.flatMap((key) => key ?? []).map((part) => textOf(part))
}

export function rowOf<Row extends object>(table: Table<Row>, wire: WireRow, from = 0): Row {
  const columns: Readonly<Record<string, ColumnType>> = table.columns
  const row: Record<string, Value> = {}
  let at = from
  for (const name in columns) row[name] = valueOf(columns[name] as ColumnType, wire[at++] ?? null)
  return row as Row
}

export function keyOfWire<Row extends object>(table: Table<Row>, wire: WireRow): Key {
  return table.key.map(
    (name, at) => valueOf(table.columns[name], wire[at] ?? null) as number | string,
  )
}

function arrayOf(values: readonly Value[]): string {
  let text = '{'
  for (const [at, value] of values.entries()) {
    if (at > 0) text += ','
    if (value === null) text += 'NULL'
    else if (typeof value === 'number') text += value
    else if (typeof value === 'string') text += quotedElement(escapeText(value))
    else text += `"\\\\x${hexOf(value)}"`
  }
  return `${text}}`
}

function quotedElement(text: string): string {
  return `"${text.replaceAll(/["\\]/g, '\\$&')}"`
}

function textOf(part: number | string): string {
  return typeof part === 'number' ? String(part) : escapeText(part)
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
}

function valueOf(type: ColumnType, text: string | null): Value {
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
      return new Uint8Array(Buffer.from(text.slice(2), 'hex')) // a copy: buffers share a pool
  }
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
