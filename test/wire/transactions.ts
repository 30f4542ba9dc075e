/** Transactional producers as a set-up. */
import { produce } from '../../src/wire/messages/00-produce.ts'
import { findCoordinator } from '../../src/wire/messages/10-find-coordinator.ts'
import { initProducerId } from '../../src/wire/messages/22-init-producer-id.ts'
import { addPartitionsToTxn } from '../../src/wire/messages/24-add-partitions-to-txn.ts'
import { endTxn } from '../../src/wire/messages/26-end-txn.ts'
import { describeTransactions } from '../../src/wire/messages/65-describe-transactions.ts'
import { batch } from './batches.ts'
import type { Scenario } from './scenario.ts'

export interface Transactional {
  readonly transactionalId: string
  readonly producerId: number
  readonly producerEpoch: number
}

/** Errors that go by themselves: the coordinator loads, or ends the transaction before. */
const passing = new Set([14, 15, 16, 51])

/** A transactional id whose coordinator is ready; a broker without transactions has none. */
export async function coordinated(scenario: Scenario, what = 'x'): Promise<string> {
  const key = scenario.name(what)
  await scenario.until('its coordinator', async () => {
    const { errorCode } = await scenario.tell(findCoordinator, 3, { key, keyType: 1 })
    return errorCode === 15 ? undefined : true
  })
  await scenario.until('it is loaded', async () => {
    const probe = { transactionalId: key, transactionTimeoutMs: -1 }
    const { errorCode } = await scenario.tell(initProducerId, 4, probe)
    return passing.has(errorCode) ? undefined : true
  })
  return key
}

export async function initialised(scenario: Scenario, what = 'x'): Promise<Transactional> {
  const transactionalId = await coordinated(scenario, what)
  return scenario.until('a transactional producer', async () => {
    const asked = { transactionalId, transactionTimeoutMs: 60_000 }
    const { errorCode, producerId, producerEpoch } = await scenario.tell(initProducerId, 4, asked)
    return errorCode === 0 ? { transactionalId, producerId, producerEpoch } : undefined
  })
}

/** A record of the producer's transaction, which begins by it (KIP-890). */
export async function written(
  scenario: Scenario,
  producer: Transactional,
  topic: string,
  baseSequence = 0,
): Promise<void> {
  const { transactionalId, ...ids } = producer
  const records = batch(['a'], { ...ids, baseSequence, isTransactional: true })
  const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }]
  const asked = { transactionalId, acks: -1, timeoutMs: 10_000, topicData }
  await scenario.until('the record is in', async () => {
    const { responses } = await scenario.tell(produce, 12, asked)
    return responses[0]?.partitionResponses[0]?.errorCode === 0 ? true : undefined
  })
}

/** Kafka answers before it has ended the transaction. Resolves with the producer as it goes on. */
export async function over(
  scenario: Scenario,
  producer: Transactional,
  committed: boolean,
  version = 5,
): Promise<Transactional> {
  const { transactionalId } = producer
  const next = await scenario.until('EndTxn', async () => {
    const answer = await scenario.tell(endTxn, version, { ...producer, committed })
    return answer.errorCode === 0 ? answer : undefined
  })
  await scenario.until('the transaction is over', async () => {
    const asked = { transactionalIds: [transactionalId] }
    const { transactionStates } = await scenario.tell(describeTransactions, 0, asked)
    return transactionStates[0]?.transactionState.startsWith('Complete') === true ? true : undefined
  })
  const { producerId, producerEpoch } = version < 5 ? producer : next
  return { transactionalId, producerId, producerEpoch }
}

/** Partition 0 of the topic joins its transaction, as producers before version 4 ask. */
export async function begun(
  scenario: Scenario,
  producer: Transactional,
  topic: string,
): Promise<void> {
  await scenario.until('the transaction has begun', async () => {
    const { resultsByTopicV3AndBelow } = await scenario.tell(addPartitionsToTxn, 3, {
      v3AndBelowTransactionalId: producer.transactionalId,
      v3AndBelowProducerId: producer.producerId,
      v3AndBelowProducerEpoch: producer.producerEpoch,
      v3AndBelowTopics: [{ name: topic, partitions: [0] }],
    })
    const code = resultsByTopicV3AndBelow[0]?.resultsByPartition[0]?.partitionErrorCode
    return code === 0 ? true : undefined
  })
}
