/** Ends, starts and offsets by time of many partitions, asked of their leaders at once. */
import { isFailure } from '../base/errors.ts'
import { listOffsets } from '../wire/messages/02-list-offsets.ts'
import type { BrokerConnection } from './broker-connection.ts'
import type { KafkaClient } from './kafka-client.ts'
import { refusalOf } from './refusal.ts'

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** Kafka's special times; any other number is milliseconds since 1970. */
export const offsetTimes = { latest: -1, earliest: -2 } as const

/** Kafka's names, and its numbers. */
export const isolationLevels = { read_uncommitted: 0, read_committed: 1 } as const
export type Isolation = keyof typeof isolationLevels

export interface OffsetQuery extends TopicPartition {
  readonly timeMs: number
}

/**
 * One offset per query, in order: the first at or after its time, -1 where there is none. To those
 * who read what is committed, a log ends before the first transaction that is open.
 *
 * @throws Failure 'not-found' | 'unavailable' | 'invalid': naming the partition.
 */
export function readOffsets(
  client: KafkaClient,
  queries: readonly OffsetQuery[],
  isolation: Isolation = 'read_uncommitted',
): Promise<number[]> {
  return client.retrying(async () => {
    const byLeader = new Map<BrokerConnection, OffsetQuery[]>()
    for (const query of queries) {
      const leader = await client.leader(query.topic, query.partition)
      byLeader.set(leader, [...(byLeader.get(leader) ?? []), query])
    }
    const found = new Map<OffsetQuery, number>()
    const asked = [...byLeader].map(([leader, own]) =>
      askOne(client, leader, own, isolation, found),
    )
    await Promise.all(asked)
    return queries.map((query) => found.get(query) ?? -1)
  })
}

async function askOne(
  client: KafkaClient,
  leader: BrokerConnection,
  queries: readonly OffsetQuery[],
  isolation: Isolation,
  found: Map<OffsetQuery, number>,
): Promise<void> {
  // A partition may be asked for two times at once, which one request cannot do.
  for (const round of rounds(queries)) {
    const topics = Map.groupBy(round, ({ topic }) => topic)
    const answer = await leader
      .call(
        listOffsets,
        {
          replicaId: -1,
          isolationLevel: isolationLevels[isolation],
          topics: [...topics].map(([name, own]) => ({
            name,
            partitions: own.map(({ partition, timeMs }) => ({
              partitionIndex: partition,
              timestamp: timeMs,
            })),
          })),
          timeoutMs: 30_000,
        },
        { versionMax: 10 },
      )
      .catch((error: unknown) => {
        if (isFailure(error, 'unavailable')) forget(client, round)
        throw error
      })
    for (const { name, partitions } of answer.topics) {
      for (const { partitionIndex, errorCode, offset } of partitions) {
        const query = round.find((each) => each.topic === name && each.partition === partitionIndex)
        if (errorCode !== 0) forget(client, round)
        if (errorCode !== 0) throw refusalOf(`offsets of ${name}:${partitionIndex}`, errorCode)
        if (query !== undefined) found.set(query, offset)
      }
    }
  }
}

function forget(client: KafkaClient, queries: readonly OffsetQuery[]): void {
  for (const { topic, partition } of queries) client.forgetLeader(topic, partition)
}

function rounds(queries: readonly OffsetQuery[]): OffsetQuery[][] {
  const rounds: OffsetQuery[][] = []
  const seen = new Map<string, number>()
  for (const query of queries) {
    const key = `${query.topic}:${query.partition}`
    const round = seen.get(key) ?? 0
    seen.set(key, round + 1)
    ;(rounds[round] ??= []).push(query)
  }
  return rounds
}
