/**
 * CreatePartitions, versions 0 to 3: raises the number of a topic's partitions (KIP-195). One
 * result per topic; partitions are never taken away.
 */
import { isFailure } from '../../base/errors.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  createPartitions,
  type CreatePartitionsReply,
  type CreatePartitionsRequest,
} from '../../wire/messages/37-create-partitions.ts'
import type { Broker } from '../broker.ts'
import type { Mutations } from '../../quota/quota-meters.ts'
import { clientOf } from '../request.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'
import {
  fault,
  partitionCountFault,
  quotaFault,
  repeated,
  replicasFault,
  type TopicFault,
} from '../topic-rules.ts'

/** From here on clients know THROTTLING_QUOTA_EXCEEDED (KIP-599). */
const quotaRefusesFrom = 3

type Asked = CreatePartitionsRequest['topics'][number]
type TopicReply = CreatePartitionsReply['results'][number]

export function createPartitionsHandler(broker: Broker): Handler {
  return handler(createPartitions, async ({ topics, validateOnly }, exchange) => {
    const isStrict = exchange.header.apiVersion >= quotaRefusesFrom
    const mutations = broker.meters.mutations(clientOf(exchange), isStrict)
    const twice = repeated(topics.map(({ name }) => name))
    const results: TopicReply[] = [...twice].map((name) => {
      return { name, ...fault(ErrorCode.INVALID_REQUEST, 'the request names this topic twice') }
    })
    for (const asked of topics) {
      const { name } = asked
      if (twice.has(name)) continue
      const wrong = await grow(broker, asked, validateOnly, mutations)
      results.push(wrong === undefined ? { name, errorCode: ErrorCode.NONE } : { name, ...wrong })
    }
    return { response: { results }, throttleMs: mutations.throttleMs() }
  })
}

async function grow(
  { topics }: Broker,
  asked: Asked,
  validateOnly: boolean,
  mutations: Mutations,
): Promise<TopicFault | undefined> {
  const { name, count } = asked
  const unknown = fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, 'there is no topic of this name')
  try {
    const topic = await topics.find(name)
    if (topic === undefined) return unknown
    const wrong =
      notMoreFault(count, topic.partitionIds.length) ??
      partitionCountFault(count) ??
      assignmentsFault(asked, count - topic.partitionIds.length)
    if (wrong !== undefined) return wrong
    if (!mutations.record(count - topic.partitionIds.length)) return quotaFault
    if (validateOnly) return undefined
    const grown = await topics.grow(topic.topicId, count)
    switch (grown.outcome) {
      case 'changed':
        return undefined
      case 'unknown-topic':
        return unknown
      case 'not-more-partitions':
        return notMoreFault(count, grown.partitionCount)
    }
  } catch (error) {
    if (!isFailure(error)) throw error
    return fault(failureCode(error), error.message)
  }
}

function notMoreFault(count: number, has: number): TopicFault | undefined {
  if (count > has) return undefined
  const message = `the topic has ${has} partitions, ${count} are not more: they can only grow`
  return fault(ErrorCode.INVALID_PARTITIONS, message)
}

function assignmentsFault({ assignments }: Asked, added: number): TopicFault | undefined {
  if (assignments === null) return undefined
  if (assignments.length !== added) {
    const message = `replicas are assigned to ${assignments.length} partitions, ${added} are added`
    return fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
  }
  return replicasFault(assignments.map(({ brokerIds }) => brokerIds))
}
