/**
 * CreateTopics, versions 2 to 7: each topic is created in a transaction of its own, or refused with
 * a message.
 *
 * - -1 partitions or replicas mean the broker's default (KIP-464). The replication factor is shown
 *   again as it was given: copies are the storage's affair.
 * - A request for more than 10,000 partitions is refused as a whole, with POLICY_VIOLATION, as by
 *   Kafka. Topics whose turn has not come within the timeout are not begun: REQUEST_TIMED_OUT.
 * - A config that is given twice has its last value, as in Kafka.
 * - Replicas may be assigned by hand; the assignment gives the count of partitions and must make
 *   sense. It moves nothing.
 * - A name that differs from another topic's in '.' and '_' only is refused, as by Kafka.
 * - A client that makes more partitions than its quota allows is refused from 6 on, and before only
 *   told to pause (KIP-599).
 * - Answers tell counts and configs from 5 on (KIP-525), the id from 7 on (KIP-516).
 */
import { isFailure } from '../../base/errors.ts'
import { describeTopicConfigs } from '../../config/topic-configs.ts'
import type { WantedTopic } from '../../log/topic-directory.ts'
import { metricName, topicNameFault } from '../../log/topic-name.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  createTopics,
  type CreateTopicsReply,
  type CreateTopicsRequest,
} from '../../wire/messages/19-create-topics.ts'
import type { Broker } from '../broker.ts'
import type { Mutations } from '../../quota/quota-meters.ts'
import { clientOf } from '../request.ts'
import { configSource, ownSources } from '../config-codes.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'
import {
  checkConfigs,
  fault,
  isFault,
  lateFault,
  partitionCountFault,
  quotaFault,
  repeated,
  replicasFault,
  replicationFactorMax,
  tooManyFault,
  type TopicFault,
} from '../topic-rules.ts'
import { Turns } from '../turns.ts'

/** From here on clients know THROTTLING_QUOTA_EXCEEDED. */
const quotaRefusesFrom = 6

type Asked = CreateTopicsRequest['topics'][number]
type TopicReply = CreateTopicsReply['topics'][number]

export function createTopicsHandler(broker: Broker): Handler {
  return handler(createTopics, async ({ topics, timeoutMs, validateOnly }, exchange) => {
    const tooMany = tooManyFault(partitionsIn(broker, topics), 'partitions')
    if (tooMany !== undefined) {
      const refused = new Set(topics.map(({ name }) => name))
      return { response: { topics: [...refused].map((name) => ({ name, ...tooMany })) } }
    }
    const isStrict = exchange.header.apiVersion >= quotaRefusesFrom
    const mutations = broker.meters.mutations(clientOf(exchange), isStrict)
    const turns = new Turns(broker.clock, timeoutMs)
    const twice = repeated(topics.map(({ name }) => name))
    /** By what metrics make of them; those of this request, too, also where only validated. */
    const names = new Map(broker.topics.all().map(({ name }) => [metricName(name), name]))
    const replies: TopicReply[] = [...twice].map((name) => {
      return { name, ...fault(ErrorCode.INVALID_REQUEST, 'the request names this topic twice') }
    })
    for (const asked of topics) {
      const { name } = asked
      if (twice.has(name)) continue
      if (turns.isOver()) {
        replies.push({ name, ...lateFault })
        continue
      }
      const wanted = plan(broker, asked, names)
      if (isFault(wanted)) {
        replies.push({ name, ...wanted })
        continue
      }
      names.set(metricName(name), name)
      replies.push(await createOne(broker, wanted, validateOnly, mutations))
      await turns.step()
    }
    return { response: { topics: replies }, throttleMs: mutations.throttleMs() }
  })
}

/** Of all topics together, whatever they are called; what is no count counts as one. */
function partitionsIn({ config }: Broker, topics: readonly Asked[]): number {
  return topics.reduce((sum, { numPartitions, assignments }) => {
    if (assignments.length > 0) return sum + assignments.length
    return sum + (numPartitions === -1 ? config['num.partitions'] : Math.max(1, numPartitions))
  }, 0)
}

/** What is to be created, or why it cannot be; whether it exists already is not asked here. */
function plan(
  broker: Broker,
  asked: Asked,
  names: ReadonlyMap<string, string>,
): WantedTopic | TopicFault {
  const { name } = asked
  const wrongName = topicNameFault(name)
  if (wrongName !== undefined) return fault(ErrorCode.INVALID_TOPIC_EXCEPTION, wrongName)
  const counts = planCounts(broker, asked)
  if (isFault(counts)) return counts
  const given = Object.fromEntries(asked.configs.map((config) => [config.name, config.value]))
  const checked = checkConfigs(given, broker.configs.layers())
  if (isFault(checked)) return checked
  const other = names.get(metricName(name))
  if (other !== undefined && other !== name) {
    const message = `topic ${name} collides with ${other}: metrics cannot tell '.' from '_'`
    return fault(ErrorCode.INVALID_TOPIC_EXCEPTION, message)
  }
  return { name, ...counts, overrides: checked.overrides }
}

type Counts = Pick<WantedTopic, 'partitionCount' | 'replicationFactor'>

function planCounts({ config }: Broker, asked: Asked): Counts | TopicFault {
  const { numPartitions, replicationFactor, assignments } = asked
  if (assignments.length > 0) return assignedCounts(asked)
  const partitionCount = numPartitions === -1 ? config['num.partitions'] : numPartitions
  const wrongCount = partitionCountFault(partitionCount)
  if (wrongCount !== undefined) return wrongCount
  const factor = replicationFactor === -1 ? config['default.replication.factor'] : replicationFactor
  if (factor < 1) {
    const message = `replication factor ${factor}: from 1 to ${replicationFactorMax} may be`
    return fault(ErrorCode.INVALID_REPLICATION_FACTOR, message)
  }
  return { partitionCount, replicationFactor: factor }
}

function assignedCounts({
  numPartitions,
  replicationFactor,
  assignments,
}: Asked): Counts | TopicFault {
  if (numPartitions !== -1 || replicationFactor !== -1) {
    const message = 'replicas are assigned: partitions and replication factor must both be -1'
    return fault(ErrorCode.INVALID_REQUEST, message)
  }
  const wrongCount = partitionCountFault(assignments.length)
  if (wrongCount !== undefined) return wrongCount
  const sorted = assignments.toSorted((a, b) => a.partitionIndex - b.partitionIndex)
  if (sorted.some(({ partitionIndex }, index) => partitionIndex !== index)) {
    const message = 'replicas must be assigned to each partition from 0 on, once'
    return fault(ErrorCode.INVALID_REPLICA_ASSIGNMENT, message)
  }
  const replicas = sorted.map(({ brokerIds }) => brokerIds)
  const wrong = replicasFault(replicas)
  if (wrong !== undefined) return wrong
  return { partitionCount: replicas.length, replicationFactor: replicas[0]?.length ?? 1 }
}

async function createOne(
  broker: Broker,
  wanted: WantedTopic,
  validateOnly: boolean,
  mutations: Mutations,
): Promise<TopicReply> {
  const { name, partitionCount } = wanted
  const exists = (): TopicReply => {
    return { name, ...fault(ErrorCode.TOPIC_ALREADY_EXISTS, `there is a topic ${name} already`) }
  }
  try {
    if ((await broker.topics.find(name)) !== undefined) return exists()
    if (!mutations.record(partitionCount)) return { name, ...quotaFault }
    // Kafka, too, tells an id that no topic will have.
    if (validateOnly) return { ...toReply(broker, wanted), topicId: broker.topics.freshId() }
    const created = await broker.topics.create(wanted)
    if (created.outcome === 'exists') return exists()
    return { ...toReply(broker, wanted), topicId: created.topic.topicId }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { name, ...fault(failureCode(error), error.message) }
  }
}

function toReply(
  { configs: live }: Broker,
  { name, partitionCount, replicationFactor, overrides }: WantedTopic,
): TopicReply {
  const configs = describeTopicConfigs(overrides, live.layers()).map((row) => ({
    name: row.name,
    value: row.text,
    readOnly: false,
    configSource: configSource(row.source, ownSources.topic),
    isSensitive: false,
  }))
  const counts = { numPartitions: partitionCount, replicationFactor }
  return { name, errorCode: ErrorCode.NONE, errorMessage: null, ...counts, configs }
}
