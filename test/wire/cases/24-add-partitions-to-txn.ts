/** AddPartitionsToTxn: of clients (0-3) and of brokers in bulk (4+). */
import { addPartitionsToTxn } from '../../../src/wire/messages/24-add-partitions-to-txn.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'
import { begun, coordinated, initialised } from '../transactions.ts'
import type { Transactional } from '../transactions.ts'

const of = (producer: Transactional, name: string, partitions = [0]) => ({
  v3AndBelowTransactionalId: producer.transactionalId,
  v3AndBelowProducerId: producer.producerId,
  v3AndBelowProducerEpoch: producer.producerEpoch,
  v3AndBelowTopics: [{ name, partitions }],
})

export const addPartitionsToTxnCases: WireCase[] = casesOf(addPartitionsToTxn, {
  'a partition, twice': within(0, 3, async (trial) => {
    const { name } = await trial.topic('t')
    const producer = await initialised(trial)
    await trial.try(of(producer, name))
    await trial.try(of(producer, name))
  }),
  'unknown topic and partition': within(0, 3, async (trial) => {
    const { name } = await trial.topic('t')
    const producer = await initialised(trial)
    await trial.try(of(producer, name, [0, 7]))
    await trial.try(of(producer, trial.name('no')))
  }),
  'wrong epochs and ids': within(0, 3, async (trial) => {
    const { name } = await trial.topic('t')
    const producer = await initialised(trial)
    const { producerEpoch, producerId } = producer
    await trial.try(of({ ...producer, producerEpoch: producerEpoch + 1 }, name))
    await trial.try(of({ ...producer, producerEpoch: producerEpoch - 1 }, name))
    await trial.try(of({ ...producer, producerId: producerId + 1_000_000 }, name))
  }),
  'unknown transactional id': within(0, 3, async (trial) => {
    const { name } = await trial.topic('t')
    const transactionalId = await coordinated(trial)
    await trial.try(of({ transactionalId, producerId: 5, producerEpoch: 0 }, name))
    await trial.try(of({ transactionalId: '', producerId: 5, producerEpoch: 0 }, name))
  }),
  nothing: within(0, 3, async (trial) => {
    const producer = await initialised(trial)
    await trial.try({ ...of(producer, 't'), v3AndBelowTopics: [] })
  }),
  'in bulk': within(4, 99, async (trial) => {
    const { name } = await trial.topic('t')
    const producer = await initialised(trial)
    const transaction = { ...producer, topics: [{ name, partitions: [0] }] }
    await trial.try({ transactions: [transaction] })
  }),
  'in bulk, only verified': within(4, 99, async (trial) => {
    const [a, b] = [await trial.topic('a'), await trial.topic('b')]
    const producer = await initialised(trial)
    await begun(trial, producer, a.name)
    const topics = [a, b].map(({ name }) => ({ name, partitions: [0] }))
    await trial.try({ transactions: [{ ...producer, verifyOnly: true, topics }] })
  }),
})
