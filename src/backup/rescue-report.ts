/** What a rescue found, and what it could not find. Kept in the store as JSON. */
import type { RescueState } from '../catalog/rescue-state.ts'
import type { Undecided } from './found-runs.ts'
import type { Hole } from './log-chain.ts'

export interface RescuedPartition {
  readonly topic: string
  readonly partition: number
  /** The log end that the catalog knew. */
  readonly knownEnd: number
  /** Behind the last record that is there now. */
  readonly recoveredEnd: number
  /** From here on offsets are given again. */
  readonly logEnd: number
  /** Offsets whose records are lost for certain; beyond `recoveredEnd` nobody knows. */
  readonly holes: readonly Hole[]
  readonly abortedTransactions: number
}

export interface LostTopic {
  readonly topicId: string
  readonly name: string | null
  readonly reason: string
}

export interface RescueReport {
  readonly clusterId: string
  readonly state: RescueState
  readonly nowMs: number
  readonly leaderEpoch: number
  readonly partitions: readonly RescuedPartition[]
  /** Topics that were made after the backup: made again, with default configs. */
  readonly topicsMade: readonly {
    readonly topicId: string
    readonly name: string
    readonly partitions: number
  }[]
  /** Topics whose records are in the store, and nowhere else. */
  readonly topicsLost: readonly LostTopic[]
  /** Groups of brokers' last moments: nothing tells whether they counted, and where. */
  readonly undecided: readonly Undecided[]
  readonly unreadable: readonly { readonly objectId: string; readonly reason: string }[]
  /** Transactional ids: their clients begin anew. */
  readonly transactions: number
}
