/**
 * What a starting broker reads of the catalog: partitions, and the commit log of what is not packed
 * yet.
 */
import { catalogLimits, type CatalogDatabase, type ReadTransaction } from './database.ts'
import { compareKeys, type Key, keyOf, type Table } from './table.ts'
import { type CommitLogRow, commitLog, objects, type PartitionRow, partitions } from './schema.ts'

/** Every row of a table, in pages, in key order. */
export async function scanAll<Row extends object>(
  tx: ReadTransaction,
  table: Table<Row>,
  each: (row: Row) => void,
): Promise<void> {
  const limit = catalogLimits.scanRowsMax
  for (let after: Key | undefined; ;) {
    const range = after === undefined ? { prefix: [], limit } : { prefix: [], limit, after }
    const rows = await tx.scan(table, range)
    for (const row of rows) each(row)
    const last = rows.at(-1)
    if (last === undefined || rows.length < limit) return
    after = keyOf(table, last)
  }
}

export interface Tail {
  readonly partitions: readonly PartitionRow[]
  /** Committed groups that still name a journal object, in the order of commits of each incarnation. */
  readonly groups: readonly CommitLogRow[]
  /** Journal objects that are not garbage, by id. */
  readonly journalObjects: readonly string[]
}

/** One snapshot of all of it. */
export function readTail(database: CatalogDatabase): Promise<Tail> {
  return database.snapshot('read tail', async (tx) => {
    const found = {
      partitions: [] as PartitionRow[],
      groups: [] as CommitLogRow[],
      journalObjects: [] as string[],
    }
    // Their ids begin alike; packed ones are many and not wanted here.
    const range = {
      prefix: [],
      from: ['journal-'],
      before: ['journal.'],
      limit: catalogLimits.scanRowsMax,
    }
    for (const { objectId, state } of await tx.scan(objects, range)) {
      if (state === 'live') found.journalObjects.push(objectId)
    }
    await scanAll(tx, partitions, (row) => found.partitions.push(row))
    await scanAll(tx, commitLog, (row) => {
      if (row.state === 'committed' && row.manifest.length > 0) found.groups.push(row)
    })
    found.groups.sort((a, b) => compareKeys(keyOf(commitLog, a), keyOf(commitLog, b)))
    return found
  })
}
