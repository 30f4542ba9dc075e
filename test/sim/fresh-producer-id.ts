/** A producer id for a simulated producer, however often it must ask. */
import { type Clock, sleep } from '../../src/base/clock.ts'
import { type Random, randomBelow } from '../../src/base/random.ts'
import { ErrorCode } from '../../src/wire/error-codes.ts'
import { initProducerId } from '../../src/wire/messages/22-init-producer-id.ts'
import { type Asker, Lost } from './sim-client.ts'

export async function freshProducerId(
  client: Asker,
  clock: Clock,
  random: Random,
): Promise<number> {
  for (;;) {
    try {
      const body = { transactionalId: null, transactionTimeoutMs: 60_000 }
      const { errorCode, producerId } = await client.request(initProducerId, 4, body)
      if (errorCode === ErrorCode.NONE) return producerId
    } catch (error) {
      if (!(error instanceof Lost)) throw error
    }
    await sleep(clock, 1 + randomBelow(random, 50))
  }
}
