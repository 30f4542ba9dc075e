/** Scans that take more than one page. */
import type { ReadTransaction } from './database.ts'
import { keyOf, type Key, type Table } from './table.ts'

/** Rows read at once. */
const pageRows = 1_000
/** Versions of a subject, uses of a schema, contracts: more is a client gone wrong. */
const rowsMax = 100_000

/** All rows below a prefix in key order; the last page is read whole where there are `most`. */
export async function scanBelow<Row extends object>(
  tx: ReadTransaction,
  table: Table<Row>,
  prefix: Key,
  most: number = rowsMax,
): Promise<Row[]> {
  const rows: Row[] = []
  for (let after: Key | undefined; rows.length < most;) {
    const from = after === undefined ? {} : { after }
    const page = await tx.scan(table, { prefix, ...from, limit: pageRows })
    rows.push(...page)
    const last = page.at(-1)
    if (page.length < pageRows || last === undefined) break
    after = keyOf(table, last).slice(prefix.length)
  }
  return rows
}
