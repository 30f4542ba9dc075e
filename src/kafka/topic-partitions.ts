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

/** Partitions from index `from` on, before `before`, as a client of that zone is led. */
export function partitionReplies(
  { cluster, logs }: Broker,
  { partitionIds }: KnownTopic,
  zone: string | undefined,
  from: number = 0,
  before: number = partitionIds.length,
): PartitionReply[] {
  return partitionIds.slice(from, before).map((partitionId, index) => {
    const replicas = [...cluster.replicasOf(partitionId, zone)]
    return {
      errorCode: ErrorCode.NONE,
      partitionIndex: from + index,
      leaderId: cluster.leaderOf(partitionId, zone),
      leaderEpoch: logs.index.get(partitionId)?.leaderEpoch ?? 0,
      replicaNodes: replicas,
      isrNodes: replicas,
    }
  })
}
