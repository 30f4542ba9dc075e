/**
 * Metadata, versions 0 to 13: brokers, and topics with their partitions, by name or (10+) by id.
 *
 * One broker presents itself as the leader of every partition: a leader here is where a client
 * finds warm caches, not an owner. A topic that does not exist is created where client and broker
 * permit it.
 */
import { isFailure } from '../../base/errors.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import { collidesWith, topicNameFault } from '../../log/topic-name.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  metadata,
  type MetadataReply,
  type MetadataRequest,
} from '../../wire/messages/03-metadata.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'

type TopicReply = MetadataReply['topics'][number]
type Asked = NonNullable<MetadataRequest['topics']>[number]

/** From here on the name of a topic that nobody knows may be null; ids came two versions earlier. */
const noNameFrom = 12

const zeroId = 'A'.repeat(22)

export function metadataHandler(broker: Broker): Handler {
  return handler(metadata, async (request, { header }) => {
    const { topics } = request
    const isAll = topics === null || (header.apiVersion === 0 && topics.length === 0)
    const replies: TopicReply[] = []
    if (isAll) for (const topic of broker.topics.all()) replies.push(found(broker, topic))
    else {
      const mayCreate = request.allowAutoTopicCreation && broker.config['auto.create.topics.enable']
      for (const asked of topics)
        replies.push(await lookUp(broker, asked, mayCreate, header.apiVersion))
    }
    const self = { nodeId: broker.nodeId, ...broker.advertised() }
    const { clusterId, nodeId: controllerId } = broker
    return { response: { brokers: [self], clusterId, controllerId, topics: replies } }
  })
}

async function lookUp(
  broker: Broker,
  asked: Asked,
  mayCreate: boolean,
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
    const topic =
      (await broker.topics.find(name)) ?? (mayCreate ? await create(broker, name) : undefined)
    return topic === undefined ? none(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) : found(broker, topic)
  } catch (error) {
    if (!isFailure(error)) throw error
    if (error.kind === 'invalid') return none(ErrorCode.INVALID_TOPIC_EXCEPTION)
    return none(ErrorCode.LEADER_NOT_AVAILABLE)
  }
}

async function create(broker: Broker, name: string): Promise<KnownTopic | undefined> {
  const { config, topics } = broker
  if (topics.all().some((other) => collidesWith(name, other.name))) return undefined
  const { topic } = await topics.create({
    name,
    partitionCount: config['num.partitions'],
    replicationFactor: config['default.replication.factor'],
    overrides: {},
  })
  return topic
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
