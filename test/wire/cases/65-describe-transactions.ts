/** DescribeTransactions: fresh, under way, unknown. */
import { describeTransactions } from '../../../src/wire/messages/65-describe-transactions.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'
import { begun, coordinated, initialised, over, written } from '../transactions.ts'

export const describeTransactionsCases: WireCase[] = casesOf(describeTransactions, {
  fresh: async (trial) =>
    trial.try({ transactionalIds: [(await initialised(trial)).transactionalId] }),
  'under way': async (trial) => {
    const { name } = await trial.topic('t')
    const producer = await initialised(trial)
    await begun(trial, producer, name)
    await trial.try({ transactionalIds: [producer.transactionalId] })
  },
  'committed, aborted, and begun anew': async (trial) => {
    const { name } = await trial.topic('t')
    const producer = await initialised(trial)
    const asked = { transactionalIds: [producer.transactionalId] }
    await written(trial, producer, name)
    const next = await over(trial, producer, true)
    await trial.try(asked)
    await over(trial, next, false)
    await trial.try(asked)
    await initialised(trial)
    await trial.try(asked)
  },
  unknown: async (trial) => trial.try({ transactionalIds: [await coordinated(trial)] }),
  'no name': (trial) => trial.try({ transactionalIds: [''] }),
  twice: async (trial) => {
    const { transactionalId } = await initialised(trial)
    await trial.try({ transactionalIds: [transactionalId, transactionalId] })
  },
  nothing: (trial) => trial.try({ transactionalIds: [] }),
})
