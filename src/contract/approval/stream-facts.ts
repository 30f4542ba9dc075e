/** What can be seen of a stream from outside, and when it was looked at. */
import type { Contract } from '../contract.ts'
import type { EventField } from '../discovery/event-fields.ts'

export interface StreamFacts {
  readonly topic: string
  readonly lookedMs: number
  /** Undefined: the topic is under none. */
  readonly contract: ContractFacts | undefined
  /** Undefined: there is none. */
  readonly subject: SubjectFacts | undefined
  /** Undefined: no broker answers to Kafka clients. */
  readonly cluster: ClusterFacts | undefined
  /** Of the broker whose metrics were asked for, since it started; undefined: nobody asked. */
  readonly counted: { readonly records: number; readonly violations: number } | undefined
}

export interface ContractFacts {
  readonly revision: number
  readonly appliedMs: number
  readonly approvedBy: string | null
  readonly contract: Contract
  /** Names of `ai.` properties that stand in the file: what is not there is a default. */
  readonly declared: ReadonlySet<string>
  /** Of the topic's event. */
  readonly fields: readonly EventField[]
  /** Where the cluster is not as the contract says. */
  readonly drift: readonly string[]
}

export interface SubjectFacts {
  readonly name: string
  readonly latest: number
  readonly level: string
}

export interface ClusterFacts {
  /** In effect, by name. */
  readonly configs: ReadonlyMap<string, string>
  readonly topics: ReadonlySet<string>
  /** Those that have committed offsets of the topic. */
  readonly groups: readonly GroupFacts[]
}

export interface GroupFacts {
  readonly groupId: string
  /** Records between what it has committed and the ends. */
  readonly lag: number
  /** Records that were gone before it had read them. */
  readonly lost: number
  /** All that it has not read is at most so old; undefined: older than was asked for. */
  readonly unreadMs: number | undefined
}
