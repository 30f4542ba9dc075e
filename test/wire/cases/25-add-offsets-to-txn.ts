/** AddOffsetsToTxn: a group joins a transaction; wrong producers. */
import { addOffsetsToTxn } from '../../../src/wire/messages/25-add-offsets-to-txn.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'
import { coordinated, initialised } from '../transactions.ts'

export const addOffsetsToTxnCases: WireCase[] = casesOf(addOffsetsToTxn, {
  'a group, twice': async (trial) => {
    const asked = { ...(await initialised(trial)), groupId: trial.name('g') }
    await trial.try(asked)
    await trial.try(asked)
  },
  'no group id': async (trial) => trial.try({ ...(await initialised(trial)), groupId: '' }),
  'wrong epochs and ids': async (trial) => {
    const producer = await initialised(trial)
    const asked = { ...producer, groupId: trial.name('g') }
    await trial.try({ ...asked, producerEpoch: producer.producerEpoch + 1 })
    await trial.try({ ...asked, producerEpoch: producer.producerEpoch - 1 })
    await trial.try({ ...asked, producerId: producer.producerId + 1_000_000 })
  },
  'unknown transactional id': async (trial) => {
    const transactionalId = await coordinated(trial)
    const asked = { producerId: 5, producerEpoch: 0, groupId: trial.name('g') }
    await trial.try({ ...asked, transactionalId })
    await trial.try({ ...asked, transactionalId: '' })
  },
})
