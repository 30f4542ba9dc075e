/** The two brokers: what they advertise, and that they are ready for everything. */
import { apiVersions } from '../../src/wire/messages/18-api-versions.ts'
import { findCoordinator } from '../../src/wire/messages/10-find-coordinator.ts'
import { heartbeat } from '../../src/wire/messages/12-heartbeat.ts'
import { initProducerId } from '../../src/wire/messages/22-init-producer-id.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import type { Range } from '../../src/wire/notation.ts'
import { Scenario } from './scenario.ts'

/** Their versions, by key. */
export async function advertisedBy(bootstrap: string): Promise<ReadonlyMap<number, Range>> {
  const scenario = new Scenario(bootstrap, '')
  try {
    const software = { clientSoftwareName: 'wire-test', clientSoftwareVersion: '1' }
    const { apiKeys } = await scenario.tell(apiVersions, 4, software)
    return new Map(
      apiKeys.map(({ apiKey, minVersion, maxVersion }) => [
        apiKey,
        { min: minVersion, max: maxVersion },
      ]),
    )
  } finally {
    scenario.close()
  }
}

const transactionalIds = 300
const coming: ReadonlySet<number> = new Set([
  ErrorCode.COORDINATOR_LOAD_IN_PROGRESS,
  ErrorCode.COORDINATOR_NOT_AVAILABLE,
  ErrorCode.NOT_COORDINATOR,
  ErrorCode.CONCURRENT_TRANSACTIONS,
])

/** Kafka makes its internal topics and loads its coordinators at first use. */
export async function warmUp(bootstrap: string): Promise<void> {
  const scenario = new Scenario(bootstrap, 'warm-up-')
  try {
    for (let group = 0; group < 16; group++) {
      await scenario.until('a coordinator', async () => {
        const key = scenario.name(`g${group}`)
        const found = await scenario.tell(findCoordinator, 3, { key, keyType: 0 })
        if (found.errorCode !== ErrorCode.NONE) return undefined
        const beat = { groupId: key, generationId: 1, memberId: 'm' }
        const { errorCode } = await scenario.tell(heartbeat, 4, beat)
        return errorCode === ErrorCode.UNKNOWN_MEMBER_ID ? true : undefined
      })
    }
    await scenario.until('producer ids', async () => {
      const input = { transactionalId: null, transactionTimeoutMs: 1000 }
      const { errorCode } = await scenario.tell(initProducerId, 4, input)
      return errorCode === ErrorCode.NONE ? true : undefined
    })
    // So many, because each partition of the topic of transactions is loaded by itself.
    for (let at = 0; at < transactionalIds; at++) {
      const transactionalId = scenario.name(`x${at}`)
      await scenario.until('a coordinator of transactions', async () => {
        await scenario.tell(findCoordinator, 3, { key: transactionalId, keyType: 1 })
        const input = { transactionalId, transactionTimeoutMs: 1000 }
        const { errorCode } = await scenario.tell(initProducerId, 4, input)
        return coming.has(errorCode) ? undefined : true
      })
    }
  } finally {
    scenario.close()
  }
}
