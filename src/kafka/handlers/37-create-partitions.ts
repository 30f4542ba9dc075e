/**
 * CreatePartitions, versions 0 to 3: raises the number of a topic's partitions (KIP-195). One
 * result per topic; partitions are never taken away. One request adds at most 10,000 partitions:
 * topics beyond that are refused with POLICY_VIOLATION, and such as the timeout left no time for
 * with REQUEST_TIMED_OUT.
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
  lateFault,
  partitionCountFault,
  quotaFault,
  repeated,
  replicasFault,
  tooManyFault,
  type TopicFault,
} from '../topic-rules.ts'
import { Turns } from '../turns.ts'

/** From here on clients know THROTTLING_QUOTA_EXCEEDED (KIP-599). */
const quotaRefusesFrom = 3

type Asked = CreatePartitionsRequest['topics'][number]
type TopicReply = CreatePartitionsReply['results'][number]

export function createPartitionsHandler(broker: Broker): Handler {
  return handler(createPartitions, async ({ topics, timeoutMs, validateOnly }, exchange) => {
    const tooMany = tooManyFault(topics.length, 'topics')
    if (tooMany !== undefined) {
      return { response: { results: topics.map(({ name }) => ({ name, ...tooMany })) } }
    }
    const isStrict = exchange.header.apiVersion >= quotaRefusesFrom
    const mutations = broker.meters.mutations(clientOf(exchange), isStrict)
    const turns = new Turns(broker.clock, timeoutMs)
    let added = 0
    const twice = repeated(topics.map(({ name }) => name))
    const results: TopicReply[] = [...twice].map((name) => {
      return { name, ...fault(ErrorCode.INVALID_REQUEST, 'the request names this topic twice') }
    })
    for (const asked of topics) {
      const { name } = asked
      if (twice.has(name)) continue
      if (turns.isOver()) {
        results.push({ name, ...lateFault })
        continue
      }
      added += addedBy(broker, asked)
      const wrong =
        tooManyFault(added, 'partitions') ?? (await grow(broker, asked, validateOnly, mutations))
      await turns.step()
      results.push(wrong === undefined ? { name, errorCode: ErrorCode.NONE } : { name, ...wrong })
    }
    return { response: { results }, throttleMs: mutations.throttleMs() }
  })
}

function addedBy({ topics }: Broker, { name, count }: Asked): number {
  return Math.max(0, count - (topics.byName(name)?.partitionIds.length ?? count))
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
