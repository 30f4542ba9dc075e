/**
 * DescribeTransactions, version 0: state, producer and partitions of transactional ids (KIP-664).
 * An open transaction is 'Ongoing'; the states in which Kafka prepares an end are never seen here.
 */
import type { DescribedTransaction } from '../../catalog/transactions.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  describeTransactions,
  type DescribeTransactionsReply,
} from '../../wire/messages/65-describe-transactions.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { transactionRefusalCode } from '../to-error-code.ts'

type StateReply = DescribeTransactionsReply['transactionStates'][number]

/** Ids in one request; each may tell thousands of partitions. */
const idsMax = 10_000

export function describeTransactionsHandler(broker: Broker): Handler {
  return handler(describeTransactions, async ({ transactionalIds: ids }) => {
    const asked = [...new Set(ids.slice(0, idsMax).filter((id) => id !== ''))]
    const found = await broker.transactions.describe(asked)
    const isRead = !('outcome' in found)
    const byId = new Map(isRead ? asked.map((id, at) => [id, found[at]]) : [])
    const transactionStates = ids.map((id, at): StateReply => {
      if (id === '' || at >= idsMax) return without(id, ErrorCode.INVALID_REQUEST)
      if (!isRead) return without(id, transactionRefusalCode(found.reason, true))
      const described = byId.get(id)
      if (described === undefined) return without(id, ErrorCode.TRANSACTIONAL_ID_NOT_FOUND)
      return stateOf(broker, described)
    })
    return { response: { transactionStates } }
  })
}

function without(transactionalId: string, errorCode: number): StateReply {
  return {
    errorCode,
    transactionalId,
    transactionState: '',
    transactionTimeoutMs: 0,
    transactionStartTimeMs: 0,
    producerId: 0,
    producerEpoch: 0,
    topics: [],
  }
}

function stateOf({ topics }: Broker, { row, partitions }: DescribedTransaction): StateReply {
  const byTopic = Map.groupBy(partitions, ({ topicId }) => topicId)
  const told = [...byTopic].flatMap(([topicId, own]) => {
    const topic = topics.byId(topicId)?.name
    const indexes = own.map(({ partitionIndex }) => partitionIndex)
    return topic === undefined ? [] : [{ topic, partitions: indexes }]
  })
  return {
    errorCode: ErrorCode.NONE,
    transactionalId: row.transactionalId,
    transactionState: row.state,
    transactionTimeoutMs: row.timeoutMs,
    transactionStartTimeMs: row.startedMs,
    producerId: row.producerId,
    producerEpoch: row.producerEpoch,
    topics: told,
  }
}
