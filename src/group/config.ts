/** What of the coordinator can be set, and the limits that cannot. */
import type { AssignorName } from './consumer/assignor.ts'

/** Which of the two protocols' groups may become the other while they have members. */
export type MigrationPolicy = 'bidirectional' | 'upgrade' | 'downgrade' | 'disabled'

export interface GroupConfig {
  /** group.min.session.timeout.ms */
  readonly sessionTimeoutMsMin: number
  /** group.max.session.timeout.ms */
  readonly sessionTimeoutMsMax: number
  /**
   * group.initial.rebalance.delay.ms: a new group waits so long for more members before its first
   * generation.
   */
  readonly initialRebalanceDelayMs: number
  /** group.max.size */
  readonly membersMax: number
  /** offset.metadata.max.bytes */
  readonly offsetMetadataBytesMax: number
  /** offsets.retention.minutes, in ms */
  readonly offsetsRetentionMs: number
  /** offsets.retention.check.interval.ms */
  readonly offsetsRetentionCheckMs: number
  /** group.consumer.session.timeout.ms */
  readonly consumerSessionTimeoutMs: number
  /** group.consumer.heartbeat.interval.ms */
  readonly consumerHeartbeatIntervalMs: number
  /** group.consumer.assignment.interval.ms: a target is not made sooner after the one before. */
  readonly consumerAssignmentIntervalMs: number
  /** group.consumer.max.size */
  readonly consumerMembersMax: number
  /** group.consumer.assignors; the first is used where members ask for none. */
  readonly consumerAssignors: readonly AssignorName[]
  /** group.memory.bytes: what the members of all groups may take. */
  readonly memoryBytesMax: number
  /** group.consumer.migration.policy */
  readonly migrationPolicy: MigrationPolicy
}

/** Kafka's defaults. */
export const defaultGroupConfig: GroupConfig = {
  sessionTimeoutMsMin: 6_000,
  sessionTimeoutMsMax: 1_800_000,
  initialRebalanceDelayMs: 3_000,
  membersMax: 2_147_483_647,
  offsetMetadataBytesMax: 4_096,
  offsetsRetentionMs: 7 * 24 * 60 * 60_000,
  offsetsRetentionCheckMs: 600_000,
  consumerSessionTimeoutMs: 45_000,
  consumerHeartbeatIntervalMs: 5_000,
  consumerAssignmentIntervalMs: 1_000,
  consumerMembersMax: 2_147_483_647,
  consumerAssignors: ['uniform', 'range'],
  memoryBytesMax: 268_435_456,
  migrationPolicy: 'bidirectional',
}

/**
 * After a load a session is at least so long, in ms: clients of a broker that was away wait up to
 * 10 s between two attempts to connect (librdkafka's reconnect.backoff.max.ms).
 */
const reconnectMs = 15_000

/** Everybody's session after a load: members must not pay for the broker's absence. */
export function sessionAfterLoadMs(sessionTimeoutMs: number): number {
  return Math.max(sessionTimeoutMs, reconnectMs)
}

export const groupLimits: {
  readonly groupIdBytesMax: number
  readonly groupsMax: number
  readonly membersMax: number
  readonly pendingMembersMax: number
  readonly protocolsMax: number
  readonly groupBytesMax: number
  readonly queuedEventsMax: number
  readonly offsetsPerCommitMax: number
  readonly queuedOffsetsMax: number
  readonly offsetsPerTransactionMax: number
  readonly groupsPerPage: number
  readonly patternLengthMax: number
  readonly patternsMax: number
  readonly subscribedTopicsMax: number
} = {
  /** A key of the catalog: PostgreSQL's index entries end at 2,704 bytes. */
  groupIdBytesMax: 2_048,
  /** Groups in memory: about 1 KiB each without members; empty ones are forgotten first. */
  groupsMax: 100_000,
  /** Of one group, whatever is configured: a join copies the map of members. */
  membersMax: 5_000,
  /** Ids that were given and not yet joined with; each costs a timer for its session timeout. */
  pendingMembersMax: 5_000,
  /** Ways to assign per member; clients send one to five. */
  protocolsMax: 64,
  /** Metadata and assignments of one group: it is written as one row. */
  groupBytesMax: 8 * 1024 * 1024,
  /** Requests that wait for one group's mailbox; several times the members of a large group. */
  queuedEventsMax: 20_000,
  /** Partitions of one OffsetCommit: one transaction has to take them in under a second. */
  offsetsPerCommitMax: 50_000,
  /** Offsets that wait for the writer, of all groups: about 200 bytes each. */
  queuedOffsetsMax: 500_000,
  /** Waiting commits are joined up to here; keeps a transaction well under a second. */
  offsetsPerTransactionMax: 5_000,
  /** Group rows per statement; most are about 1 KiB. */
  groupsPerPage: 200,
  /** Characters of a regular expression; one so long takes some 20 ms to read. */
  patternLengthMax: 2_048,
  /** Regular expressions that are kept with the topics they match, of all groups. */
  patternsMax: 10_000,
  /** Names that one member is subscribed to. */
  subscribedTopicsMax: 50_000,
}
