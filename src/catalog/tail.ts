/**
 * What a starting broker reads of the catalog: partitions, and the commit log of what is not packed
 * yet.
 */
import { Failure } from '../base/errors.ts'
import {
  catalogLimits,
  type CatalogDatabase,
  type CatalogReader,
  type ReadTransaction,
  type Transaction,
} from './database.ts'
import { type Key, keyOf, type Table } from './table.ts'
import {
  clusterFacts,
  type CommitLogRow,
  commitLog,
  type ObjectRow,
  objects,
  type PartitionRow,
  partitions,
} from './schema.ts'
import { type OpenTransactionRow, openTransactions } from './schema-transactions.ts'

/**
 * How far packing has come in the groups of each incarnation: its last group that is packed,
 * refused or cancelled with all groups of it before. Brokers commit side by side, but the groups of
 * one incarnation only in their order, so that none is added below. It saves work and decides
 * nothing.
 */
export type PackedGroups = ReadonlyMap<number, number>

/** The fact that holds them, as JSON: [[incarnation, group number], …]. */
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
  /** Journal and inline objects that are not garbage, by id. */
  readonly journalObjects: readonly string[]
}

/** One snapshot of all of it. */
export function readTail(database: CatalogReader): Promise<Tail> {
  return database.snapshot('read tail', async (tx) => {
    const found = {
      partitions: [] as PartitionRow[],
      groups: [] as CommitLogRow[],
      open: [] as OpenTransactionRow[],
    }
    const live = await readJournalObjects(tx)
    await scanAll(tx, partitions, undefined, (row) => found.partitions.push(row))
    const packed = await packedGroupsIn(tx)
    for (const incarnation of await incarnationsIn(tx)) {
      await scanGroups(tx, incarnation, packed.get(incarnation), (row) => {
        const isUnpacked = row.objectId === '' || live.has(row.objectId)
        if (row.state === 'committed' && isUnpacked) found.groups.push(row)
      })
    }
    await scanAll(tx, openTransactions, undefined, (row) => found.open.push(row))
    return { ...found, journalObjects: [...live] }
  })
}

/** Their ids begin alike; packed ones are many and not wanted here. */
async function readJournalObjects(tx: ReadTransaction): Promise<Set<string>> {
  const limit = catalogLimits.scanRowsMax
  const live = new Set<string>()
  for (const kind of ['inline', 'journal']) {
    const bounds = { prefix: [], before: [`${kind}.`], limit }
    for (let range: object | undefined = { from: [`${kind}-`] }; range !== undefined;) {
      const page: ObjectRow[] = await tx.scan(objects, { ...bounds, ...range })
      for (const { objectId, state } of page) if (state === 'live') live.add(objectId)
      const last = page.at(-1)
      range = last === undefined || page.length < limit ? undefined : { after: [last.objectId] }
    }
  }
  return live
}

/** Of the tail's groups those whose bytes a journal on disk must have. */
export const groupsWithBytes = ({ groups }: Tail): CommitLogRow[] =>
  groups.filter(({ objectId }) => /^journal-\d+$/.test(objectId))

/** Of groups those that have an object of their own, or stand in the catalog. */
export const groupsOfObjects = (
  groups: readonly CommitLogRow[],
): { readonly objectId: string; readonly length: number }[] =>
  groups.filter(({ objectId, state }) => state === 'committed' && objectId !== '')

/** Incarnations that have groups in the commit log, ascending. */
export async function incarnationsIn(tx: ReadTransaction): Promise<number[]> {
  const found: number[] = []
  for (;;) {
    const last = found.at(-1)
    const behind = last === undefined ? {} : { after: [last, Number.MAX_SAFE_INTEGER] }
    const [row] = await tx.scan(commitLog, { prefix: [], limit: 1, ...behind })
    if (row === undefined) return found
    found.push(row.incarnation)
  }
}

/** Groups of an incarnation behind a number, in their order, in pages. */
async function scanGroups(
  tx: ReadTransaction,
  incarnation: number,
  behind: number | undefined,
  each: (row: CommitLogRow) => void,
): Promise<void> {
  for (let after = behind; ;) {
    const rows = await groupsBehind(tx, incarnation, after, catalogLimits.scanRowsMax)
    for (const row of rows) each(row)
    after = rows.at(-1)?.groupNumber
    if (after === undefined || rows.length < catalogLimits.scanRowsMax) return
  }
}

/** Groups of an incarnation behind a number (undefined: from its first), in their order. */
export function groupsBehind(
  tx: ReadTransaction,
  incarnation: number,
  behind: number | undefined,
  limit: number,
): Promise<CommitLogRow[]> {
  const range = { prefix: [incarnation], limit }
  return tx.scan(commitLog, behind === undefined ? range : { ...range, after: [behind] })
}

export function readPackedGroups(database: CatalogDatabase): Promise<PackedGroups> {
  return database.snapshot('read packed groups', packedGroupsIn)
}

async function packedGroupsIn(tx: ReadTransaction): Promise<PackedGroups> {
  const [fact] = await tx.get(clusterFacts, [[packedGroupsFact]])
  if (fact === undefined) return new Map()
  const pairs: unknown = JSON.parse(fact.value)
  if (Array.isArray(pairs) && pairs.every(isPair)) return new Map(pairs)
  throw new Failure('corrupt', `the fact ${packedGroupsFact} is ${fact.value}`)
}

const isPair = (each: unknown): each is [number, number] =>
  Array.isArray(each) && each.length === 2 && each.every(Number.isSafeInteger)

/**
 * Behind all other rows of the transaction, as the order of locks wants it. Incarnations that have
 * no groups any more are forgotten.
 */
export async function writePackedGroups(tx: Transaction, packed: PackedGroups): Promise<void> {
  const known = new Set(await incarnationsIn(tx))
  const pairs = [...packed].filter(([incarnation]) => known.has(incarnation))
  await tx.put(clusterFacts, [{ name: packedGroupsFact, value: JSON.stringify(pairs) }])
}
