/** How a group's leader hands out partitions: the rules that clients of all languages know. */
import type { TopicPartition } from './partition-offsets.ts'

export interface Subscriber {
  readonly memberId: string
  readonly topics: readonly string[]
}

type Assignor = (
  subscribers: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
) => Map<string, TopicPartition[]>

/** By the name in JoinGroup, the preferred one first. */
export const assignors: Readonly<Record<string, Assignor>> = { range, roundrobin: roundRobin }

/** Per topic, each member a run of partitions; the first ones get one more where it does not divide. */
function range(
  subscribers: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const assigned = emptyFor(subscribers)
  for (const topic of topicsOf(subscribers)) {
    const members = inOrder(subscribers).filter(({ topics }) => topics.includes(topic))
    const count = partitionCounts.get(topic) ?? 0
    let partition = 0
    for (const [index, { memberId }] of members.entries()) {
      const more = index < count % members.length ? 1 : 0
      const end = partition + Math.floor(count / members.length) + more
      for (; partition < end; partition++) assigned.get(memberId)?.push({ topic, partition })
    }
  }
  return assigned
}

/** All partitions of all topics in turn, to the next member that wants the topic. */
function roundRobin(
  subscribers: readonly Subscriber[],
  partitionCounts: ReadonlyMap<string, number>,
): Map<string, TopicPartition[]> {
  const assigned = emptyFor(subscribers)
  const members = inOrder(subscribers)
  let turn = 0
  for (const topic of topicsOf(subscribers)) {
    for (let partition = 0; partition < (partitionCounts.get(topic) ?? 0); partition++) {
      while (members[turn % members.length]?.topics.includes(topic) === false) turn++
      assigned.get(members[turn % members.length]?.memberId ?? '')?.push({ topic, partition })
      turn++
    }
  }
  return assigned
}

const emptyFor = (subscribers: readonly Subscriber[]): Map<string, TopicPartition[]> =>
  new Map(subscribers.map(({ memberId }) => [memberId, []]))

const inOrder = (subscribers: readonly Subscriber[]): Subscriber[] =>
  subscribers.toSorted((a, b) => (a.memberId < b.memberId ? -1 : 1))

const topicsOf = (subscribers: readonly Subscriber[]): string[] =>
  [...new Set(subscribers.flatMap(({ topics }) => topics))].toSorted()
