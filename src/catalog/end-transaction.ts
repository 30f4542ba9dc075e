/**
 * The end of transactions inside a commit (T1): markers on every partition that is registered,
 * offsets of consumer groups, and the transaction's state, in one SQL transaction. Who decides is
 * the state table above (txn/); here is what follows from it.
 */
import { catalogLimits, type Transaction } from './database.ts'
import type { RunMarker } from './manifest.ts'
import { consumerGroups, type GroupOffsetRow, groupOffsets, topics } from './schema.ts'
import {
  type PendingOffsetRow,
  pendingOffsets,
  transactionGroups,
  transactionPartitions,
  type TransactionRow,
  transactions,
} from './schema-transactions.ts'

/** Partitions and groups of one transaction: its end is one SQL transaction (pitfall E4). */
export const transactionPartitionsMax = 10_000

/** What an end does, as judged on the transaction's row. */
export interface EndDecision {
  /** For whoever asked. */
  readonly answer: unknown
  /** The row as it is afterwards; nothing changes without. */
  readonly next?: TransactionRow
  /** Ends the open transaction: its partitions get this marker. */
  readonly marker?: Omit<RunMarker, 'timestampMs'>
}

/** Asks for the end of a transaction. */
export interface EndIntent {
  readonly transactionalId: string
  /** Pure; called once the row is locked. `undefined`: there is no such transactional id. */
  readonly decide: (row: TransactionRow | undefined, nowMs: number) => EndDecision
}

/** Asks for a marker in one partition, whatever the state of the producer's transactional id. */
export interface MarkIntent {
  readonly partitionId: number
  readonly marker: Omit<RunMarker, 'timestampMs'>
}

export type MarkAnswer = 'written' | 'unknown-partition' | 'stale-producer-epoch'

/** A transactional id that ends its transaction in this commit, with what hangs on it. */
export interface EndingTransaction {
  row: TransactionRow | undefined
  readonly partitionIds: readonly number[]
  readonly groupIds: readonly string[]
  readonly pending: readonly PendingOffsetRow[]
  /** Set once it is decided: what is registered goes. */
  ended: 'commit' | 'abort' | undefined
  isChanged: boolean
}

/** Locks the rows, those that end exclusively, the others shared, in one ascending order. */
export async function lockTransactions(
  tx: Transaction,
  ending: ReadonlySet<string>,
  appending: ReadonlySet<string>,
): Promise<Map<string, TransactionRow>> {
  const byBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))
  const ids = [...new Set([...ending, ...appending])].toSorted(byBytes)
  const locks: Promise<TransactionRow[]>[] = []
  for (let at = 0; at < ids.length;) {
    const isEnding = ending.has(ids[at] as string)
    let to = at
    while (to < ids.length && ending.has(ids[to] as string) === isEnding) to++
    const keys = ids.slice(at, to).map((id) => [id])
    locks.push(tx.lock(transactions, keys, isEnding ? 'exclusive' : 'shared'))
    at = to
  }
  const locked = await Promise.all(locks)
  return new Map(locked.flat().map((row) => [row.transactionalId, row]))
}

/** What is registered with a transaction. Read under its lock. */
export async function readRegistered(
  tx: Transaction,
  transactionalId: string,
): Promise<{ readonly partitionIds: number[]; readonly groupIds: string[] }> {
  const range = { prefix: [transactionalId], limit: transactionPartitionsMax }
  const [partitionRows, groupRows] = await Promise.all([
    tx.scan(transactionPartitions, range),
    tx.scan(transactionGroups, range),
  ])
  const partitionIds = partitionRows.map(({ partitionId }) => partitionId)
  return { partitionIds, groupIds: groupRows.map(({ groupId }) => groupId) }
}

/**
 * The offsets that transactions have pending. Their groups are locked, so that none is deleted
 * meanwhile; of one that is gone already nothing is left.
 */
export async function lockPending(
  tx: Transaction,
  ending: readonly { readonly producerId: number; readonly groupIds: readonly string[] }[],
): Promise<PendingOffsetRow[][]> {
  const groupIds = [...new Set(ending.flatMap((each) => each.groupIds))]
  if (groupIds.length === 0) return ending.map(() => [])
  const keys = groupIds.map((groupId) => [groupId])
  const locked = await tx.lock(consumerGroups, keys, 'exclusive')
  const living = new Set(locked.map(({ groupId }) => groupId))
  const found: PendingOffsetRow[][] = []
  for (const { producerId, groupIds: own } of ending) {
    const rows: PendingOffsetRow[] = []
    for (const groupId of own.filter((id) => living.has(id))) {
      rows.push(...(await pendingOf(tx, groupId, producerId)))
    }
    found.push(rows)
  }
  return found
}

async function pendingOf(
  tx: Transaction,
  groupId: string,
  producerId: number,
): Promise<PendingOffsetRow[]> {
  const limit = catalogLimits.scanRowsMax
  const rows: PendingOffsetRow[] = []
  for (;;) {
    const last = rows.at(-1)
    const after = last === undefined ? {} : { after: [last.topicId, last.partitionIndex] }
    const page = await tx.scan(pendingOffsets, { prefix: [groupId, producerId], limit, ...after })
    rows.push(...page)
    if (page.length < limit) return rows
  }
}

/** Writes rows and offsets of what has ended, and lets go of what was registered. */
export async function writeEnded(
  tx: Transaction,
  ending: ReadonlyMap<string, EndingTransaction>,
): Promise<void> {
  const changed = [...ending.values()].filter(({ isChanged }) => isChanged)
  const rows = changed.flatMap(({ row }) => (row === undefined ? [] : [row]))
  const writes: Promise<unknown>[] = []
  if (rows.length > 0) writes.push(tx.put(transactions, rows))
  for (const [id, { ended, partitionIds, groupIds }] of ending) {
    if (ended === undefined) continue
    const partitionKeys = partitionIds.map((partitionId) => [id, partitionId])
    if (partitionKeys.length > 0) writes.push(tx.delete(transactionPartitions, partitionKeys))
    const groupKeys = groupIds.map((groupId) => [id, groupId])
    if (groupKeys.length > 0) writes.push(tx.delete(transactionGroups, groupKeys))
  }
  const settled = [...ending.values()].filter(({ ended }) => ended !== undefined)
  await Promise.all([...writes, settleOffsets(tx, settled)])
}

async function settleOffsets(
  tx: Transaction,
  settled: readonly EndingTransaction[],
): Promise<void> {
  const committed = settled.filter(({ ended }) => ended === 'commit')
  const offered = committed.flatMap(({ pending }) => pending)
  const limit = catalogLimits.scanRowsMax
  for (let at = 0; at < offered.length; at += limit) {
    await putOffsets(tx, offered.slice(at, at + limit))
  }
  const gone = settled.flatMap(({ pending }) => pending)
  for (let at = 0; at < gone.length; at += limit) {
    const keys = gone.slice(at, at + limit).map((row) => {
      return [row.groupId, row.producerId, row.topicId, row.partitionIndex]
    })
    await tx.delete(pendingOffsets, keys)
  }
}

/** What was committed after a pending offset was written stands, as in Kafka's log. */
async function putOffsets(tx: Transaction, offered: readonly PendingOffsetRow[]): Promise<void> {
  const keys = offered.map((row) => [row.groupId, row.topicId, row.partitionIndex])
  const present = await tx.get(groupOffsets, keys)
  const topicIds = [...new Set(offered.map(({ topicId }) => topicId))]
  const topicRows = await tx.get(
    topics,
    topicIds.map((id) => [id]),
  )
  const living = new Set(topicRows.flatMap((row) => (row?.deletedMs === null ? [row.topicId] : [])))
  const rows = new Map<string, GroupOffsetRow>()
  for (const [index, row] of offered.entries()) {
    if (!living.has(row.topicId)) continue
    if ((present[index]?.committedMs ?? 0) > row.writtenMs) continue
    const { groupId, topicId, partitionIndex, offset, leaderEpoch, metadata } = row
    const place = { groupId, topicId, partitionIndex }
    // The time of its writing: of two transactions the later offset counts, whichever ends last.
    const times = { committedMs: row.writtenMs, expiresMs: null }
    const key = `${topicId} ${partitionIndex} ${groupId}`
    rows.set(key, { ...place, offset, leaderEpoch, metadata, ...times })
  }
  if (rows.size > 0) await tx.put(groupOffsets, [...rows.values()])
}
