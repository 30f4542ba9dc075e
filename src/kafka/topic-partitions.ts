/** A topic as Metadata and DescribeTopicPartitions show it. */
import type { KnownTopic } from '../log/topic-directory.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import type { Broker } from './broker.ts'

/** Topics of Kafka's own: shown as such, and never made by asking for them. */
const internalNames = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__share_group_state',
  '__cluster_metadata',
])

export function isInternalName(name: string): boolean {
  return internalNames.has(name)
}

export interface PartitionReply {
  readonly errorCode: number
  readonly partitionIndex: number
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly replicaNodes: number[]
  readonly isrNodes: number[]
}

/** Partitions from index `from` on, before `before`. */
export function partitionReplies(
  { nodeId, logs }: Broker,
  { partitionIds }: KnownTopic,
  from: number = 0,
  before: number = partitionIds.length,
): PartitionReply[] {
  return partitionIds.slice(from, before).map((partitionId, index) => ({
    errorCode: ErrorCode.NONE,
    partitionIndex: from + index,
    leaderId: nodeId,
    leaderEpoch: logs.index.get(partitionId)?.leaderEpoch ?? 0,
    replicaNodes: [nodeId],
    isrNodes: [nodeId],
  }))
}
