/** What an administrator does with records: how many bytes they take, and deleting the oldest. */
import { isFailure } from '../base/errors.ts'
import { deleteRecords } from '../wire/messages/21-delete-records.ts'
import { describeLogDirs } from '../wire/messages/35-describe-log-dirs.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { TopicPartition } from './partition-offsets.ts'
import { type Refusal, refusalOf } from './refusal.ts'

const timeoutMs = 30_000

/**
 * Bytes by partition, of the largest copy; empty where brokers do not tell: they are too old, or
 * may not be asked.
 */
export async function partitionSizes(
  client: KafkaClient,
  topic: string,
  partitions: readonly number[],
): Promise<Map<number, number>> {
  const sizes = new Map<number, number>()
  try {
    const topics = [{ topic, partitions: [...partitions] }]
    const brokers = await client.all()
    const answers = await Promise.all(
      brokers.map((broker) => broker.call(describeLogDirs, { topics })),
    )
    const found = answers.flatMap(({ results }) => results.flatMap((folder) => folder.topics))
    for (const { partitionIndex, partitionSize } of found.flatMap((each) => each.partitions)) {
      sizes.set(partitionIndex, Math.max(sizes.get(partitionIndex) ?? 0, partitionSize))
    }
  } catch (error) {
    if (!isFailure(error, 'invalid')) throw error
  }
  return sizes
}

export interface RecordsBefore extends TopicPartition {
  readonly offset: number
}

export interface DeletedBefore extends RecordsBefore {
  /** The first offset that is left; -1 where it is not known. */
  readonly logStart: number
  readonly refusal: Refusal | undefined
}

/** Deletes what lies before an offset in each partition; one answer each, in order. */
export function deleteRecordsOf(
  client: KafkaClient,
  wanted: readonly RecordsBefore[],
): Promise<DeletedBefore[]> {
  return client.retrying(() => Promise.all(wanted.map((each) => deleteBefore(client, each))))
}

async function deleteBefore(client: KafkaClient, wanted: RecordsBefore): Promise<DeletedBefore> {
  const { topic: name, partition: partitionIndex, offset } = wanted
  const leader = await client.leader(name, partitionIndex)
  const topics = [{ name, partitions: [{ partitionIndex, offset }] }]
  const answer = await leader.call(deleteRecords, { topics, timeoutMs })
  const [told] = answer.topics.flatMap(({ partitions }) => partitions)
  const errorCode = told?.errorCode ?? 0
  if (errorCode === 0) return { ...wanted, logStart: told?.lowWatermark ?? -1, refusal: undefined }
  const refusal = refusalOf(`cannot delete records of ${name}:${partitionIndex}`, errorCode)
  if (refusal.kind !== 'unavailable') return { ...wanted, logStart: -1, refusal }
  client.forgetLeader(name, partitionIndex)
  throw refusal
}
