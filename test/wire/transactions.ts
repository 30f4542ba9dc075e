/** Transactional producers as a set-up. */
import { findCoordinator } from '../../src/wire/messages/10-find-coordinator.ts'
import { initProducerId } from '../../src/wire/messages/22-init-producer-id.ts'
import type { Scenario } from './scenario.ts'

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
