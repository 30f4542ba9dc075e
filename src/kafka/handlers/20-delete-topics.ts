/**
 * DeleteTopics, versions 1 to 6: the name is free at once, and what groups have committed for the
 * topic is gone with it; the data goes by a job. By name or (6+, KIP-516) by id. What is named
 * twice is not deleted, also where it is once by name and once by id. Without `delete.topic.enable`
 * nothing is: TOPIC_DELETION_DISABLED (3+), as in Kafka. Who deletes more partitions than its quota
 * allows is refused from 5 on, and before only told to pause (KIP-599).
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
import {
  fault,
  lateFault,
  quotaFault,
  repeated,
  tooManyFault,
  type TopicFault,
} from '../topic-rules.ts'
import { Turns } from '../turns.ts'

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
    const wrong = tooManyFault(asked.length, 'topics') ?? disabledFault(broker, header.apiVersion)
    if (wrong !== undefined) {
      return { response: { responses: asked.map((topic) => ({ ...topic, ...wrong })) } }
    }
    const turns = new Turns(broker.clock, request.timeoutMs)
    const keys = asked.map((topic) => keyOf(broker, topic))
    const twice = repeated(keys)
    const responses: TopicReply[] = []
    const refused = new Set<string>()
    for (const [at, topic] of asked.entries()) {
      const key = keys[at] ?? ''
      if (turns.isOver()) responses.push({ ...topic, ...lateFault })
      else if (!twice.has(key)) {
        responses.push(await deleteOne(broker, topic, mutations))
        await turns.step()
      } else if (!refused.has(key)) {
        refused.add(key)
        const again = fault(ErrorCode.INVALID_REQUEST, 'the request names this topic twice')
        responses.push({ ...topic, ...again })
      }
    }
    return { response: { responses }, throttleMs: mutations.throttleMs() }
  })
}

/** The same for a topic's name and its id. */
function keyOf({ topics }: Broker, { name, topicId }: Asked): string {
  if (name !== null && topicId !== zeroId) return `${name} ${topicId}`
  return name ?? topics.byId(topicId)?.name ?? `id ${topicId}`
}

/** From here on clients know TOPIC_DELETION_DISABLED. */
const disabledFrom = 3

function disabledFault({ config }: Broker, apiVersion: number): TopicFault | undefined {
  if (config['delete.topic.enable']) return undefined
  const isKnown = apiVersion >= disabledFrom
  const errorCode = isKnown ? ErrorCode.TOPIC_DELETION_DISABLED : ErrorCode.INVALID_REQUEST
  return fault(errorCode, 'delete.topic.enable is false: topics are not deleted')
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
