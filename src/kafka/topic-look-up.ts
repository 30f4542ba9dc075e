/** From what a request calls a topic to the topic, or to the code that says why there is none. */
import { isFailure } from '../base/errors.ts'
import type { KnownTopic } from '../log/topic-directory.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import type { Broker } from './broker.ts'

/** How requests about groups name topics: by name, or by id from some version on (KIP-848). */
export interface TopicReference {
  readonly name: string
  readonly topicId: string
}

/** The topic, or the code for each of its partitions. A catalog that fails is not "unknown". */
export async function lookUpTopic(
  { topics }: Broker,
  { name, topicId }: TopicReference,
  by: 'name' | 'id',
): Promise<KnownTopic | number> {
  if (by === 'id') return topics.byId(topicId) ?? ErrorCode.UNKNOWN_TOPIC_ID
  try {
    return (await topics.find(name)) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  } catch (error) {
    if (!isFailure(error)) throw error
    return ErrorCode.COORDINATOR_NOT_AVAILABLE
  }
}

/** True where the topic has a partition of this index. */
export function hasPartition({ partitionIds }: KnownTopic, index: number): boolean {
  return partitionIds[index] !== undefined
}
