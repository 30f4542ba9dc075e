/**
 * OffsetDelete, version 0: deletes what a group has committed, but for topics that its members read
 * (KIP-496).
 */
import type { TopicPartitions } from '../../group/offsets.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  offsetDelete,
  type OffsetDeleteReply,
  type OffsetDeleteRequest,
} from '../../wire/messages/47-offset-delete.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'
import { hasPartition, lookUpTopic } from '../topic-look-up.ts'

type AskedTopic = OffsetDeleteRequest['topics'][number]
type TopicReply = OffsetDeleteReply['topics'][number]

export function offsetDeleteHandler(broker: Broker): Handler {
  return handler(offsetDelete, async ({ groupId, topics }) => {
    const found: { asked: AskedTopic; topic: KnownTopic | number }[] = []
    for (const asked of topics) {
      const topic = await lookUpTopic(broker, { name: asked.name, topicId: '' }, 'name')
      found.push({ asked, topic })
    }
    const wanted = found.flatMap(({ asked, topic }) => toDelete(asked, topic))
    const result = await broker.groups.deleteOffsets({ groupId, topics: wanted })
    if (result.outcome === 'refused') {
      return { response: { errorCode: groupRefusalCode(result.reason), topics: [] } }
    }
    const codes = new Map(
      result.topics.map(({ topicId, refusal }) => [
        topicId,
        refusal === null ? ErrorCode.NONE : groupRefusalCode(refusal),
      ]),
    )
    const replies = found.map(({ asked, topic }) => toReply(asked, topic, codes))
    return { response: { errorCode: ErrorCode.NONE, topics: replies } }
  })
}

function toDelete(
  { partitions: asked }: AskedTopic,
  topic: KnownTopic | number,
): (TopicPartitions & { name: string })[] {
  if (typeof topic === 'number') return []
  const partitions = asked
    .map(({ partitionIndex }) => partitionIndex)
    .filter((index) => hasPartition(topic, index))
  return [{ topicId: topic.topicId, name: topic.name, partitions }]
}

function toReply(
  { name, partitions }: AskedTopic,
  topic: KnownTopic | number,
  codes: ReadonlyMap<string, number>,
): TopicReply {
  const codeOf = (index: number): number => {
    if (typeof topic === 'number') return topic
    if (!hasPartition(topic, index)) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    return codes.get(topic.topicId) ?? ErrorCode.NONE
  }
  const replies = partitions.map(({ partitionIndex }) => {
    return { partitionIndex, errorCode: codeOf(partitionIndex) }
  })
  return { name, partitions: replies }
}
