/**
 * DescribeProducers, version 0: the producers that partitions remember, with their epochs, last
 * sequences and open transactions (KIP-664), read from the catalog. All markers are of one
 * coordinator, whose epoch is 0.
 */
import { isFailure } from '../../base/errors.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import { topicNameFault } from '../../log/topic-name.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  describeProducers,
  type DescribeProducersReply,
} from '../../wire/messages/61-describe-producers.ts'
import type { Broker } from '../broker.ts'
import { logOrCode, topicOrCode } from '../partition-look-up.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'

type TopicReply = DescribeProducersReply['topics'][number]
type PartitionReply = TopicReply['partitions'][number]

const isTopicName = (name: string): boolean => topicNameFault(name) === undefined

/** Partitions of one answer: each may tell some megabytes. Kafka's tools ask for one topic. */
const partitionsMax = 1_000

export function describeProducersHandler(broker: Broker): Handler {
  return handler(describeProducers, async ({ topics }, { signal }) => {
    const replies: TopicReply[] = []
    let count = 0
    for (const { name, partitionIndexes } of topics) {
      const topic = isTopicName(name)
        ? await topicOrCode(broker, name)
        : ErrorCode.INVALID_TOPIC_EXCEPTION
      const partitions: PartitionReply[] = []
      for (const index of partitionIndexes) {
        const isOver = ++count > partitionsMax || signal.aborted
        partitions.push(isOver ? tooMany(index) : await describe(broker, topic, index))
      }
      replies.push({ name, partitions })
    }
    return { response: { topics: replies } }
  })
}

function tooMany(partitionIndex: number): PartitionReply {
  const errorMessage = `ask for at most ${partitionsMax} partitions at once`
  const errorCode = ErrorCode.INVALID_REQUEST
  return { partitionIndex, errorCode, errorMessage, activeProducers: [] }
}

async function describe(
  broker: Broker,
  topic: KnownTopic | number,
  partitionIndex: number,
): Promise<PartitionReply> {
  const log = logOrCode(broker, topic, partitionIndex)
  if (typeof log === 'number') {
    const errorMessage = typeof topic === 'number' ? 'the topic is not there' : null
    return { partitionIndex, errorCode: log, errorMessage, activeProducers: [] }
  }
  try {
    const producers = await broker.logs.activeProducers(log)
    const activeProducers = producers.map((each) => ({
      producerId: each.producerId,
      producerEpoch: each.epoch,
      lastSequence: each.lastSequence,
      lastTimestamp: each.lastTimestampMs,
      coordinatorEpoch: each.hasMarker ? 0 : -1,
      currentTxnStartOffset: each.transactionOffset,
    }))
    return { partitionIndex, errorCode: ErrorCode.NONE, activeProducers }
  } catch (error) {
    if (!isFailure(error)) throw error
    const { message: errorMessage } = error
    return { partitionIndex, errorCode: failureCode(error), errorMessage, activeProducers: [] }
  }
}
