/** What members of the consumer protocol ask of a coordinator and what it answers (KIP-848). */
import type { Refused } from '../refusal.ts'
import type { PartitionSets } from './partition-sets.ts'

export interface ConsumerHeartbeat {
  readonly groupId: string
  /** '' where the broker is to choose one (version 0 only, when joining). */
  readonly memberId: string
  /** 0 joins, -1 leaves, -2 leaves and comes back as the same instance. */
  readonly memberEpoch: number
  readonly instanceId: string | null
  readonly rackId: string | null
  /** -1: as before. */
  readonly rebalanceTimeoutMs: number
  /** null: as before. */
  readonly topicNames: readonly string[] | null
  /** null: as before; '' for none. */
  readonly topicPattern: string | null
  /** null: as before, or none. */
  readonly assignor: string | null
  /** What the member has now; null: as before. */
  readonly owned: PartitionSets | null
  readonly clientId: string
  readonly clientHost: string
  /** A member has to bring its id (version 1 and later, KIP-1082). */
  readonly requireMemberId: boolean
}

export interface Beat {
  readonly outcome: 'beat'
  readonly memberId: string
  readonly memberEpoch: number
  readonly heartbeatIntervalMs: number
  /** null: as before. */
  readonly assignment: PartitionSets | null
}

export type ConsumerHeartbeatResult = Beat | Refused
