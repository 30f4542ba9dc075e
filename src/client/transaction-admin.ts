/** Transactions as an administrator sees them, and ending those that hold readers up. */
import { Failure } from '../base/errors.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { initProducerId } from '../wire/messages/22-init-producer-id.ts'
import { writeTxnMarkers } from '../wire/messages/27-write-txn-markers.ts'
import { describeProducers } from '../wire/messages/61-describe-producers.ts'
import { describeTransactions } from '../wire/messages/65-describe-transactions.ts'
import { listTransactions } from '../wire/messages/66-list-transactions.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { TopicPartition } from './partition-offsets.ts'
import { expectNone } from './refusal.ts'

/** Nobody will send under the id that is fenced: what timeout it gets does not matter (KIP-664). */
const fencingTimeoutMs = 1

export interface TransactionFilter {
  /** Kafka's names; none for all. */
  readonly states: readonly string[]
  readonly producerIds: readonly number[]
  /** Only those that are open for longer; -1 for all. Brokers before 3.8 cannot tell. */
  readonly olderThanMs: number
}

export interface ListedTransaction {
  readonly transactionalId: string
  readonly producerId: number
  readonly state: string
}

/** Those of all brokers. */
export function listTransactionsOf(
  client: KafkaClient,
  { states, producerIds, olderThanMs }: TransactionFilter,
): Promise<ListedTransaction[]> {
  return client.retrying(async () => {
    const request = {
      stateFilters: [...states],
      producerIdFilters: [...producerIds],
      durationFilter: olderThanMs,
    }
    const brokers = await client.all()
    const answers = await Promise.all(brokers.map((each) => each.call(listTransactions, request)))
    return answers.flatMap(({ errorCode, unknownStateFilters, transactionStates }) => {
      expectNone('cannot list transactions', errorCode)
      const [unknown] = unknownStateFilters
      if (unknown !== undefined) throw new Failure('invalid', `there is no state ${unknown}`)
      return transactionStates.map(({ transactionState: state, ...rest }) => ({ ...rest, state }))
    })
  })
}

export interface TransactionInfo extends ListedTransaction {
  readonly producerEpoch: number
  readonly timeoutMs: number
  /** null where none is open. */
  readonly startedMs: number | null
  readonly partitions: readonly TopicPartition[]
}

/** @throws Failure 'not-found': nobody has used this transactional id, or not for long. */
export function describeTransaction(
  client: KafkaClient,
  transactionalId: string,
): Promise<TransactionInfo> {
  return client.retrying(async () => {
    const coordinator = await client.coordinator(transactionalId, 'transaction')
    const request = { transactionalIds: [transactionalId] }
    const [told] = (await coordinator.call(describeTransactions, request)).transactionStates
    const isMissing = told === undefined || told.errorCode === ErrorCode.TRANSACTIONAL_ID_NOT_FOUND
    if (isMissing) {
      throw new Failure('not-found', `there is no transactional id ${transactionalId}`)
    }
    expectNone(`cannot describe ${transactionalId}`, told.errorCode)
    return {
      transactionalId,
      producerId: told.producerId,
      producerEpoch: told.producerEpoch,
      state: told.transactionState,
      timeoutMs: told.transactionTimeoutMs,
      startedMs: told.transactionStartTimeMs < 0 ? null : told.transactionStartTimeMs,
      partitions: told.topics.flatMap(({ topic, partitions }) =>
        partitions.map((partition) => ({ topic, partition })),
      ),
    }
  })
}

/**
 * Aborts what is open under the id, and shuts its producer out: whoever still uses it is refused
 * (KIP-588).
 *
 * @throws Refusal
 */
export function fenceProducer(client: KafkaClient, transactionalId: string): Promise<void> {
  return client.retrying(async () => {
    const coordinator = await client.coordinator(transactionalId, 'transaction')
    const answer = await coordinator.call(initProducerId, {
      transactionalId,
      transactionTimeoutMs: fencingTimeoutMs,
    })
    expectNone(`cannot abort the transaction of ${transactionalId}`, answer.errorCode)
  })
}

export interface AbortedTransaction extends TopicPartition {
  readonly producerId: number
  readonly producerEpoch: number
  readonly startOffset: number
}

/**
 * Ends a transaction in one partition, without its coordinator: for those that the coordinator
 * knows nothing of, and that hang (KIP-664).
 *
 * @throws Failure 'not-found': no transaction is open there from that offset on.
 */
export function abortHanging(
  client: KafkaClient,
  { topic, partition }: TopicPartition,
  startOffset: number,
): Promise<AbortedTransaction> {
  return client.retrying(async () => {
    const where = `${topic}:${partition}`
    const leader = await client.leader(topic, partition)
    const topics = [{ name: topic, partitionIndexes: [partition] }]
    const described = await leader.call(describeProducers, { topics })
    const [told] = described.topics.flatMap(({ partitions }) => partitions)
    expectNone(`cannot read the producers of ${where}`, told?.errorCode ?? 0, told?.errorMessage)
    const open = told?.activeProducers.find((each) => each.currentTxnStartOffset === startOffset)
    if (open === undefined) {
      const message = `no transaction of ${where} is open from offset ${startOffset} on`
      throw new Failure('not-found', message)
    }
    const { producerId, producerEpoch, coordinatorEpoch } = open
    const markers = [
      {
        producerId,
        producerEpoch,
        transactionResult: false,
        topics,
        // -1 where no marker was written yet: the coordinator's first epoch is 0.
        coordinatorEpoch: Math.max(coordinatorEpoch, 0),
      },
    ]
    const written = await leader.call(writeTxnMarkers, { markers })
    for (const { partitions } of written.markers.flatMap((each) => each.topics)) {
      for (const { errorCode } of partitions) expectNone(`cannot abort in ${where}`, errorCode)
    }
    return { topic, partition, startOffset, producerId, producerEpoch }
  })
}
