/**
 * Metadata, versions 0 to 13: brokers, and topics with their partitions, by name or (12+) by id.
 * Who gives one id asks by id altogether; ids before version 12 are INVALID_REQUEST, as in Kafka.
 *
 * A leader here is where a client of a zone finds warm caches, not an owner; replicas are the
 * partition's brokers of all zones. A topic that does not exist is created where client and broker
 * permit it.
 */
import { Failure, isFailure } from '../../base/errors.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import { metricName, topicNameFault } from '../../log/topic-name.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  metadata,
  type MetadataReply,
  type MetadataRequest,
} from '../../wire/messages/03-metadata.ts'
import { clusterOperations, notAsked, topicOperations } from '../authorized-operations.ts'
import type { Broker } from '../broker.ts'
import { zoneOf } from '../client-zone.ts'
import type { Mutations } from '../../quota/quota-meters.ts'
import { clientOf, type Exchange } from '../request.ts'
import { type Handler, handler } from '../router.ts'
import { isInternalName, partitionReplies } from '../topic-partitions.ts'
import { partitionsMax } from '../topic-rules.ts'
import { Turns } from '../turns.ts'

type TopicReply = MetadataReply['topics'][number]
type Asked = NonNullable<MetadataRequest['topics']>[number]

/** From here on topics may be asked for by id alone, and a name that nobody knows may be null. */
const byIdFrom = 12

const zeroId = 'A'.repeat(22)

export function metadataHandler(broker: Broker): Handler {
  return handler(metadata, async (request, exchange) => {
    const { header } = exchange
    const mutations = broker.meters.mutations(clientOf(exchange), false)
    if (header.apiVersion < byIdFrom && request.topics?.some(isById) === true) {
      const topics = request.topics.map(refusedId)
      return { response: { brokers: [], topics } }
    }
    const topicAuthorizedOperations = request.includeTopicAuthorizedOperations
      ? topicOperations
      : notAsked
    const topics = (await answers(broker, request, exchange, mutations)).map((reply) => {
      return { ...reply, topicAuthorizedOperations }
    })
    const brokers = broker.cluster.nodes().map((node) => ({ ...node, rack: node.rack || null }))
    const { clusterId } = broker
    const controllerId = broker.cluster.controllerId()
    const clusterAuthorizedOperations = request.includeClusterAuthorizedOperations
      ? clusterOperations
      : notAsked
    const cluster = { brokers, clusterId, controllerId, clusterAuthorizedOperations }
    return { response: { ...cluster, topics }, throttleMs: mutations.throttleMs() }
  })
}

const isById = ({ name, topicId }: Asked): boolean => name === null || topicId !== zeroId

const refusedId = ({ name, topicId }: Asked): TopicReply => {
  return { errorCode: ErrorCode.INVALID_REQUEST, name: name ?? '', topicId, partitions: [] }
}

async function answers(
  broker: Broker,
  request: MetadataRequest,
  { header }: Exchange,
  mutations: Mutations,
): Promise<TopicReply[]> {
  const { topics } = request
  const zone = zoneOf(header.clientId)
  if (topics === null || (header.apiVersion === 0 && topics.length === 0)) {
    await broker.logs.refresh()
    return broker.topics.all().map((topic) => found(broker, topic, zone))
  }
  if (topics.some(({ topicId }) => topicId !== zeroId)) {
    const ids = new Set(topics.map(({ topicId }) => topicId).filter((id) => id !== zeroId))
    return [...ids].map((topicId) => byId(broker, topicId, zone))
  }
  const mayCreate = request.allowAutoTopicCreation && broker.config['auto.create.topics.enable']
  const creation = mayCreate ? new Creation(broker, mutations) : undefined
  const turns = new Turns(broker.clock)
  const replies: TopicReply[] = []
  // As Kafka: named twice, answered once. Else a small request could ask for a huge answer.
  for (const name of new Set(topics.map((topic) => topic.name))) {
    replies.push(
      name === null ? byId(broker, zeroId, zone) : await byName(broker, name, zone, creation),
    )
    if (creation !== undefined) await turns.step()
  }
  return replies
}

function byId(broker: Broker, topicId: string, zone: string | undefined): TopicReply {
  const topic = broker.topics.byId(topicId)
  if (topic !== undefined) return found(broker, topic, zone)
  const isNone = topicId === zeroId
  const errorCode = isNone ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.UNKNOWN_TOPIC_ID
  return { errorCode, name: null, topicId, partitions: [] }
}

async function byName(
  broker: Broker,
  name: string,
  zone: string | undefined,
  creation: Creation | undefined,
): Promise<TopicReply> {
  const none = (errorCode: number): TopicReply => ({
    errorCode,
    name,
    isInternal: isInternalName(name),
    partitions: [],
  })
  if (topicNameFault(name) !== undefined) return none(ErrorCode.INVALID_TOPIC_EXCEPTION)
  try {
    const topic = (await broker.topics.find(name)) ?? (await creation?.create(name))
    return topic === undefined
      ? none(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      : found(broker, topic, zone)
  } catch (error) {
    if (!isFailure(error)) throw error
    if (error.kind === 'invalid') return none(ErrorCode.INVALID_TOPIC_EXCEPTION)
    return none(ErrorCode.LEADER_NOT_AVAILABLE)
  }
}

/** Topics that one request makes by asking for them. */
class Creation {
  readonly #broker: Broker
  /** The names there are, as `metricName` makes them; filled when it is needed. */
  #known: Map<string, string> | undefined
  #partitions = 0
  readonly #mutations: Mutations

  constructor(broker: Broker, mutations: Mutations) {
    this.#broker = broker
    this.#mutations = mutations
  }

  /**
   * Undefined: such a topic is not made by asking, or not now.
   *
   * @throws Failure 'invalid': its name is too like another's.
   */
  async create(name: string): Promise<KnownTopic | undefined> {
    const { config, topics } = this.#broker
    const partitionCount = config['num.partitions']
    if (isInternalName(name) || this.#partitions + partitionCount > partitionsMax) {
      return undefined
    }
    this.#known ??= new Map(topics.all().map((topic) => [metricName(topic.name), topic.name]))
    const other = this.#known.get(metricName(name))
    if (other !== undefined && other !== name) {
      throw new Failure('invalid', `topic ${name} collides with ${other}`)
    }
    this.#known.set(metricName(name), name)
    this.#partitions += partitionCount
    this.#mutations.record(partitionCount)
    const replicationFactor = config['default.replication.factor']
    const wanted = { name, partitionCount, replicationFactor, overrides: {} }
    return (await topics.create(wanted)).topic
  }
}

function found(broker: Broker, topic: KnownTopic, zone: string | undefined): TopicReply {
  const { name, topicId } = topic
  const isInternal = isInternalName(name)
  const partitions = partitionReplies(broker, topic, zone)
  return { errorCode: ErrorCode.NONE, name, topicId, isInternal, partitions }
}
