/**
 * What a coordinator knows of one consumer group (KIP-848): three epochs chase each other. The
 * group's rises with every change of who is subscribed to what; the assignment's tells for which of
 * them the target was made; each member's tells how far it has followed. Immutable.
 */
import type { MemberProtocol } from '../membership.ts'
import type { AssignorName } from './assignor.ts'
import { has, type PartitionSets } from './partition-sets.ts'

/**
 * - stable: has what the target of its epoch says, as far as it knew.
 * - unrevoked: must give partitions up before it may follow to the next epoch.
 * - unreleased: waits for partitions that others have not given up yet.
 */
export type MemberState = 'stable' | 'unrevoked' | 'unreleased'

/** What is more to know of a member that speaks JoinGroup, SyncGroup and Heartbeat. */
export interface ClassicFacet {
  readonly sessionTimeoutMs: number
  /** In the member's order of preference. */
  readonly protocols: readonly MemberProtocol[]
}

/**
 * What a member was given at one epoch (KIP-1251): it may commit offsets for a partition under any
 * of its epochs since then, because nobody else has had it meanwhile.
 */
export interface Gift {
  readonly epoch: number
  readonly partitions: PartitionSets
}

export interface ConsumerMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly rebalanceTimeoutMs: number
  /** Ascending, each once. */
  readonly topicNames: readonly string[]
  /** null: none. */
  readonly topicPattern: string | null
  /** null: whatever the others prefer. */
  readonly assignor: AssignorName | null
  /** `goneForNow` for a static member that said that it will come back. */
  readonly epoch: number
  /** A member that lost the answer which raised its epoch comes with this one. */
  readonly previousEpoch: number
  readonly state: MemberState
  /** Its own, to consume from now on. */
  readonly assigned: PartitionSets
  /** Still its own until it says that it has given them up. */
  readonly revoking: PartitionSets
  /** Since which epoch it has them. */
  readonly gifts: readonly Gift[]
  /** null for a member of the consumer protocol. */
  readonly classic: ClassicFacet | null
}

/** Since which epoch the member has the partition; undefined where it does not have it. */
export function heldSince(
  { assigned, revoking, gifts }: ConsumerMember,
  topicId: string,
  partition: number,
): number | undefined {
  if (!has(assigned, topicId, partition) && !has(revoking, topicId, partition)) return undefined
  return gifts.find(({ partitions }) => has(partitions, topicId, partition))?.epoch
}

/** The epoch of a static member between two of its processes (ConsumerGroupHeartbeat's -2). */
export const goneForNow = -2

export interface ConsumerGroupState {
  readonly type: 'consumer'
  readonly groupId: string
  /** Wall time of the last change of its members. */
  readonly sinceMs: number
  readonly epoch: number
  /** The epoch that `target` was made for. */
  readonly assignmentEpoch: number
  /** When that was, in wall time; 0 where nobody knows. Of this process, not written. */
  readonly assignedMs: number
  /** Who made the target. */
  readonly assignor: AssignorName
  readonly members: ReadonlyMap<string, ConsumerMember>
  /** What each member is to have in the end; a member without entry nothing. */
  readonly target: ReadonlyMap<string, PartitionSets>
  /** Of the topics that the target was made from, with their partitions: has anything changed? */
  readonly topicsSeen: string
  /** When `topicsSeen` was last looked at; of this process, not written. */
  readonly lookedAt: string
  /**
   * Rises whenever a partition gets free: a commit that was allowed before must not come after the
   * next owner has looked where to begin. Classic generations count on from here, and it from them.
   */
  readonly releases: number
}

export function emptyConsumerGroup(
  groupId: string,
  epoch: number,
  assignor: AssignorName,
  nowMs: number,
): ConsumerGroupState {
  return {
    type: 'consumer',
    groupId,
    sinceMs: nowMs,
    epoch,
    assignmentEpoch: epoch,
    assignedMs: 0,
    assignor,
    members: new Map(),
    target: new Map(),
    topicsSeen: '',
    lookedAt: '',
    releases: epoch,
  }
}

export type ConsumerGroupStateName = 'empty' | 'assigning' | 'reconciling' | 'stable'

export function consumerStateName(state: ConsumerGroupState): ConsumerGroupStateName {
  if (state.members.size === 0) return 'empty'
  if (state.epoch > state.assignmentEpoch) return 'assigning'
  for (const member of state.members.values()) {
    if (member.state !== 'stable' || member.epoch !== state.assignmentEpoch) return 'reconciling'
  }
  return 'stable'
}

export function staticMember(
  { members }: ConsumerGroupState,
  instanceId: string,
): ConsumerMember | undefined {
  for (const member of members.values()) if (member.instanceId === instanceId) return member
  return undefined
}

/** Patterns that members are subscribed to, each once. */
export function patternsOf({ members }: ConsumerGroupState): string[] {
  const patterns = new Set<string>()
  for (const { topicPattern } of members.values()) {
    if (topicPattern !== null) patterns.add(topicPattern)
  }
  return [...patterns].toSorted()
}

/** Bytes that a member takes in the group's row, roughly: all that its client may make long. */
export function consumerMemberBytes(member: ConsumerMember): number {
  const { memberId, instanceId, rackId, clientId, topicPattern } = member
  let bytes = 300 + clientId.length
  for (const text of [memberId, instanceId, rackId, topicPattern]) bytes += text?.length ?? 0
  for (const name of member.topicNames) bytes += name.length + 3
  for (const { name, metadata } of member.classic?.protocols ?? []) {
    bytes += name.length + metadata.length * 2
  }
  return bytes
}
