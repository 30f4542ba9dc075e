/**
 * What members ask of a coordinator and what it answers: join, sync, heartbeat, leave (KIP-62, 345,
 * 394, 814).
 */
import type { Refused, GroupRefusal } from './refusal.ts'

/** A way to assign that a member knows, with what it tells the leader; the bytes are opaque here. */
export interface MemberProtocol {
  readonly name: string
  readonly metadata: Uint8Array
}

export interface JoinRequest {
  readonly groupId: string
  /** '' when the member has none yet. */
  readonly memberId: string
  /** group.instance.id of a static member (KIP-345). */
  readonly instanceId: string | null
  /** '' when the client has none. */
  readonly clientId: string
  readonly clientHost: string
  readonly sessionTimeoutMs: number
  /** JoinGroup v0 has none: the session timeout then. */
  readonly rebalanceTimeoutMs: number
  readonly protocolType: string
  /** In the member's order of preference. */
  readonly protocols: readonly MemberProtocol[]
  /** A dynamic member without id is first told one, and joins with it (JoinGroup v4+, KIP-394). */
  readonly requireKnownMemberId: boolean
  /** The client understands `skipAssignment` (JoinGroup v9+, KIP-814). */
  readonly supportsSkippingAssignment: boolean
  /** Why it joins, for the log (v8+, KIP-800). */
  readonly reason: string | null
}

export interface JoinedMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly metadata: Uint8Array
}

export interface Joined {
  readonly outcome: 'joined'
  readonly memberId: string
  readonly generation: number
  readonly protocolType: string
  readonly protocolName: string
  readonly leaderId: string
  /** The leader is asked not to assign (only to those that understand it). */
  readonly skipAssignment: boolean
  /** All members for the leader; [] for the others. */
  readonly members: readonly JoinedMember[]
}

export interface MemberIdRequired {
  readonly outcome: 'member-id-required'
  /** Join again with this one; it is kept for the session timeout. */
  readonly memberId: string
}

export type JoinResult = Joined | MemberIdRequired | Refused

export interface MemberAssignment {
  readonly memberId: string
  readonly assignment: Uint8Array
}

export interface SyncRequest {
  readonly groupId: string
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
  /** v5+; checked where given. */
  readonly protocolType: string | null
  readonly protocolName: string | null
  /** From the leader; ignored from others. */
  readonly assignments: readonly MemberAssignment[]
}

export interface Synced {
  readonly outcome: 'synced'
  readonly protocolType: string
  readonly protocolName: string
  readonly assignment: Uint8Array
}

export type SyncResult = Synced | Refused

export interface HeartbeatRequest {
  readonly groupId: string
  readonly memberId: string
  readonly instanceId: string | null
  readonly generation: number
}

export type HeartbeatResult = { readonly outcome: 'alive' } | Refused

export interface LeavingMember {
  /** '' where only the instance id is known (an administrator removing a static member). */
  readonly memberId: string
  readonly instanceId: string | null
  readonly reason: string | null
}

export interface LeaveRequest {
  readonly groupId: string
  readonly members: readonly LeavingMember[]
}

export interface LeftMember {
  readonly memberId: string
  readonly instanceId: string | null
  /** null: it has left. */
  readonly refusal: GroupRefusal | null
}

export interface Left {
  readonly outcome: 'left'
  /** In the order of the request. */
  readonly members: readonly LeftMember[]
}

export type LeaveResult = Left | Refused
