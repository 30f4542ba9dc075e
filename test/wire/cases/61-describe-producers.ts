/** DescribeProducers: idempotent ones, none, unknown partitions. */
import { initProducerId } from '../../../src/wire/messages/22-init-producer-id.ts'
import { describeProducers } from '../../../src/wire/messages/61-describe-producers.ts'
import { batch } from '../batches.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'
import { initialised, over, written } from '../transactions.ts'

export const describeProducersCases: WireCase[] = casesOf(describeProducers, {
  one: async (trial) => {
    const { name } = await trial.topic('t')
    const asked = { transactionalId: null, transactionTimeoutMs: 1000 }
    const { producerId, producerEpoch } = await trial.tell(initProducerId, 4, asked)
    for (const baseSequence of [0, 1]) {
      await trial.produce(name, batch(['a'], { producerId, producerEpoch, baseSequence }))
    }
    await trial.try({ topics: [{ name, partitionIndexes: [0] }] })
  },
  'in a transaction': async (trial) => {
    const { name } = await trial.topic('t')
    const producer = await initialised(trial)
    await trial.produce(name, batch(['a']))
    await written(trial, producer, name)
    await trial.try({ topics: [{ name, partitionIndexes: [0] }] })
  },
  'behind transactions': async (trial) => {
    const { name } = await trial.topic('t')
    const producer = await initialised(trial)
    await written(trial, producer, name)
    const asked = { topics: [{ name, partitionIndexes: [0] }] }
    /** The time of a marker is each broker's own. */
    const look = async (): Promise<void> => {
      const { topics } = await trial.tell(describeProducers, 0, asked)
      const found = topics[0]?.partitions[0]?.activeProducers ?? []
      const value = found.map(({ lastTimestamp, ...each }) => {
        return { ...each, isNow: Date.now() - lastTimestamp < 30_000 }
      })
      trial.remember('producers', { kind: 'response', value })
    }
    const next = await over(trial, producer, true)
    await look()
    await written(trial, next, name)
    await trial.try(asked)
    await over(trial, next, false, 4)
    await look()
  },
  none: async (trial) => {
    const { name } = await trial.topic('t')
    await trial.produce(name, batch(['a']))
    await trial.try({ topics: [{ name, partitionIndexes: [0] }] })
  },
  'unknown partitions': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ topics: [{ name, partitionIndexes: [0, 7, -1] }] })
  },
  'no partitions': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ topics: [{ name, partitionIndexes: [] }] })
  },
  'a partition twice': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ topics: [{ name, partitionIndexes: [0, 0] }] })
  },
  'unknown topic, and names that are none': (trial) =>
    trial.try({
      topics: [trial.name('no'), '', 'a b'].map((name) => ({ name, partitionIndexes: [0] })),
    }),
  'no topics': (trial) => trial.try({ topics: [] }),
})
