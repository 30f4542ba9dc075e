/** What an assignor is given. */
import type { PartitionSets } from './partition-sets.ts'

export interface AssignorMember {
  readonly memberId: string
  readonly instanceId: string | null
  /** Ids of the topics that it is subscribed to and that exist. */
  readonly topicIds: ReadonlySet<string>
  /** What it was to have before. */
  readonly before: PartitionSets
}

export interface AssignorInput {
  readonly members: readonly AssignorMember[]
  /** Partitions of every topic that anyone is subscribed to. */
  readonly partitionCounts: ReadonlyMap<string, number>
}

/**
 * Static members first, by instance id, so that a process that comes back under another member id
 * stands where it stood.
 */
export function inOrder(members: readonly AssignorMember[]): AssignorMember[] {
  const key = ({ memberId, instanceId }: AssignorMember): string =>
    instanceId === null ? `b${memberId}` : `a${instanceId}`
  return members.toSorted((left, right) => (key(left) < key(right) ? -1 : 1))
}
