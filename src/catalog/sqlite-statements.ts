/** The SQL of the SQLite adapter, written from table descriptors. Pure. */
import type { KeyRange } from './database.ts'
import type { AddedColumn } from './migrations.ts'
import type { ColumnType, Key, Table } from './table.ts'

type AnyTable = Table<never>

export function createTableSql(table: AnyTable): string {
  const columns = columnNames(table).map((name) => columnSql(table, name))
  const key = keyNames(table).map(quoted).join(', ')
  const body = [...columns, `PRIMARY KEY (${key})`].join(', ')
  // A single int key is SQLite's own row number. Others keep their rows in the key's tree: one
  // tree to write, and a range of keys is a run of pages. There a row of over a quarter page
  // spills: commit log rows of 1.6 KB took 18.2 KB of log per transaction against 14.7, and 4.7 KB
  // of file against 2.1. So wide rows stand in a tree of their own, with an index.
  const shape = isRowNumber(table) || table.wide === true ? 'STRICT' : 'STRICT, WITHOUT ROWID'
  return `CREATE TABLE ${quoted(table.name)} (${body}) ${shape}`
}

export function addColumnSql(added: AddedColumn): string {
  const fill =
    typeof added.fill === 'string' ? `'${added.fill.replaceAll("'", "''")}'` : String(added.fill)
  const column = columnSql(added.table, added.column)
  return `ALTER TABLE ${quoted(added.table.name)} ADD COLUMN ${column} DEFAULT ${fill}`
}

/** Parameters: the key. */
export function getSql(table: AnyTable): string {
  return `SELECT ${columnList(table)} FROM ${quoted(table.name)} WHERE ${keyMatch(table)}`
}

/** Parameters: the columns in order. */
export function insertSql(table: AnyTable): string {
  return `${insertInto(table)} ON CONFLICT DO NOTHING`
}

/** Parameters: the columns in order. */
export function putSql(table: AnyTable): string {
  const keys: readonly string[] = keyNames(table)
  const others = columnNames(table).filter((name) => !keys.includes(name))
  if (others.length === 0) return insertSql(table)
  const sets = others.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')
  return `${insertInto(table)} ON CONFLICT (${keys.map(quoted).join(', ')}) DO UPDATE SET ${sets}`
}

/** Parameters: the key. */
export function deleteSql(table: AnyTable): string {
  return `DELETE FROM ${quoted(table.name)} WHERE ${keyMatch(table)}`
}

/** Ranges with the same text have the same SQL. */
export function rangeShape(range: KeyRange): string {
  const { prefix, after, from, before, descending } = range
  const lengths = [prefix, after, from, before].map((key) => key?.length ?? 0)
  return `${lengths.join('/')}${descending === true ? ' down' : ''}`
}

/** Parameters: prefix, after, from, before, limit; see `rangeShape`. */
export function scanSql(table: AnyTable, range: KeyRange): string {
  const keys = keyNames(table)
  const { prefix, descending } = range
  const [above, below] = descending === true ? ['<', '>'] : ['>', '<']
  const bound = (key: Key | undefined, operator: string): string[] => {
    if (key === undefined || key.length === 0) return []
    const names = keys.slice(prefix.length, prefix.length + key.length).map(quoted)
    return [`(${names.join(', ')}) ${operator} (${names.map(() => '?').join(', ')})`]
  }
  const conditions = [
    ...prefix.map((_, at) => `${quoted(keys[at] as string)} = ?`),
    ...bound(range.after, above),
    ...bound(range.from, `${above}=`),
    ...bound(range.before, below),
  ]
  const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
  const order = keys.map((name) => `${quoted(name)} ${descending === true ? 'DESC' : 'ASC'}`)
  const select = `SELECT ${columnList(table)} FROM ${quoted(table.name)}`
  return `${select}${where} ORDER BY ${order.join(', ')} LIMIT ?`
}

/** topicId → topic_id. */
export function snakeCase(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function quoted(name: string): string {
  return `"${snakeCase(name)}"`
}

function columnNames(table: AnyTable): string[] {
  return Object.keys(table.columns)
}

function keyNames(table: AnyTable): readonly string[] {
  return table.key
}

function typeOf(table: AnyTable, name: string): ColumnType {
  return (table.columns as Readonly<Record<string, ColumnType>>)[name] as ColumnType
}

function isRowNumber(table: AnyTable): boolean {
  const [only, ...others] = keyNames(table)
  return only !== undefined && others.length === 0 && typeOf(table, only) === 'int'
}

const sqlTypes: Readonly<Record<ColumnType, string>> = {
  int: 'INTEGER NOT NULL',
  text: 'TEXT NOT NULL',
  bytes: 'BLOB NOT NULL',
  'int?': 'INTEGER',
  'text?': 'TEXT',
  'bytes?': 'BLOB',
}

function columnSql(table: AnyTable, name: string): string {
  return `${quoted(name)} ${sqlTypes[typeOf(table, name)]}`
}

function columnList(table: AnyTable): string {
  return columnNames(table).map(quoted).join(', ')
}

function keyMatch(table: AnyTable): string {
  return keyNames(table)
    .map((name) => `${quoted(name)} = ?`)
    .join(' AND ')
}

function insertInto(table: AnyTable): string {
  const marks = columnNames(table)
    .map(() => '?')
    .join(', ')
  return `INSERT INTO ${quoted(table.name)} (${columnList(table)}) VALUES (${marks})`
}
