/**
 * WriteTxnMarkers, versions 1 to 2: ends a producer's transaction in single partitions, whatever
 * its transactional id says. Kafka's brokers tell each other so; here only an administrator asks
 * for it (`kafka-transactions abort`, KIP-664).
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  writeTxnMarkers,
  type WriteTxnMarkersReply,
  type WriteTxnMarkersRequest,
} from '../../wire/messages/27-write-txn-markers.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { lookUpTopic } from '../topic-look-up.ts'

type Marker = WriteTxnMarkersRequest['markers'][number]
type TopicReply = WriteTxnMarkersReply['markers'][number]['topics'][number]

/** Partitions of one request: each is a commit of its own. */
const partitionsMax = 1_000

export function writeTxnMarkersHandler(broker: Broker): Handler {
  return handler(writeTxnMarkers, async (request) => {
    const markers = []
    const room = { left: partitionsMax }
    for (const marker of request.markers) {
      const topics: TopicReply[] = []
      for (const topic of marker.topics) topics.push(await mark(broker, marker, topic, room))
      markers.push({ producerId: marker.producerId, topics })
    }
    return { response: { markers } }
  })
}

async function mark(
  broker: Broker,
  marker: Marker,
  { name, partitionIndexes }: Marker['topics'][number],
  room: { left: number },
): Promise<TopicReply> {
  const topic = await lookUpTopic(broker, { name, topicId: '' }, 'name')
  const partitions = []
  for (const partitionIndex of partitionIndexes) {
    const partitionId = typeof topic === 'number' ? undefined : topic.partitionIds[partitionIndex]
    const errorCode =
      partitionId === undefined
        ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        : room.left-- > 0
          ? await markOne(broker, marker, partitionId)
          : ErrorCode.INVALID_REQUEST
    partitions.push({ partitionIndex, errorCode })
  }
  return { name, partitions }
}

async function markOne(
  { transactions }: Broker,
  marker: Marker,
  partitionId: number,
): Promise<number> {
  const { producerId, producerEpoch, transactionResult, coordinatorEpoch } = marker
  const type = transactionResult ? 'commit' : 'abort'
  const { transactionVersion } = marker
  const written = { type, producerId, producerEpoch, coordinatorEpoch, transactionVersion } as const
  const answer = await transactions.mark({ partitionId, marker: written })
  switch (answer) {
    case 'written':
      return ErrorCode.NONE
    case 'unknown-partition':
      return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
    case 'stale-producer-epoch':
      return ErrorCode.INVALID_PRODUCER_EPOCH
    case 'unavailable':
      return ErrorCode.NOT_LEADER_OR_FOLLOWER
  }
}
