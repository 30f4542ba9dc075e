/**
 * What a coordinator has to know of topics, as ports: who owns topics and protocols stands
 * elsewhere.
 */
import type { PartitionSets } from './partition-sets.ts'

export interface ViewedTopic {
  readonly topicId: string
  readonly name: string
  readonly partitionCount: number
}

/** The topics of the cluster as they are now. */
export interface TopicView {
  /** Changes whenever a topic is made, grown or deleted. */
  readonly version: number
  byName(name: string): ViewedTopic | undefined
  byId(topicId: string): ViewedTopic | undefined
  names(): Iterable<string>
}

/** What consumers of the classic protocol tell each other inside of groups: bytes, elsewhere opaque. */
export interface EmbeddedProtocol {
  /** undefined where the bytes are not a subscription. */
  readSubscription(bytes: Uint8Array): EmbeddedSubscription | undefined
  /** undefined where the bytes are not an assignment; topics go by name. */
  readAssignment(bytes: Uint8Array): EmbeddedAssignment | undefined
  /** In the version of `like`, a subscription of the member that is to read it. */
  writeAssignment(topics: readonly NamedPartitions[], like: Uint8Array): Uint8Array
}

export interface NamedPartitions {
  readonly topic: string
  readonly partitions: readonly number[]
}

export interface EmbeddedSubscription {
  readonly topics: readonly string[]
  readonly owned: readonly NamedPartitions[]
  /** In which `owned` was given; -1 where the member does not say. */
  readonly generation: number
  readonly rackId: string | null
}

export interface EmbeddedAssignment {
  readonly assigned: readonly NamedPartitions[]
  /** The assignor of the members added something of its own: only it can go on. */
  readonly hasUserData: boolean
}

/** Which of the topics' names a pattern matches; kept ready, so that decisions need not wait. */
export interface PatternView {
  /** [] for a pattern that was not made ready. */
  matching(pattern: string): readonly string[]
  /** Changes whenever `matching` would answer differently. */
  serial(pattern: string): number
}

/** All that decisions about consumer groups look at besides the group. */
export interface GroupSurroundings {
  readonly topics: TopicView
  readonly patterns: PatternView
  readonly embedded: EmbeddedProtocol
}

export function byNames(
  { topics }: GroupSurroundings,
  named: readonly NamedPartitions[],
): [string, readonly number[]][] {
  return named.flatMap(({ topic, partitions }) => {
    const known = topics.byName(topic)
    return known === undefined ? [] : [[known.topicId, partitions]]
  })
}

/** Topics that are gone are left out; in order of their names. */
export function toNames({ topics }: GroupSurroundings, sets: PartitionSets): NamedPartitions[] {
  const named = [...sets].flatMap(([topicId, partitions]) => {
    const known = topics.byId(topicId)
    return known === undefined ? [] : [{ topic: known.name, partitions }]
  })
  return named.toSorted((a, b) => (a.topic < b.topic ? -1 : 1))
}
