/** What administrators ask about groups. */
import type { ConsumerGroupStateName } from './consumer/consumer-state.ts'
import type { GroupRefusal, Refused } from './refusal.ts'

/** Kafka's names are PascalCase of these: 'PreparingRebalance' … */
export type GroupStateName = ClassicStateName | ConsumerGroupStateName

export type ClassicStateName =
  | 'empty'
  | 'preparing-rebalance'
  | 'completing-rebalance'
  | 'stable'
  | 'dead'

export type GroupType = 'classic' | 'consumer'

export interface DescribedMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  /** Of the chosen protocol; empty unless the group is stable. */
  readonly metadata: Uint8Array
  /** Empty unless the group is stable. */
  readonly assignment: Uint8Array
}

export interface DescribedGroup {
  readonly outcome: 'described'
  readonly groupId: string
  readonly state: GroupStateName
  readonly protocolType: string
  /** '' unless the group is stable. */
  readonly protocolName: string
  readonly members: readonly DescribedMember[]
}

/** `group-not-found`: state Dead without error before DescribeGroups v6. */
export type DescribeResult = DescribedGroup | RefusedGroup

export type RefusedGroup = Refused & { readonly groupId: string }

export interface ListFilter {
  /** [] for all. */
  readonly states: readonly GroupStateName[]
  /** [] for all. */
  readonly types: readonly GroupType[]
}

export interface ListedGroup {
  readonly groupId: string
  /** '' for a group that only commits offsets. */
  readonly protocolType: string
  readonly state: GroupStateName
  readonly type: GroupType
}

export type ListResult =
  | { readonly outcome: 'listed'; readonly groups: readonly ListedGroup[] }
  | Refused

export interface DeletedGroup {
  readonly groupId: string
  /** null: it is deleted, with its offsets. */
  readonly refusal: GroupRefusal | null
  readonly detail: string
}
