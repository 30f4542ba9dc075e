/** What is asked of committed offsets. Topics go by id here; names are resolved at the edge. */
import type { GroupRefusal, Refused } from './refusal.ts'

export interface OffsetToCommit {
  readonly topicId: string
  readonly partitionIndex: number
  readonly offset: number
  /** -1 when the client knows none. */
  readonly leaderEpoch: number
  /** A null of the wire is ''. */
  readonly metadata: string
}

export interface CommitOffsetsRequest {
  readonly groupId: string
  /** '' for a consumer that is no member (with generation -1). */
  readonly memberId: string
  readonly instanceId: string | null
  /** -1 for a consumer that is no member; the epoch of a member of the consumer protocol. */
  readonly generation: number
  /** False where the request is too old to come from such a member. */
  readonly understandsEpochs?: boolean
  /**
   * OffsetCommit v2-4 only: the offsets expire so long after the commit; null for the broker's
   * rule.
   */
  readonly retentionMs: number | null
  readonly offsets: readonly OffsetToCommit[]
  /** The offsets are a transaction's: who is no member may commit them whatever the group does. */
  readonly isTransactional?: boolean
}

export interface CommittedOffsets {
  readonly outcome: 'committed'
  /** In the order of the request; null: it is durable. Else 'metadata-too-large' or 'unknown-topic'. */
  readonly refusals: readonly (GroupRefusal | null)[]
}

/** `group-not-found`: a generation >= 0 of a group that is not there (ILLEGAL_GENERATION before v9). */
export type CommitOffsetsResult = CommittedOffsets | Refused

/** A commit that the group allows, as the group was then: it must still be so when it is written. */
export interface AllowedCommit {
  readonly outcome: 'allowed'
  readonly coordinatorEpoch: number
  readonly generation: number
  /** The group may move on without this commit being wrong: to be asked again. */
  readonly isWorthAsking: boolean
}

export interface TopicPartitions {
  readonly topicId: string
  readonly partitions: readonly number[]
}

export interface FetchOffsetsRequest {
  readonly groupId: string
  /** Who asks, where it says so: a member of the consumer protocol (OffsetFetch v9+). */
  readonly member?: { readonly memberId: string; readonly generation: number }
  /** null: all that the group has committed. */
  readonly topics: readonly TopicPartitions[] | null
  /** What transactions have pending is told, and offsets beside it are told as pending only. */
  readonly isStable?: boolean
}

export interface FetchedOffset {
  readonly topicId: string
  readonly partitionIndex: number
  /** A transaction has written an offset here and is still open (KIP-447). */
  readonly isPending: boolean
  /** -1 where nothing is committed. */
  readonly offset: number
  /** -1 where unknown. */
  readonly leaderEpoch: number
  readonly metadata: string
}

export interface FetchedOffsets {
  readonly outcome: 'fetched'
  /** In the order of the request; by topic id and partition where all were asked for. */
  readonly offsets: readonly FetchedOffset[]
}

/** A group that is not there has committed nothing: that is no error. */
export type FetchOffsetsResult = FetchedOffsets | Refused

export interface DeleteOffsetsRequest {
  readonly groupId: string
  /** The name tells whether members are subscribed. */
  readonly topics: readonly (TopicPartitions & { readonly name: string })[]
}

export interface DeletedOffsets {
  readonly outcome: 'deleted'
  /** In the order of the request; null: nothing is committed there (any more). Else 'subscribed'. */
  readonly topics: readonly {
    readonly topicId: string
    readonly refusal: GroupRefusal | null
  }[]
}

export type DeleteOffsetsResult = DeletedOffsets | Refused
