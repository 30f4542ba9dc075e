/**
 * What a starting broker reads of the catalog: partitions, and the commit log of what is not packed
 * yet.
 */
import { Failure } from '../base/errors.ts'
import {
  catalogLimits,
  type CatalogDatabase,
  type ReadTransaction,
  type Transaction,
} from './database.ts'
import { compareKeys, type Key, keyOf, type Table } from './table.ts'
import {
  clusterFacts,
  type CommitLogRow,
  commitLog,
  objects,
  type PartitionRow,
  partitions,
} from './schema.ts'
import { type OpenTransactionRow, openTransactions } from './schema-transactions.ts'

/** The key of a group's row. */
export interface GroupKey {
  readonly incarnation: number
  readonly groupNumber: number
}

/**
 * The fact that holds the last group that is packed with all groups before it, as JSON. Only one
 * incarnation commits at a time, so that no group is added before it later; brokers that commit
 * side by side will need one each.
 */
const packedGroupsFact = 'packed.groups'

/** Every row of a table behind `from`, in pages, in key order. */
async function scanAll<Row extends object>(
  tx: ReadTransaction,
  table: Table<Row>,
  from: Key | undefined,
  each: (row: Row) => void,
): Promise<void> {
  const limit = catalogLimits.scanRowsMax
  for (let after = from; ;) {
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
  /**
   * Committed groups that still name a journal object, or hold markers (of no object, ''), in the
   * order of commits of each incarnation.
   */
  readonly groups: readonly CommitLogRow[]
  /** Transactions that are open in partitions. */
  readonly open: readonly OpenTransactionRow[]
  /** Journal objects that are not garbage, by id. */
  readonly journalObjects: readonly string[]
}

/** One snapshot of all of it. */
export function readTail(database: CatalogDatabase): Promise<Tail> {
  return database.snapshot('read tail', async (tx) => {
    const found = {
      partitions: [] as PartitionRow[],
      groups: [] as CommitLogRow[],
      open: [] as OpenTransactionRow[],
    }
    const live = await readJournalObjects(tx)
    await scanAll(tx, partitions, undefined, (row) => found.partitions.push(row))
    const packed = await packedGroupsIn(tx)
    const from = packed && [packed.incarnation, packed.groupNumber]
    await scanAll(tx, commitLog, from, (row) => {
      const isUnpacked = row.objectId === '' || live.has(row.objectId)
      if (row.state === 'committed' && isUnpacked) found.groups.push(row)
    })
    await scanAll(tx, openTransactions, undefined, (row) => found.open.push(row))
    found.groups.sort((a, b) => compareKeys(keyOf(commitLog, a), keyOf(commitLog, b)))
    return { ...found, journalObjects: [...live] }
  })
}

/** Their ids begin alike; packed ones are many and not wanted here. */
async function readJournalObjects(tx: ReadTransaction): Promise<Set<string>> {
  const limit = catalogLimits.scanRowsMax
  const bounds = { prefix: [], before: ['journal.'], limit }
  const live = new Set<string>()
  for (let range: object = { from: ['journal-'] }; ;) {
    const page = await tx.scan(objects, { ...bounds, ...range })
    for (const { objectId, state } of page) if (state === 'live') live.add(objectId)
    const last = page.at(-1)
    if (last === undefined || page.length < limit) return live
    range = { after: [last.objectId] }
  }
}

/** Of the tail's groups those whose bytes a journal must have. */
export const groupsWithBytes = ({ groups }: Tail): CommitLogRow[] =>
  groups.filter(({ objectId }) => objectId !== '')

/** The last group of those that are all packed, refused or cancelled; undefined where none is. */
export function readPackedGroups(database: CatalogDatabase): Promise<GroupKey | undefined> {
  return database.snapshot('read packed groups', packedGroupsIn)
}

async function packedGroupsIn(tx: ReadTransaction): Promise<GroupKey | undefined> {
  const [fact] = await tx.get(clusterFacts, [[packedGroupsFact]])
  if (fact === undefined) return undefined
  const parts: unknown = JSON.parse(fact.value)
  if (Array.isArray(parts) && parts.length === 2 && parts.every(Number.isSafeInteger)) {
    return { incarnation: Number(parts[0]), groupNumber: Number(parts[1]) }
  }
  throw new Failure('corrupt', `the fact ${packedGroupsFact} is ${fact.value}`)
}

/** Behind all other rows of the transaction, as the order of locks wants it. */
export function writePackedGroups(tx: Transaction, last: GroupKey): Promise<void> {
  const value = JSON.stringify([last.incarnation, last.groupNumber])
  return tx.put(clusterFacts, [{ name: packedGroupsFact, value }])
}
