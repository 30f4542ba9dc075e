/** InitProducerId: idempotent and transactional producers, recovery, fencing, timeouts. */
import { findCoordinator } from '../../../src/wire/messages/10-find-coordinator.ts'
import { initProducerId } from '../../../src/wire/messages/22-init-producer-id.ts'
import { casesOf, within } from '../scenario.ts'
import type { Scenario, WireCase } from '../scenario.ts'

const idempotent = { transactionalId: null, transactionTimeoutMs: 60_000 }

/** A transactional id whose coordinator is ready; brokers without transactions have none. */
async function transactional(scenario: Scenario, timeoutMs = 60_000) {
  const key = scenario.name('x')
  await scenario.until('its coordinator', async () => {
    const { errorCode } = await scenario.tell(findCoordinator, 3, { key, keyType: 1 })
    return errorCode === 15 ? undefined : true
  })
  await scenario.until('it is loaded', async () => {
    const probe = { ...idempotent, transactionalId: key, transactionTimeoutMs: -1 }
    const { errorCode } = await scenario.tell(initProducerId, 4, probe)
    return errorCode === 14 || errorCode === 15 || errorCode === 16 ? undefined : true
  })
  return { transactionalId: key, transactionTimeoutMs: timeoutMs }
}

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
