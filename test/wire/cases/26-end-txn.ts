/** EndTxn: commits and aborts, retried, of nothing, of wrong producers; epochs move from 5 on. */
import { endTxn } from '../../../src/wire/messages/26-end-txn.ts'
import { deleteTopics } from '../../../src/wire/messages/20-delete-topics.ts'
import { batch } from '../batches.ts'
import { produce } from '../../../src/wire/messages/00-produce.ts'
import { casesOf } from '../scenario.ts'
import type { RunOf, Scenario, WireCase } from '../scenario.ts'
import { begun, coordinated, initialised } from '../transactions.ts'
import type { Transactional } from '../transactions.ts'

async function written(scenario: Scenario): Promise<Transactional> {
  const { name } = await scenario.topic('t')
  const producer = await initialised(scenario)
  await begun(scenario, producer, name)
  const records = batch(['a'], { ...producer, baseSequence: 0, isTransactional: true })
  await scenario.until('the record is in', async () => {
    const topicData = [{ name, partitionData: [{ index: 0, records }] }]
    const { transactionalId } = producer
    const { responses } = await scenario.tell(produce, 9, {
      ...{ transactionalId, acks: -1, timeoutMs: 10_000, topicData },
    })
    return responses[0]?.partitionResponses[0]?.errorCode === 0 ? true : undefined
  })
  return producer
}

/** The same again is a retry whose answer was lost; then the other end is asked for. */
const ended =
  (committed: boolean): RunOf<typeof endTxn> =>
  async (trial) => {
    const producer = await written(trial)
    await trial.try({ ...producer, committed })
    await trial.until('it has ended', async () => {
      const { errorCode } = await trial.tell(endTxn, trial.version, { ...producer, committed })
      return errorCode === 51 ? undefined : true
    })
    await trial.try({ ...producer, committed })
    await trial.try({ ...producer, committed: !committed })
  }

export const endTxnCases: WireCase[] = casesOf(endTxn, {
  committed: ended(true),
  aborted: ended(false),
  'a topic that was deleted meanwhile': async (trial) => {
    const producer = await written(trial)
    await trial.tell(deleteTopics, 5, {
      topicNames: [trial.name('t')],
      timeoutMs: 10_000,
      topics: [],
    })
    await trial.settle()
    await trial.try({ ...producer, committed: true })
  },
  'nothing, committed': async (trial) =>
    trial.try({ ...(await initialised(trial)), committed: true }),
  'nothing, aborted': async (trial) =>
    trial.try({ ...(await initialised(trial)), committed: false }),
  'wrong epochs and ids': async (trial) => {
    const producer = await written(trial)
    const { producerEpoch, producerId } = producer
    await trial.try({ ...producer, committed: true, producerEpoch: producerEpoch + 1 })
    await trial.try({ ...producer, committed: true, producerEpoch: producerEpoch - 1 })
    await trial.try({ ...producer, committed: true, producerId: producerId + 1_000_000 })
  },
  'unknown transactional id': async (trial) => {
    const transactionalId = await coordinated(trial)
    const asked = { producerId: 5, producerEpoch: 0, committed: true }
    await trial.try({ ...asked, transactionalId })
    await trial.try({ ...asked, transactionalId: '' })
  },
})
