/** DescribeProducers: idempotent ones, none, unknown partitions. */
import { initProducerId } from '../../../src/wire/messages/22-init-producer-id.ts'
import { describeProducers } from '../../../src/wire/messages/61-describe-producers.ts'
import { batch } from '../batches.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

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
