/** InitProducerId: idempotent and transactional producers, recovery, fencing, timeouts. */
import { initProducerId } from '../../../src/wire/messages/22-init-producer-id.ts'
import { casesOf, within } from '../scenario.ts'
import type { Scenario, WireCase } from '../scenario.ts'
import { coordinated } from '../transactions.ts'

const idempotent = { transactionalId: null, transactionTimeoutMs: 60_000 }

const transactional = async (scenario: Scenario) => ({
  transactionalId: await coordinated(scenario),
  transactionTimeoutMs: 60_000,
})

export const initProducerIdCases: WireCase[] = casesOf(initProducerId, {
  idempotent: (trial) => trial.try(idempotent),
  'idempotent, no timeout': (trial) => trial.try({ ...idempotent, transactionTimeoutMs: 0 }),
  'idempotent, again with its id': within(3, 99, async (trial) => {
    const { producerId, producerEpoch } = await trial.try(idempotent)
    await trial.try({ ...idempotent, producerId, producerEpoch })
  }),
  'idempotent, an epoch without an id': within(3, 99, (trial) =>
    trial.try({ ...idempotent, producerEpoch: 3 }),
  ),
  'idempotent, an id without an epoch': within(3, 99, (trial) =>
    trial.try({ ...idempotent, producerId: 3 }),
  ),
  'no transactional id': (trial) => trial.try({ ...idempotent, transactionalId: '' }),
  'transactional, twice': async (trial) => {
    const asked = await transactional(trial)
    await trial.try(asked)
    await trial.try(asked)
  },
  'timeouts that are none': async (trial) => {
    const asked = await transactional(trial)
    for (const transactionTimeoutMs of [0, -1, 900_001]) {
      await trial.try({ ...asked, transactionTimeoutMs })
    }
  },
  recovery: within(3, 99, async (trial) => {
    const asked = await transactional(trial)
    const first = await trial.try(asked)
    const { producerId, producerEpoch } = first
    await trial.try({ ...asked, producerId, producerEpoch })
    await trial.try({ ...asked, producerId, producerEpoch })
    await trial.try({ ...asked, producerId, producerEpoch: producerEpoch + 5 })
    await trial.try({ ...asked, producerId: producerId + 1000, producerEpoch })
  }),
  'a zombie': within(3, 99, async (trial) => {
    const asked = await transactional(trial)
    const { producerId, producerEpoch } = await trial.try(asked)
    await trial.try(asked)
    await trial.try(asked)
    await trial.try({ ...asked, producerId, producerEpoch })
  }),
  'recovery of what is unknown': within(3, 99, async (trial) => {
    const asked = await transactional(trial)
    await trial.try({ ...asked, producerId: 5_000_000, producerEpoch: 1 })
  }),
})
