/**
 * AddPartitionsToTxn, versions 0 to 5: registers partitions with a transaction before they are
 * written to. All or none: where one is not there, the others are OPERATION_NOT_ATTEMPTED.
 *
 * - PRODUCER_FENCED is an answer from version 2 on (KIP-588).
 * - 4+: many transactions at once, or only looking (KIP-890). Meant for Kafka's brokers, and served
 *   to clients that send it; what is not registered is TRANSACTION_ABORTABLE.
 */
import type { KnownTopic } from '../../log/topic-directory.ts'
import { bumpingVersion } from '../../txn/state-table.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  addPartitionsToTxn,
  type AddPartitionsToTxnReply,
  type AddPartitionsToTxnRequest,
} from '../../wire/messages/24-add-partitions-to-txn.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { transactionRefusalCode } from '../to-error-code.ts'
import { hasPartition, lookUpTopic } from '../topic-look-up.ts'

type Transaction = AddPartitionsToTxnRequest['transactions'][number]
type TopicResult = NonNullable<AddPartitionsToTxnReply['resultsByTopicV3AndBelow']>[number]

const batchedFrom = 4
const fencedFrom = 2

export function addPartitionsToTxnHandler(broker: Broker): Handler {
  return handler(addPartitionsToTxn, async (request, { header }) => {
    const { apiVersion } = header
    if (apiVersion < batchedFrom) {
      const resultsByTopicV3AndBelow = await join(broker, ofOlder(request), apiVersion)
      return { response: { resultsByTopicV3AndBelow } }
    }
    const resultsByTransaction = []
    for (const each of request.transactions) {
      const { transactionalId } = each
      const topicResults = await join(broker, each, apiVersion)
      resultsByTransaction.push({ transactionalId, topicResults })
    }
    return { response: { errorCode: ErrorCode.NONE, resultsByTransaction } }
  })
}

function ofOlder(request: AddPartitionsToTxnRequest): Transaction {
  return {
    transactionalId: request.v3AndBelowTransactionalId,
    producerId: request.v3AndBelowProducerId,
    producerEpoch: request.v3AndBelowProducerEpoch,
    verifyOnly: false,
    topics: request.v3AndBelowTopics,
  }
}

/** One partition of the request: its id, or why it has none. */
interface Target {
  readonly index: number
  readonly partitionId: number
  readonly fault: number
}

async function join(
  broker: Broker,
  asked: Transaction,
  apiVersion: number,
): Promise<TopicResult[]> {
  const targets: { name: string; partitions: Target[] }[] = []
  for (const { name, partitions } of asked.topics) {
    const topic = await lookUpTopic(broker, { name, topicId: '' }, 'name')
    targets.push({ name, partitions: partitions.map((index) => targetOf(topic, index)) })
  }
  const all = targets.flatMap(({ partitions }) => partitions)
  const codes = (await codesOf(broker, asked, all, apiVersion)).values()
  return targets.map(({ name, partitions }) => ({
    name,
    resultsByPartition: partitions.map(({ index: partitionIndex }) => {
      return { partitionIndex, partitionErrorCode: codes.next().value ?? ErrorCode.NONE }
    }),
  }))
}

function targetOf(topic: KnownTopic | number, index: number): Target {
  if (typeof topic === 'number') return { index, partitionId: -1, fault: topic }
  const fault = hasPartition(topic, index) ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  return { index, partitionId: topic.partitionIds[index] ?? -1, fault }
}

/** One per partition. */
async function codesOf(
  { transactions }: Broker,
  { transactionalId, producerId, producerEpoch, verifyOnly }: Transaction,
  targets: readonly Target[],
  apiVersion: number,
): Promise<number[]> {
  if (targets.some(({ fault }) => fault !== ErrorCode.NONE)) {
    return targets.map(({ fault }) => {
      return fault === ErrorCode.NONE ? ErrorCode.OPERATION_NOT_ATTEMPTED : fault
    })
  }
  const partitionIds = [...new Set(targets.map(({ partitionId }) => partitionId))]
  const producer = { transactionalId, producerId, producerEpoch }
  const code = (reason: Parameters<typeof transactionRefusalCode>[0]): number[] =>
    targets.map(() => transactionRefusalCode(reason, apiVersion >= fencedFrom))
  if (!verifyOnly) {
    const version = apiVersion < batchedFrom ? 0 : bumpingVersion
    const answer = await transactions.join(producer, version, { partitionIds })
    return answer.outcome === 'granted' ? targets.map(() => ErrorCode.NONE) : code(answer.reason)
  }
  const seen = await transactions.verify(producer, partitionIds)
  if (seen.outcome === 'refused') return code(seen.reason)
  const absent = ErrorCode.TRANSACTION_ABORTABLE
  return targets.map(({ partitionId }) => {
    return seen.isRegistered[partitionIds.indexOf(partitionId)] === true ? ErrorCode.NONE : absent
  })
}
