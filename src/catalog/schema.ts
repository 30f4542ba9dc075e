/**
 * Every table of the catalog. Persisted: columns are added with a migration, never renamed or
 * reused. Lock classes follow one global order: group id, topic, transaction, partition, consumer
 * group, lease, object, counter, client quota, change.
 */
import { lockClass } from './lock-class.ts'
import { changeCounter, changeLog } from './schema-changes.ts'
import { compactions } from './schema-compaction.ts'
import { brokerNames, brokers, placements } from './schema-fleet.ts'
import { associationTables } from './schema-associations.ts'
import { keyTables } from './schema-keys.ts'
import { contractTables } from './schema-contracts.ts'
import { registryTables } from './schema-registry.ts'
import { resourceConfigs } from './schema-configs.ts'
import {
  abortedRanges,
  openTransactions,
  pendingOffsets,
  transactionGroups,
  transactionPartitions,
  transactions,
} from './schema-transactions.ts'
import type { Table } from './table.ts'

/** Facts of the cluster by name: 'cluster.id', 'leader.epoch', 'schema.level'. */
export interface ClusterFactRow {
  name: string
  value: string
}

/**
 * Names that were drawn once are never drawn again: partition ids, producer ids, broker
 * incarnations, files.
 */
export interface CounterRow {
  name: string
  /** The next value to hand out. */
  next: number
}

/** A topic by id. A deleted topic's row stays, with `deletedMs`, until its data is gone. */
export interface TopicRow {
  topicId: string
  name: string
  /** Partition ids by index, as JSON: [17,18,…]. */
  partitionIds: string
  /** Overridden topic configs as JSON: {"retention.ms":"1000"}. */
  configs: string
  /** The contract that it is under: ID@REVISION, see schema-contracts.ts. */
  contract: string | null
  /**
   * Raised by every change of `configs` or `contract`; an append judged under an older one is sent
   * back.
   */
  configVersion: number
  replicationFactor: number
  createdMs: number
  deletedMs: number | null
}

/** Names of living topics. */
export interface TopicNameRow {
  name: string
  topicId: string
}

export interface PartitionRow {
  partitionId: number
  topicId: string
  partitionIndex: number
  logStart: number
  /** The offset that the next record gets; the high watermark, since what is committed is readable. */
  logEnd: number
  leaderEpoch: number
  /** Offsets below are in packed extents; from here on in the commit log. */
  packedEnd: number
  /**
   * Producers whose ids were drawn since all that wrote here are remembered: from this id on, who
   * has no producer state here has written nothing here.
   */
  producersKnownFrom: number
  /** Those of its producers that wrote last, see recent-producers.ts. */
  recentProducers: Uint8Array | null
}

/**
 * What is known of a producer in a partition: KIP-98's window of five batches. Here stand those
 * that the partition's own row has no place for.
 */
export interface ProducerStateRow {
  partitionId: number
  producerId: number
  epoch: number
  /**
   * Newest first, at most five of (base sequence i32, last sequence i32, base offset i64, timestamp
   * i64).
   */
  window: Uint8Array
  lastMs: number
  /** Where its open transaction begins in this partition; null where it wrote none. */
  transactionOffset: number | null
  /** The time of the last marker of its transactions here; null: there was none. */
  markerMs: number | null
}

/** One row per group of appends: claim, manifest, answer to unknown outcomes, and the change feed. */
export interface CommitLogRow {
  /** The broker incarnation that sealed the group. */
  incarnation: number
  /** Counts the groups of that incarnation, in sealing order. */
  groupNumber: number
  state: 'committed' | 'cancelled'
  /** '' for a group that has no bytes: it ends transactions, and its manifest holds markers only. */
  objectId: string
  /** Where the group stands in its object, header included. */
  position: number
  length: number
  createdMs: number
  /**
   * Runs, see manifest.ts. Empty when cancelled or once the group is packed and its outcomes are
   * old.
   */
  manifest: Uint8Array
  /** One per append of the group, see outcomes.ts. */
  outcomes: Uint8Array
  /** What it changed of transactions, see transaction-changes.ts; null: nothing. */
  changes: Uint8Array | null
}

/**
 * The bytes of a small group, which travel in its commit. A table of its own, so that neither the
 * commit log nor the partitions carry bytes; databases shall store them as they are, out of line.
 */
export interface InlineDataRow {
  incarnation: number
  groupNumber: number
  /** The batches, one behind the other: at most 256 KiB. */
  bytes: Uint8Array
}

/** A blob in the object store, a journal file in one of its incarnations, or a row of inline data. */
export interface ObjectRow {
  objectId: string
  kind: 'journal' | 'packed' | 'inline'
  state: 'writing' | 'live' | 'garbage' | 'cancelled'
  size: number
  createdMs: number
  /** When it became garbage or was cancelled; its bytes may go when the grace is over. */
  unnamedMs: number | null
}

/** Runs of batches in packed objects. Journal runs are in the commit log. */
export interface ExtentRow {
  partitionId: number
  baseOffset: number
  nextOffset: number
  objectId: string
  position: number
  length: number
  maxTimestampMs: number
  leaderEpoch: number
  createdMs: number
}

/** Which partitions name an object, so that deleting it can be re-checked by key. */
export interface ObjectUseRow {
  objectId: string
  partitionId: number
  /** Extents of that partition in that object. */
  extents: number
}

/**
 * A consumer group of the classic protocol, whole: it is written only when membership or assignment
 * changes.
 */
export interface ConsumerGroupRow {
  groupId: string
  /** Raised by whoever takes the group over; a write with an older one is refused. */
  coordinatorEpoch: number
  protocolType: string
  generation: number
  /** Versioned JSON of members, protocol and assignments, see group/. */
  body: string
  changedMs: number
}

export interface GroupOffsetRow {
  groupId: string
  topicId: string
  partitionIndex: number
  offset: number
  leaderEpoch: number
  metadata: string
  committedMs: number
  /** Set by old clients only (OffsetCommit v2–4 retention); null means the broker's retention. */
  expiresMs: number | null
}

export interface LeaseRow {
  name: string
  incarnation: number
  expiresMs: number
}

/** Quotas of users, client ids or ips. */
export interface ClientQuotaRow {
  /** Types and names as JSON, see quota/quota-entity.ts: [["user",null],["client-id","a"]]. */
  entity: string
  /** Values by Kafka's names as JSON: {"producer_byte_rate":1024}. */
  quotas: string
}

export const clusterFacts: Table<ClusterFactRow> = {
  name: 'cluster_fact',
  lockClass: lockClass.counter,
  columns: { name: 'text', value: 'text' },
  key: ['name'],
}

export const counters: Table<CounterRow> = {
  name: 'counter',
  lockClass: lockClass.counter,
  columns: { name: 'text', next: 'int' },
  key: ['name'],
}

export const topics: Table<TopicRow> = {
  name: 'topic',
  lockClass: lockClass.topic,
  columns: {
    topicId: 'text',
    name: 'text',
    partitionIds: 'text',
    configs: 'text',
    contract: 'text?',
    configVersion: 'int',
    replicationFactor: 'int',
    createdMs: 'int',
    deletedMs: 'int?',
  },
  key: ['topicId'],
}

export const topicNames: Table<TopicNameRow> = {
  name: 'topic_name',
  lockClass: lockClass.topic,
  columns: { name: 'text', topicId: 'text' },
  key: ['name'],
}

export const partitions: Table<PartitionRow> = {
  name: 'partition',
  lockClass: lockClass.partition,
  columns: {
    partitionId: 'int',
    topicId: 'text',
    partitionIndex: 'int',
    logStart: 'int',
    logEnd: 'int',
    leaderEpoch: 'int',
    packedEnd: 'int',
    producersKnownFrom: 'int',
    recentProducers: 'bytes?',
  },
  key: ['partitionId'],
}

export const producerStates: Table<ProducerStateRow> = {
  name: 'producer_state',
  lockClass: lockClass.producerState,
  columns: {
    partitionId: 'int',
    producerId: 'int',
    epoch: 'int',
    window: 'bytes',
    lastMs: 'int',
    transactionOffset: 'int?',
    markerMs: 'int?',
  },
  key: ['partitionId', 'producerId'],
  guard: { table: 'partition', columns: ['partitionId'] },
}

export const commitLog: Table<CommitLogRow> = {
  name: 'commit_log',
  lockClass: lockClass.groupId,
  columns: {
    incarnation: 'int',
    groupNumber: 'int',
    state: 'text',
    objectId: 'text',
    position: 'int',
    length: 'int',
    createdMs: 'int',
    manifest: 'bytes',
    outcomes: 'bytes',
    changes: 'bytes?',
  },
  key: ['incarnation', 'groupNumber'],
  wide: true,
  feed: true,
}

export const inlineData: Table<InlineDataRow> = {
  name: 'inline_data',
  lockClass: lockClass.groupId,
  columns: { incarnation: 'int', groupNumber: 'int', bytes: 'bytes' },
  key: ['incarnation', 'groupNumber'],
  guard: { table: 'commit_log', columns: ['incarnation', 'groupNumber'] },
  wide: true,
}

export const objects: Table<ObjectRow> = {
  name: 'object',
  lockClass: lockClass.object,
  columns: {
    objectId: 'text',
    kind: 'text',
    state: 'text',
    size: 'int',
    createdMs: 'int',
    unnamedMs: 'int?',
  },
  key: ['objectId'],
}

export const extents: Table<ExtentRow> = {
  name: 'extent',
  lockClass: lockClass.partition,
  columns: {
    partitionId: 'int',
    baseOffset: 'int',
    nextOffset: 'int',
    objectId: 'text',
    position: 'int',
    length: 'int',
    maxTimestampMs: 'int',
    leaderEpoch: 'int',
    createdMs: 'int',
  },
  key: ['partitionId', 'baseOffset'],
  guard: { table: 'partition', columns: ['partitionId'] },
}

export const objectUses: Table<ObjectUseRow> = {
  name: 'object_use',
  lockClass: lockClass.object,
  columns: { objectId: 'text', partitionId: 'int', extents: 'int' },
  key: ['objectId', 'partitionId'],
  guard: { table: 'partition', columns: ['partitionId'] },
}

export const consumerGroups: Table<ConsumerGroupRow> = {
  name: 'consumer_group',
  lockClass: lockClass.consumerGroup,
  columns: {
    groupId: 'text',
    coordinatorEpoch: 'int',
    protocolType: 'text',
    generation: 'int',
    body: 'text',
    changedMs: 'int',
  },
  key: ['groupId'],
  wide: true,
}

export const groupOffsets: Table<GroupOffsetRow> = {
  name: 'group_offset',
  lockClass: lockClass.groupOffset,
  columns: {
    groupId: 'text',
    topicId: 'text',
    partitionIndex: 'int',
    offset: 'int',
    leaderEpoch: 'int',
    metadata: 'text',
    committedMs: 'int',
    expiresMs: 'int?',
  },
  key: ['groupId', 'topicId', 'partitionIndex'],
}

export const leases: Table<LeaseRow> = {
  name: 'lease',
  lockClass: lockClass.lease,
  columns: { name: 'text', incarnation: 'int', expiresMs: 'int' },
  key: ['name'],
}

export const clientQuotas: Table<ClientQuotaRow> = {
  name: 'client_quota',
  lockClass: lockClass.clientQuota,
  columns: { entity: 'text', quotas: 'text' },
  key: ['entity'],
}

/** All of them, in the order in which they are created. */
export const catalogTables: readonly Table<never>[] = [
  clusterFacts,
  counters,
  topics,
  topicNames,
  partitions,
  producerStates,
  transactions,
  transactionPartitions,
  transactionGroups,
  openTransactions,
  abortedRanges,
  pendingOffsets,
  commitLog,
  objects,
  extents,
  objectUses,
  consumerGroups,
  groupOffsets,
  leases,
  clientQuotas,
  resourceConfigs,
  changeCounter,
  changeLog,
  brokerNames,
  brokers,
  placements,
  inlineData,
  compactions,
  ...registryTables,
  ...keyTables,
  ...associationTables,
  ...contractTables,
] as readonly Table<never>[]
