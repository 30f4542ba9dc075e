/** Transactional producers as a set-up. */
import { findCoordinator } from '../../src/wire/messages/10-find-coordinator.ts'
import { initProducerId } from '../../src/wire/messages/22-init-producer-id.ts'
import { addPartitionsToTxn } from '../../src/wire/messages/24-add-partitions-to-txn.ts'
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
