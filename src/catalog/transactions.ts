/**
 * Transactional ids: changed under their lock, each change a single transaction that may be
 * repeated. How they end is in end-transaction.ts.
 */
import { Failure } from '../base/errors.ts'
import { catalogLimits, type CatalogDatabase, type Transaction } from './database.ts'
import { transactionPartitionsMax } from './end-transaction.ts'
import { consumerGroups, groupOffsets, partitions, topics } from './schema.ts'
import {
  type PendingOffsetRow,
  pendingOffsets,
  transactionGroups,
  transactionPartitions,
  type TransactionRow,
  transactions,
} from './schema-transactions.ts'

/** What is added to an open transaction. */
export interface Registering {
  readonly partitionIds?: readonly number[]
  readonly groupId?: string
}

interface Judged {
  /** The row as it becomes; nothing changes without. */
  readonly next?: TransactionRow
  /** What is to be registered is allowed. */
  readonly isGranted: boolean
}

/** Judges a transactional id under its lock. Pure. */
export type TransactionJudge<Verdict> = (row: TransactionRow | undefined) => Verdict & Judged

/**
 * Changes a transactional id as `judge` says, and registers what is added where it is granted.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': ask again. 'overloaded': more is registered
 *   than a transaction may have; nothing was written.
 */
export function changeTransaction<Verdict>(
  database: CatalogDatabase,
  transactionalId: string,
  judge: TransactionJudge<Verdict>,
  registering: Registering = {},
): Promise<Verdict> {
  return database.transaction('change transaction', (tx) =>
    changeIn(tx, transactionalId, judge, registering),
  )
}

async function changeIn<Verdict>(
  tx: Transaction,
  transactionalId: string,
  judge: TransactionJudge<Verdict>,
  registering: Registering,
): Promise<Verdict> {
  const [row] = await tx.lock(transactions, [[transactionalId]], 'exclusive')
  const verdict = judge(row)
  const { next, isGranted } = verdict
  if (next !== undefined && row !== undefined) await tx.put(transactions, [next])
  if (next !== undefined && row === undefined) {
    const [isNew] = await tx.insert(transactions, [next])
    if (isNew !== true) throw new Failure('unavailable', `${transactionalId} was just made`)
  }
  if (isGranted) await register(tx, transactionalId, registering)
  return verdict
}

/** Under the transaction's exclusive lock. @throws Failure 'overloaded' */
async function register(
  tx: Transaction,
  transactionalId: string,
  { partitionIds = [], groupId }: Registering,
): Promise<void> {
  const range = { prefix: [transactionalId], limit: transactionPartitionsMax }
  const keys = partitionIds.map((partitionId) => [transactionalId, partitionId] as const)
  const known = keys.length === 0 ? [] : await tx.get(transactionPartitions, keys)
  const fresh = partitionIds.filter((_, index) => known[index] === undefined)
  if (fresh.length > 0) {
    const count = (await tx.scan(transactionPartitions, range)).length
    if (count + fresh.length > transactionPartitionsMax) throw tooLarge(transactionalId)
    const rows = fresh.map((partitionId) => ({ transactionalId, partitionId }))
    await tx.put(transactionPartitions, rows)
  }
  if (groupId === undefined) return
  const groups = await tx.scan(transactionGroups, range)
  if (groups.some((each) => each.groupId === groupId)) return
  if (groups.length >= transactionPartitionsMax) throw tooLarge(transactionalId)
  await tx.put(transactionGroups, [{ transactionalId, groupId }])
}

function tooLarge(transactionalId: string): Failure {
  const most = `a transaction has at most ${transactionPartitionsMax} partitions and groups`
  return new Failure('overloaded', `${transactionalId}: ${most}`)
}

export interface SeenTransaction {
  readonly row: TransactionRow | undefined
  /** One per partition that was asked for. */
  readonly isRegistered: readonly boolean[]
}

/** The row, and which partitions are registered with it, as of one moment. */
export function readTransaction(
  database: CatalogDatabase,
  transactionalId: string,
  partitionIds: readonly number[],
): Promise<SeenTransaction> {
  return database.snapshot('read transaction', async (tx) => {
    const [row] = await tx.get(transactions, [[transactionalId]])
    const keys = partitionIds.map((partitionId) => [transactionalId, partitionId])
    const found = keys.length === 0 ? [] : await tx.get(transactionPartitions, keys)
    return { row, isRegistered: found.map((each) => each !== undefined) }
  })
}

export interface DescribedTransaction {
  readonly row: TransactionRow
  readonly partitions: readonly { readonly topicId: string; readonly partitionIndex: number }[]
}

/** @throws Failure 'unavailable' */
export function describeTransaction(
  database: CatalogDatabase,
  transactionalId: string,
): Promise<DescribedTransaction | undefined> {
  return database.snapshot('describe transaction', async (tx) => {
    const [row] = await tx.get(transactions, [[transactionalId]])
    if (row === undefined) return undefined
    const range = { prefix: [transactionalId], limit: transactionPartitionsMax }
    const registered = await tx.scan(transactionPartitions, range)
    const rows = await tx.get(
      partitions,
      registered.map(({ partitionId }) => [partitionId]),
    )
    return { row, partitions: rows.filter((each) => each !== undefined) }
  })
}

/** Rows behind `after`, in the order of ids: at most `limit`. @throws Failure 'unavailable' */
export function readTransactions(
  database: CatalogDatabase,
  after: string | undefined,
  limit: number,
): Promise<TransactionRow[]> {
  const range = after === undefined ? { prefix: [], limit } : { prefix: [], limit, after: [after] }
  return database.snapshot('read transactions', (tx) => tx.scan(transactions, range))
}

/**
 * Forgets a transactional id that has been idle since before `beforeMs`; true where it did.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': call again.
 */
export function forgetTransaction(
  database: CatalogDatabase,
  transactionalId: string,
  beforeMs: number,
): Promise<boolean> {
  return database.transaction('forget transaction', async (tx) => {
    const [row] = await tx.lock(transactions, [[transactionalId]], 'exclusive')
    if (row === undefined || row.state === 'Ongoing' || row.changedMs >= beforeMs) return false
    await tx.delete(transactions, [[transactionalId]])
    return true
  })
}

/** Offsets that a transaction will commit. */
export interface PendingCommit {
  readonly transactionalId: string
  readonly groupId: string
  /** What the group was when the commit was allowed: it must still be so. */
  readonly coordinatorEpoch: number
  readonly generation: number
  readonly offsets: readonly Omit<PendingOffsetRow, 'groupId' | 'producerId' | 'writtenMs'>[]
  readonly nowMs: number
}

export interface PendingResult<Verdict> {
  readonly verdict: Verdict
  /** False: the transaction has not been told of the group. */
  readonly isGroupKnown: boolean
  readonly group: 'same' | 'other-coordinator' | 'other-generation'
  /** One per offset: its topic lives. */
  readonly isLiving: readonly boolean[]
}

/**
 * Writes offsets that count once the transaction commits. With `joins` the group is registered by
 * this (KIP-890), else it must be.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': ask again. 'overloaded': as above.
 */
export function writePendingOffsets<Verdict extends { readonly producerId?: number }>(
  database: CatalogDatabase,
  commit: PendingCommit,
  judge: TransactionJudge<Verdict>,
  joins: boolean,
): Promise<PendingResult<Verdict>> {
  const { transactionalId, groupId, coordinatorEpoch, generation, offsets, nowMs } = commit
  return database.transaction('write pending offsets', async (tx) => {
    const registering = joins ? { groupId } : {}
    const verdict = await changeIn(tx, transactionalId, judge, registering)
    const refusal = { verdict, isGroupKnown: true, group: 'same', isLiving: [] } as const
    const { producerId } = verdict
    if (producerId === undefined) return refusal
    const [known] = await tx.get(transactionGroups, [[transactionalId, groupId]])
    if (known === undefined) return { ...refusal, isGroupKnown: false }
    const [row] = await tx.lock(consumerGroups, [[groupId]], 'exclusive')
    if (row?.coordinatorEpoch !== coordinatorEpoch) {
      return { ...refusal, group: 'other-coordinator' }
    }
    if (row.generation !== generation) return { ...refusal, group: 'other-generation' }
    const isLiving = await areLiving(
      tx,
      offsets.map(({ topicId }) => topicId),
    )
    const rows = offsets
      .filter((_, index) => isLiving[index])
      .map((offset) => ({ ...offset, groupId, producerId, writtenMs: nowMs }))
    for (let at = 0; at < rows.length; at += catalogLimits.scanRowsMax) {
      const some = rows.slice(at, at + catalogLimits.scanRowsMax)
      await tx.put(pendingOffsets, await behindCommitted(tx, some))
    }
    return { ...refusal, isLiving }
  })
}

/**
 * Which of two offsets came later is told by their times, which are of brokers whose clocks differ:
 * none is written before what is committed already, or it would be dropped when its transaction
 * ends. The group's lock keeps others from committing meanwhile.
 */
async function behindCommitted(
  tx: Transaction,
  rows: readonly PendingOffsetRow[],
): Promise<PendingOffsetRow[]> {
  const present = await tx.get(
    groupOffsets,
    rows.map(({ groupId, topicId, partitionIndex }) => [groupId, topicId, partitionIndex]),
  )
  return rows.map((row, index) => {
    const writtenMs = Math.max(row.writtenMs, present[index]?.committedMs ?? 0)
    return { ...row, writtenMs }
  })
}

async function areLiving(tx: Transaction, topicIds: readonly string[]): Promise<boolean[]> {
  const unique = [...new Set(topicIds)]
  const rows = await tx.get(
    topics,
    unique.map((id) => [id]),
  )
  const living = new Set(rows.flatMap((row) => (row?.deletedMs === null ? [row.topicId] : [])))
  return topicIds.map((id) => living.has(id))
}
