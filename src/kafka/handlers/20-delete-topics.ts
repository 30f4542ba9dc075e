/**
 * DeleteTopics, versions 1 to 6: the name is free at once, and what groups have committed for the
 * topic is gone with it; the data goes by a job. By name or (6+, KIP-516) by id.
 * Who deletes more partitions than its quota allows is refused from 5 on, and before only told to
 * pause (KIP-599).
 */
import { isFailure } from '../../base/errors.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  deleteTopics,
  type DeleteTopicsReply,
  type DeleteTopicsRequest,
} from '../../wire/messages/20-delete-topics.ts'
import type { Broker } from '../broker.ts'
import type { Mutations } from '../../quota/quota-meters.ts'
import { clientOf } from '../request.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'
import { fault, quotaFault, repeated } from '../topic-rules.ts'

type Asked = DeleteTopicsRequest['topics'][number]
type TopicReply = DeleteTopicsReply['responses'][number]

const byIdFrom = 6
/** From here on clients know THROTTLING_QUOTA_EXCEEDED. */
const quotaRefusesFrom = 5
const zeroId = 'A'.repeat(22)

export function deleteTopicsHandler(broker: Broker): Handler {
  return handler(deleteTopics, async (request, exchange) => {
    const { header } = exchange
    const isStrict = header.apiVersion >= quotaRefusesFrom
    const mutations = broker.meters.mutations(clientOf(exchange), isStrict)
    const asked: readonly Asked[] =
      header.apiVersion >= byIdFrom
        ? request.topics
        : request.topicNames.map((name) => ({ name, topicId: zeroId }))
    const keys = asked.map(({ name, topicId }) => name ?? topicId)
    const twice = repeated(keys)
    const responses: TopicReply[] = []
    const refused = new Set<string>()
    for (const [at, topic] of asked.entries()) {
      const key = keys[at] ?? ''
      if (!twice.has(key)) responses.push(await deleteOne(broker, topic, mutations))
      else if (!refused.has(key)) {
        refused.add(key)
        const wrong = fault(ErrorCode.INVALID_REQUEST, 'the request names this topic twice')
        responses.push({ ...topic, ...wrong })
      }
    }
    return { response: { responses }, throttleMs: mutations.throttleMs() }
  })
}

async function deleteOne(broker: Broker, asked: Asked, mutations: Mutations): Promise<TopicReply> {
  const { name, topicId } = asked
  const { topics, groups } = broker
  const refused = (errorCode: number, message: string): TopicReply => {
    return { ...asked, ...fault(errorCode, message) }
  }
  if ((name === null) === (topicId === zeroId)) {
    return refused(ErrorCode.INVALID_REQUEST, 'a topic is named either by its name or by its id')
  }
  const unknown = (): TopicReply =>
    name === null
      ? refused(ErrorCode.UNKNOWN_TOPIC_ID, 'there is no topic of this id')
      : refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'there is no topic of this name')
  try {
    const topic = name === null ? topics.byId(topicId) : await topics.find(name)
    if (topic === undefined) return unknown()
    if (!mutations.record(topic.partitionIds.length)) return { ...asked, ...quotaFault }
    const deleted = await topics.delete(topic.topicId)
    if (deleted === undefined) return unknown()
    await groups.topicDeleted(deleted.topicId)
    return { name: deleted.name, topicId: deleted.topicId, errorCode: ErrorCode.NONE }
  } catch (error) {
    if (!isFailure(error)) throw error
    return refused(failureCode(error), error.message)
  }
}
