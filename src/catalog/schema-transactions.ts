/** The tables of transactions, see schema.ts. Persisted. */
import { lockClass } from './lock-class.ts'
import type { Table } from './table.ts'

/**
 * A transactional id: the state that decides (Kafka's TransactionMetadata). Produce locks it
 * shared; whatever changes it, exclusively. A transaction ends in one SQL transaction, so that
 * Kafka's Prepare states are never seen.
 */
export interface TransactionRow {
  transactionalId: string
  producerId: number
  producerEpoch: number
  /** The id before the epochs of one ran out (KIP-890), for a retry of EndTxn; -1: none. */
  previousProducerId: number
  /** The epoch before the last raise, by which a retry is known; -1: none. */
  lastProducerEpoch: number
  state: 'Empty' | 'Ongoing' | 'CompleteCommit' | 'CompleteAbort'
  /** Raised by each transaction that begins: an append of one before it is refused. */
  serial: number
  /** How long a transaction may be open. */
  timeoutMs: number
  /** When the open transaction began, or else the last one; -1: there was none of this producer. */
  startedMs: number
  changedMs: number
  /** KIP-890: 0 for a client that adds partitions itself (TV1), 2 for one that does not (TV2). */
  clientVersion: number
  /** Whose word counted last, see CoordinatorTerm: what an earlier one still has under way does not. */
  coordinatorVersion: number
  coordinatorIncarnation: number
}

/**
 * Partitions registered with the open transaction of a transactional id: its end writes a marker to
 * each. Written before the first append, gone with the transaction.
 */
export interface TransactionPartitionRow {
  transactionalId: string
  partitionId: number
}

/** Consumer groups that the open transaction commits offsets for; gone with it. */
export interface TransactionGroupRow {
  transactionalId: string
  groupId: string
}

/**
 * Transactions that are open in a partition, by the offset of their first batch there; written with
 * that batch, gone with the marker. A partition's last stable offset is the least of its rows: one
 * scan of one row; its log end where there is none. Never below the log start.
 */
export interface OpenTransactionRow {
  partitionId: number
  firstOffset: number
  producerId: number
}

/**
 * Aborted transactions of a partition, by the offset of their marker: those that concern a range of
 * offsets are found by one scan from its begin. Written with the marker, gone once the log start
 * has passed it or compaction took the marker away.
 */
export interface AbortedRangeRow {
  partitionId: number
  /** That of the marker. */
  lastOffset: number
  firstOffset: number
  producerId: number
  /**
   * The last stable offset behind this abort. What ends later does not begin below it, so that a
   * scan for ranges that begin before some offset is over where this reaches it.
   */
  stableOffset: number
}

/**
 * Offsets that a transaction will commit for a consumer group when it commits. Until then they are
 * pending: OffsetFetch with require_stable has no answer for their partitions (KIP-447).
 */
export interface PendingOffsetRow {
  groupId: string
  producerId: number
  topicId: string
  partitionIndex: number
  offset: number
  leaderEpoch: number
  metadata: string
  /** What was committed without a transaction later than this stands. */
  writtenMs: number
}

export const transactions: Table<TransactionRow> = {
  name: 'transaction_state',
  lockClass: lockClass.transaction,
  columns: {
    transactionalId: 'text',
    producerId: 'int',
    producerEpoch: 'int',
    previousProducerId: 'int',
    lastProducerEpoch: 'int',
    state: 'text',
    serial: 'int',
    timeoutMs: 'int',
    startedMs: 'int',
    changedMs: 'int',
    clientVersion: 'int',
    coordinatorVersion: 'int',
    coordinatorIncarnation: 'int',
  },
  key: ['transactionalId'],
}

export const transactionPartitions: Table<TransactionPartitionRow> = {
  name: 'transaction_partition',
  lockClass: lockClass.transaction,
  columns: { transactionalId: 'text', partitionId: 'int' },
  key: ['transactionalId', 'partitionId'],
  guard: { table: 'transaction_state', columns: ['transactionalId'] },
}

export const transactionGroups: Table<TransactionGroupRow> = {
  name: 'transaction_group',
  lockClass: lockClass.transaction,
  columns: { transactionalId: 'text', groupId: 'text' },
  key: ['transactionalId', 'groupId'],
  guard: { table: 'transaction_state', columns: ['transactionalId'] },
}

export const openTransactions: Table<OpenTransactionRow> = {
  name: 'open_transaction',
  lockClass: lockClass.partition,
  columns: { partitionId: 'int', firstOffset: 'int', producerId: 'int' },
  key: ['partitionId', 'firstOffset'],
  guard: { table: 'partition', columns: ['partitionId'] },
}

export const abortedRanges: Table<AbortedRangeRow> = {
  name: 'aborted_range',
  lockClass: lockClass.partition,
  columns: {
    partitionId: 'int',
    lastOffset: 'int',
    firstOffset: 'int',
    producerId: 'int',
    stableOffset: 'int',
  },
  key: ['partitionId', 'lastOffset'],
  guard: { table: 'partition', columns: ['partitionId'] },
}

export const pendingOffsets: Table<PendingOffsetRow> = {
  name: 'pending_offset',
  lockClass: lockClass.groupOffset,
  columns: {
    groupId: 'text',
    producerId: 'int',
    topicId: 'text',
    partitionIndex: 'int',
    offset: 'int',
    leaderEpoch: 'int',
    metadata: 'text',
    writtenMs: 'int',
  },
  key: ['groupId', 'producerId', 'topicId', 'partitionIndex'],
}
