/**
 * DescribeTopicPartitions, version 0 (KIP-966): topics by name, with their partitions, page by
 * page.
 *
 * - No names mean all topics. A page ends after `responsePartitionLimit` partitions, or after
 *   max.request.partition.size.limit where that is less; at least one is shown. The cursor says
 *   where the next page begins.
 * - A cursor must name one of the topics that are asked for, and an index from 0: INVALID_REQUEST.
 * - There are no replicas, so there are no eligible leaders besides the one that leads.
 */
import { isFailure } from '../../base/errors.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import { topicNameFault } from '../../log/topic-name.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  describeTopicPartitions,
  type DescribeTopicPartitionsReply,
  type DescribeTopicPartitionsRequest,
} from '../../wire/messages/75-describe-topic-partitions.ts'
import { topicOperations } from '../authorized-operations.ts'
import type { Broker } from '../broker.ts'
import { zoneOf } from '../client-zone.ts'
import { type Handler, handler } from '../router.ts'
import { isInternalName, partitionReplies } from '../topic-partitions.ts'
import { Turns } from '../turns.ts'

type TopicReply = DescribeTopicPartitionsReply['topics'][number]
type Cursor = DescribeTopicPartitionsRequest['cursor']

export function describeTopicPartitionsHandler(broker: Broker): Handler {
  return handler(describeTopicPartitions, async (request, { header }) => {
    const { topics, responsePartitionLimit, cursor } = request
    const zone = zoneOf(header.clientId)
    const isAll = topics.length === 0
    const asked = isAll ? broker.topics.all() : topics
    const names = [...new Set(asked.map(({ name }) => name))].toSorted(byCodeUnits)
    if (!isLawful(cursor, isAll, names)) {
      const wrong = { errorCode: ErrorCode.INVALID_REQUEST, topicId: undefined, partitions: [] }
      return { response: { topics: names.map((name) => ({ ...wrong, name })) } }
    }
    const most = Math.min(
      broker.config['max.request.partition.size.limit'],
      Math.max(1, responsePartitionLimit),
    )
    const rest = names.filter((name) => cursor === null || name >= cursor.topicName)
    return { response: await page(broker, rest, { most, cursor, isAll, zone }) }
  })
}

/** As Java compares names, whose characters are ASCII. */
const byCodeUnits = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function isLawful(cursor: Cursor, isAll: boolean, names: readonly string[]): boolean {
  if (cursor === null) return true
  return cursor.partitionIndex >= 0 && (isAll || names.includes(cursor.topicName))
}

async function page(
  broker: Broker,
  names: readonly string[],
  {
    most,
    cursor,
    isAll,
    zone,
  }: { most: number; cursor: Cursor; isAll: boolean; zone: string | undefined },
): Promise<DescribeTopicPartitionsReply> {
  const turns = new Turns(broker.clock)
  const replies: TopicReply[] = []
  let left = most
  for (const name of names) {
    if (left === 0) {
      return { topics: replies, nextCursor: { topicName: name, partitionIndex: 0 } }
    }
    const topic = await lookUp(broker, name)
    await turns.step()
    if (typeof topic === 'number') {
      // One that was deleted just now is not named by anybody.
      if (!isAll) replies.push(failed(name, topic))
      continue
    }
    const from = cursor?.topicName === name ? cursor.partitionIndex : 0
    const before = Math.min(topic.partitionIds.length, from + left)
    const partitions = partitionReplies(broker, topic, zone, from, before).map((partition) => {
      return { ...partition, eligibleLeaderReplicas: [], lastKnownElr: [] }
    })
    left -= partitions.length
    replies.push({ ...shown(name), topicId: topic.topicId, partitions })
    if (before < topic.partitionIds.length) {
      return { topics: replies, nextCursor: { topicName: name, partitionIndex: before } }
    }
  }
  return { topics: replies }
}

async function lookUp({ topics }: Broker, name: string): Promise<KnownTopic | number> {
  if (topicNameFault(name) !== undefined) return ErrorCode.INVALID_TOPIC_EXCEPTION
  try {
    return (await topics.find(name)) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  } catch (error) {
    if (!isFailure(error)) throw error
    return ErrorCode.LEADER_NOT_AVAILABLE
  }
}

const shown = (name: string) => ({
  errorCode: ErrorCode.NONE,
  name,
  isInternal: isInternalName(name),
  topicAuthorizedOperations: topicOperations,
})

const failed = (name: string, errorCode: number): TopicReply => {
  return { ...shown(name), errorCode, partitions: [] }
}
