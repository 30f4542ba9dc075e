/**
 * What a coordinator knows of one classic group. Immutable: a decision makes the next one, a failed
 * write keeps this one.
 */
import type { ClassicStateName } from './listing.ts'
import type { MemberProtocol } from './membership.ts'

/** Names a request that waits for its answer, within one mailbox. */
export type Ticket = number

export interface Member {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  readonly rebalanceTimeoutMs: number
  readonly protocols: readonly MemberProtocol[]
  readonly assignment: Uint8Array
  /** Not yet told a generation; never written to the catalog. */
  readonly isNew: boolean
  readonly joinTicket: Ticket | null
  readonly syncTicket: Ticket | null
}

/**
 * The first rebalance of an empty group gives others time to join
 * (group.initial.rebalance.delay.ms).
 */
export interface InitialRebalance {
  /** How long the running delay is. */
  readonly delayMs: number
  /** How much it may be extended by newcomers. */
  readonly remainingMs: number
  readonly newMemberAdded: boolean
}

export interface GroupState {
  readonly type: 'classic'
  readonly groupId: string
  readonly name: ClassicStateName
  /** Wall time of the last change of `name`: empty groups' offsets expire from here. */
  readonly sinceMs: number
  readonly generation: number
  /** null until the first member joins: a group that only commits offsets. */
  readonly protocolType: string | null
  /** null unless a generation has chosen one. */
  readonly protocolName: string | null
  readonly leaderId: string | null
  /** In the order of joining: the next leader is the first. */
  readonly members: ReadonlyMap<string, Member>
  /** Member ids by instance id. */
  readonly staticIds: ReadonlyMap<string, string>
  /** Ids that were given (KIP-394) and not yet joined with. */
  readonly pendingJoins: ReadonlySet<string>
  /** Members of this generation that have not yet asked for their assignment. */
  readonly pendingSyncs: ReadonlySet<string>
  /** How many members wait for their join's answer. */
  readonly waitingJoins: number
  /** null unless preparing the first rebalance after being empty. */
  readonly initial: InitialRebalance | null
}

export const noBytes: Uint8Array = new Uint8Array(0)

export function emptyGroup(groupId: string, nowMs: number): GroupState {
  return {
    type: 'classic',
    groupId,
    name: 'empty',
    sinceMs: nowMs,
    generation: 0,
    protocolType: null,
    protocolName: null,
    leaderId: null,
    members: new Map(),
    staticIds: new Map(),
    pendingJoins: new Set(),
    pendingSyncs: new Set(),
    waitingJoins: 0,
    initial: null,
  }
}

export function hasAllJoined(state: GroupState): boolean {
  return state.members.size === state.waitingJoins && state.pendingJoins.size === 0
}

/** The group waits for its slowest member. */
export function rebalanceTimeoutMs(state: GroupState): number {
  let longest = 0
  for (const { rebalanceTimeoutMs: each } of state.members.values()) {
    if (each > longest) longest = each
  }
  return longest
}

/** What `member` tells about the protocol; empty if it does not know it. */
export function metadataOf(member: Member, protocolName: string | null): Uint8Array {
  const protocol = member.protocols.find(({ name }) => name === protocolName)
  return protocol?.metadata ?? noBytes
}

/** What a member takes in the group's row, roughly: all that its client may make long. */
export function memberBytes(member: Member): number {
  const { memberId, instanceId, clientId, assignment } = member
  let total = memberId.length + (instanceId?.length ?? 0) + clientId.length + assignment.length
  for (const { name, metadata } of member.protocols) total += name.length + metadata.length
  return total
}
