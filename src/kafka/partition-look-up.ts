/** From a topic's name and an index to a partition's log, or to the code that says why not. */
import { isFailure } from '../base/errors.ts'
import type { PartitionLog } from '../log/partition-log.ts'
import type { KnownTopic } from '../log/topic-directory.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import type { Broker } from './broker.ts'
import { failureCode } from './to-error-code.ts'

/** The topic, or a code for each partition that was asked for under its name. */
export async function topicOrCode({ topics }: Broker, name: string): Promise<KnownTopic | number> {
  try {
    return (await topics.find(name)) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  } catch (error) {
    if (!isFailure(error)) throw error
    return failureCode(error)
  }
}

/** The partition's log, or the code that says why there is none. */
export function logOrCode(
  { logs }: Broker,
  topic: KnownTopic | number,
  index: number,
): PartitionLog | number {
  if (typeof topic === 'number') return topic
  const partitionId = topic.partitionIds[index]
  const log = partitionId === undefined ? undefined : logs.index.get(partitionId)
  return log ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
}

/** What KIP-320 says of the leader epoch that a client believes in; -1: it does not say. */
export function leaderEpochCode({ leaderEpoch }: PartitionLog, believed: number): number {
  if (believed > leaderEpoch) return ErrorCode.UNKNOWN_LEADER_EPOCH
  if (believed >= 0 && believed < leaderEpoch) return ErrorCode.FENCED_LEADER_EPOCH
  return ErrorCode.NONE
}
