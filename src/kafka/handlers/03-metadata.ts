/**
 * Metadata, versions 0 to 13: brokers, and topics with their partitions, by name or (10+) by id.
 *
 * One broker presents itself as the leader of every partition: a leader here is where a client
 * finds warm caches, not an owner. A topic that does not exist is created where client and broker
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
import type { Broker } from '../broker.ts'
import type { Mutations } from '../../quota/quota-meters.ts'
import { clientOf } from '../request.ts'
import { type Handler, handler } from '../router.ts'
import { partitionsMax } from '../topic-rules.ts'

type TopicReply = MetadataReply['topics'][number]
type Asked = NonNullable<MetadataRequest['topics']>[number]

/** From here on the name of a topic that nobody knows may be null; ids came two versions earlier. */
const noNameFrom = 12

const zeroId = 'A'.repeat(22)

export function metadataHandler(broker: Broker): Handler {
  return handler(metadata, async (request, exchange) => {
    const { header } = exchange
    const { topics } = request
    const mutations = broker.meters.mutations(clientOf(exchange), false)
    const isAll = topics === null || (header.apiVersion === 0 && topics.length === 0)
    const replies: TopicReply[] = []
    if (isAll) for (const topic of broker.topics.all()) replies.push(found(broker, topic))
    else {
      const mayCreate = request.allowAutoTopicCreation && broker.config['auto.create.topics.enable']
      const creation = mayCreate ? new Creation(broker, mutations) : undefined
      for (const asked of distinct(topics)) {
        replies.push(await lookUp(broker, asked, creation, header.apiVersion))
      }
    }
    const self = { nodeId: broker.nodeId, ...broker.advertised() }
    const { clusterId, nodeId: controllerId } = broker
    const response = { brokers: [self], clusterId, controllerId, topics: replies }
    return { response, throttleMs: mutations.throttleMs() }
  })
}

/** As Kafka: named twice, answered once. Else a small request could ask for a huge answer. */
function distinct(topics: readonly Asked[]): Asked[] {
  const byKey = new Map(topics.map((asked) => [asked.name ?? `id ${asked.topicId}`, asked]))
  return [...byKey.values()]
}

async function lookUp(
  broker: Broker,
  asked: Asked,
  creation: Creation | undefined,
  apiVersion: number,
): Promise<TopicReply> {
  const { name, topicId } = asked
  if (name === null) {
    const topic = broker.topics.byId(topicId)
    if (topic !== undefined) return found(broker, topic)
    const isNone = topicId === zeroId
    const code = isNone ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION : ErrorCode.UNKNOWN_TOPIC_ID
    return { errorCode: code, name: apiVersion >= noNameFrom ? null : '', topicId, partitions: [] }
  }
  const none = (errorCode: number): TopicReply => ({ errorCode, name, partitions: [] })
  if (topicNameFault(name) !== undefined) return none(ErrorCode.INVALID_TOPIC_EXCEPTION)
  try {
    const topic = (await broker.topics.find(name)) ?? (await creation?.create(name))
    return topic === undefined ? none(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) : found(broker, topic)
  } catch (error) {
    if (!isFailure(error)) throw error
    if (error.kind === 'invalid') return none(ErrorCode.INVALID_TOPIC_EXCEPTION)
    return none(ErrorCode.LEADER_NOT_AVAILABLE)
  }
}

/**
 * Topics of Kafka's own, which it makes itself: a tool that asks for one must not make an empty one
 * here.
 */
const internalNames = new Set([
  '__consumer_offsets',
  '__transaction_state',
  '__cluster_metadata',
  '__share_group_state',
])

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
    if (internalNames.has(name) || this.#partitions + partitionCount > partitionsMax) {
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

function found(broker: Broker, topic: KnownTopic): TopicReply {
  const { nodeId } = broker
  const partitions = topic.partitionIds.map((partitionId, partitionIndex) => ({
    errorCode: ErrorCode.NONE,
    partitionIndex,
    leaderId: nodeId,
    leaderEpoch: broker.logs.index.get(partitionId)?.leaderEpoch ?? 0,
    replicaNodes: [nodeId],
    isrNodes: [nodeId],
  }))
  const { name, topicId } = topic
  return { errorCode: ErrorCode.NONE, name, topicId, partitions }
}
