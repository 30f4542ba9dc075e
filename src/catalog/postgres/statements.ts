/**
 * The SQL of the PostgreSQL adapter, written from table descriptors. Pure. Every statement takes
 * arrays, one per column, and is bound to one shape: the rows of the arrays drive, and each finds
 * its row by the primary key. No plan can depend on statistics, which are wrong when it matters: a
 * plan made while a table was empty cost ten to fifty times.
 */
import { assert } from '../../base/assert.ts'
import type { KeyRange, LockMode } from '../database.ts'
import type { AddedColumn } from '../migrations.ts'
import { snakeCase } from '../sqlite-statements.ts'
import type { ColumnType, Key, Table } from '../table.ts'

type AnyTable = Table<never>

export interface Statement {
  /** Prepared under this name on each session; at most 63 bytes. */
  readonly name: string
  readonly text: string
}

/** Sets of rows that change in place many times a second: room for the next version (HOT). */
const fillfactors: Readonly<Record<string, number>> = { partition: 60, producer_state: 60 }

const arrayTypes: Readonly<Record<ColumnType, string>> = {
  int: 'int8',
  'int?': 'int8',
  text: 'text',
  'text?': 'text',
  bytes: 'bytea',
  'bytes?': 'bytea',
}

export class PostgresStatements {
  /** Quoted; every name is qualified, since a pooler forgets a search path. */
  readonly schema: string
  readonly #made = new Map<string, Statement>()

  constructor(schema: string) {
    this.schema = quotedName(schema)
  }

  createTable(table: AnyTable): string[] {
    const name = this.#name(table)
    const feed = table.feed === true ? ['"xid" xid8 NOT NULL DEFAULT pg_current_xact_id()'] : []
    const columns = [...columnNames(table).map((each) => columnSql(table, each)), ...feed]
    const fillfactor = fillfactors[table.name]
    const options = fillfactor === undefined ? '' : ` WITH (fillfactor = ${fillfactor})`
    const key = keyNames(table).map(quoted).join(', ')
    const made = [`CREATE TABLE ${name} (${columns.join(', ')}, PRIMARY KEY (${key}))${options}`]
    // Batches and manifests are packed or not ours to pack; compressing them again costs CPU.
    const wide = columnNames(table).filter((each) => typeOf(table, each).startsWith('bytes'))
    for (const column of table.wide === true ? wide : []) {
      made.push(`ALTER TABLE ${name} ALTER COLUMN ${quoted(column)} SET STORAGE EXTERNAL`)
    }
    if (table.feed === true) made.push(`CREATE INDEX ON ${name} ("xid")`)
    return made
  }

  addColumn(added: AddedColumn): string {
    const fill =
      typeof added.fill === 'string' ? `'${added.fill.replaceAll("'", "''")}'` : String(added.fill)
    const column = columnSql(added.table, added.column)
    return `ALTER TABLE ${this.#name(added.table)} ADD COLUMN ${column} DEFAULT ${fill}`
  }

  /** Parameters: arrays of the key's columns. Answers with (ordinal from 1, columns…). */
  get(table: AnyTable): Statement {
    return this.#statement('get', table, () => {
      const keys = keyNames(table)
      const from = `unnest(${arrays(table, keys)}) WITH ORDINALITY AS r(${aliases(keys)}, n)`
      const where = `WHERE ${match(keys)} LIMIT 1`
      const row = `SELECT ${columnList(table)} FROM ${this.#name(table)} AS t ${where}`
      return `SELECT r.n, t.* FROM ${from} CROSS JOIN LATERAL (${row}) AS t`
    })
  }

  /**
   * Parameters: arrays of the key's columns, in key order. Answers with the columns of what exists,
   * for 'delete' with those of the key. A key of one column is one scan of the index in its order,
   * which costs the server a third less than a scan for each row.
   */
  lock(table: AnyTable, mode: LockMode | 'delete'): Statement {
    return this.#statement(`lock ${mode}`, table, () => {
      const keys = keyNames(table)
      const strength = { shared: 'SHARE', exclusive: 'NO KEY UPDATE', delete: 'UPDATE' }[mode]
      const columns = mode === 'delete' ? columnsOf(keys) : columnList(table)
      const [only] = keys
      if (only !== undefined && keys.length === 1) {
        const key = `t.${quoted(only)}`
        const found = `${key} = ANY (${arrays(table, keys)}) ORDER BY ${key} FOR ${strength}`
        return `SELECT ${columns} FROM ${this.#name(table)} AS t WHERE ${found}`
      }
      const where = `WHERE ${match(keys)} LIMIT 1 FOR ${strength}`
      const row = `SELECT ${columns} FROM ${this.#name(table)} AS t ${where}`
      const from = `unnest(${arrays(table, keys)}) AS r(${aliases(keys)})`
      return `SELECT t.* FROM ${from} CROSS JOIN LATERAL (${row}) AS t`
    })
  }

  /** Parameters: arrays of all columns, in key order. Answers with the keys that were inserted. */
  insert(table: AnyTable): Statement {
    return this.#statement('insert', table, () => {
      const keys = keyNames(table).map(quoted).join(', ')
      return `${this.#insertInto(table)} ON CONFLICT DO NOTHING RETURNING ${keys}`
    })
  }

  /** Parameters: arrays of all columns, in key order, each key once. */
  put(table: AnyTable): Statement {
    return this.#statement('put', table, () => {
      const keys: readonly string[] = keyNames(table)
      const others = columnNames(table).filter((name) => !keys.includes(name))
      const sets = others.map((name) => `${quoted(name)} = excluded.${quoted(name)}`).join(', ')
      const action = others.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${sets}`
      return `${this.#insertInto(table)} ON CONFLICT (${keys.map(quoted).join(', ')}) ${action}`
    })
  }

  /**
   * Of a table whose key is one column. Parameters: arrays of it and of the columns that change.
   * The rows are locked by an earlier statement. They come out of one scan of the index and meet
   * what was given in a hash or merge join: a nested one, which sessions switch off, would compare
   * all with all where the table is known to have one row.
   */
  update(table: AnyTable, columns: readonly string[]): Statement {
    return this.#statement(`update ${columns.map(snakeCase).join(' ')} of`, table, () => {
      const [key = '', ...more] = keyNames(table)
      assert(more.length === 0, 'what has a longer key is put')
      const names = [key, ...columns]
      const values = columns.map((name, at) => `${quoted(name)} = r.k${1 + at}`)
      const from = `unnest(${arrays(table, names)}) AS r(${aliases(names)})`
      const set = `UPDATE ${this.#name(table)} AS t SET ${values.join(', ')} FROM ${from}`
      return `${set} WHERE ${match([key])} AND t.${quoted(key)} = ANY ($1)`
    })
  }

  /** Parameters: arrays of the key's columns. The rows are locked by an earlier statement. */
  delete(table: AnyTable): Statement {
    return this.#statement('delete', table, () => {
      const keys = keyNames(table)
      const name = this.#name(table)
      const from = `unnest(${arrays(table, keys)}) AS r(${aliases(keys)})`
      const row = `SELECT t.ctid FROM ${name} AS t WHERE ${match(keys)} LIMIT 1`
      const places = `SELECT t.ctid FROM ${from} CROSS JOIN LATERAL (${row}) AS t`
      return `DELETE FROM ${name} WHERE ctid = ANY (ARRAY(${places}))`
    })
  }

  /** Parameters: prefix, after, from, before, limit. */
  scan(table: AnyTable, range: KeyRange): Statement {
    return this.#statement(`scan ${shapeOf(range)}`, table, () => {
      const keys = keyNames(table)
      const { prefix, descending } = range
      const [above, below] = descending === true ? ['<', '>'] : ['>', '<']
      let parameters = 0
      const mark = (name: string): string => `$${++parameters}::${arrayTypes[typeOf(table, name)]}`
      const bound = (key: Key | undefined, operator: string): string[] => {
        if (key === undefined || key.length === 0) return []
        const names = keys.slice(prefix.length, prefix.length + key.length)
        const columns = names.map((name) => `t.${quoted(name)}`).join(', ')
        return [`(${columns}) ${operator} (${names.map(mark).join(', ')})`]
      }
      const conditions = [
        ...prefix.map((_, at) => `t.${quoted(keys[at] as string)} = ${mark(keys[at] as string)}`),
        ...bound(range.after, above),
        ...bound(range.from, `${above}=`),
        ...bound(range.before, below),
      ]
      const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`
      const order = keys.map((name) => `t.${quoted(name)} ${descending === true ? 'DESC' : 'ASC'}`)
      const select = `SELECT ${columnList(table)} FROM ${this.#name(table)} AS t${where}`
      return `${select} ORDER BY ${order.join(', ')} LIMIT $${++parameters}::int8`
    })
  }

  /** Parameters: the earlier snapshot, limit. What is visible now, and was not then. */
  changes(table: AnyTable): Statement {
    return this.#statement('changes', table, () => {
      const unseen = [
        't.xid >= pg_snapshot_xmin($1::pg_snapshot)',
        'NOT pg_visible_in_snapshot(t.xid, $1::pg_snapshot)',
        // Rows that were copied from another server carry its numbers: they are no news.
        'pg_visible_in_snapshot(t.xid, pg_current_snapshot())',
      ]
      const select = `SELECT ${columnList(table)} FROM ${this.#name(table)} AS t`
      return `${select} WHERE ${unseen.join(' AND ')} ORDER BY t.xid LIMIT $2::int8`
    })
  }

  #insertInto(table: AnyTable): string {
    const names = columnNames(table)
    const columns = names.map(quoted).join(', ')
    const rows = `SELECT * FROM unnest(${arrays(table, names)})`
    return `INSERT INTO ${this.#name(table)} (${columns}) ${rows}`
  }

  #name(table: AnyTable): string {
    return `${this.schema}.${quoted(table.name)}`
  }

  #statement(verb: string, table: AnyTable, text: () => string): Statement {
    const name = `${verb} ${table.name}`
    let made = this.#made.get(name)
    if (made === undefined) this.#made.set(name, (made = { name, text: text() }))
    return made
  }
}

export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** Ranges of one shape have one statement. */
function shapeOf(range: KeyRange): string {
  const { prefix, after, from, before, descending } = range
  const lengths = [prefix, after, from, before].map((key) => key?.length ?? 0)
  return `${lengths.join('/')}${descending === true ? ' down' : ''}`
}

function quoted(name: string): string {
  return quotedName(snakeCase(name))
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

/** Text compares as bytes, whatever the locale of the database. */
function columnSql(table: AnyTable, name: string): string {
  const type = typeOf(table, name)
  const collation = type.startsWith('text') ? ' COLLATE "C"' : ''
  return `${quoted(name)} ${arrayTypes[type]}${collation}${type.endsWith('?') ? '' : ' NOT NULL'}`
}

function columnList(table: AnyTable): string {
  return columnsOf(columnNames(table))
}

function columnsOf(names: readonly string[]): string {
  return names.map((name) => `t.${quoted(name)}`).join(', ')
}

function arrays(table: AnyTable, names: readonly string[]): string {
  return names.map((name, at) => `$${at + 1}::${arrayTypes[typeOf(table, name)]}[]`).join(', ')
}

const aliases = (keys: readonly string[]): string => keys.map((_, at) => `k${at}`).join(', ')

function match(keys: readonly string[]): string {
  return keys.map((name, at) => `t.${quoted(name)} = r.k${at}`).join(' AND ')
}
