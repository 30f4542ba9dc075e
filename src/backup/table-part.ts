/**
 * Rows of one table as a part of a backup: a line of JSON that names the columns, then a line for
 * each row, all compressed. Persisted.
 */
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib'
import { Failure } from '../base/errors.ts'
import type { ColumnType, Table } from '../catalog/table.ts'

type AnyTable = Table<never>

/** A row of 256 KiB of inline data takes more than a part holds otherwise. */
const plainBytesMax = 64 * 1024 * 1024

const columnsOf = (table: AnyTable): string[] => Object.keys(table.columns)
const typeOf = (table: AnyTable, name: string): ColumnType =>
  (table.columns as Readonly<Record<string, ColumnType>>)[name] as ColumnType

/** One line, without its end. */
export function rowLine(table: AnyTable, row: object): string {
  const values = row as Readonly<Record<string, unknown>>
  return JSON.stringify(
    columnsOf(table).map((name) => {
      const value = values[name]
      return value instanceof Uint8Array ? Buffer.from(value).toString('base64') : value
    }),
  )
}

/** At once, some milliseconds: a snapshot waits for nothing but its own statements. */
export function encodePart(table: AnyTable, lines: readonly string[]): Uint8Array {
  const head = JSON.stringify({ table: table.name, columns: columnsOf(table) })
  return zstdCompressSync(Buffer.from([head, ...lines].map((line) => `${line}\n`).join('')))
}

/**
 * The rows of a part. Columns that the table has gained since are not there: the schema level of
 * the backup is checked before.
 *
 * @throws Failure 'corrupt': it is no such part.
 */
export function decodePart(table: AnyTable, bytes: Uint8Array): object[] {
  const [head = '', ...lines] = plainOf(bytes).split('\n')
  const { table: name, columns } = JSON.parse(head) as { table: string; columns: string[] }
  const isOurs = name === table.name && columns.join() === columnsOf(table).join()
  if (!isOurs) throw new Failure('corrupt', `a part of ${name}, where one of ${table.name} was`)
  return lines.filter((line) => line !== '').map((line) => rowOf(table, columns, line))
}

function plainOf(bytes: Uint8Array): string {
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: plainBytesMax }).toString()
  } catch (error) {
    throw new Failure('corrupt', `a part of a backup cannot be unpacked: ${String(error)}`, error)
  }
}

function rowOf(table: AnyTable, columns: readonly string[], line: string): object {
  const values = JSON.parse(line) as unknown[]
  return Object.fromEntries(
    columns.map((name, at) => {
      const value = values[at]
      const isBytes = typeOf(table, name).startsWith('bytes')
      return [name, isBytes && typeof value === 'string' ? bytesOf(value) : value]
    }),
  )
}

/** No view of a pool that others share: rows are kept. */
const bytesOf = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'))
