/** ElectLeaders: preferred and unclean, unknown. All would be what other cases made, too. */
import { electLeaders } from '../../../src/wire/messages/43-elect-leaders.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

export const electLeadersCases: WireCase[] = casesOf(electLeaders, {
  preferred: async (trial) => {
    const { name } = await trial.topic('t', 2)
    await trial.try({ topicPartitions: [{ topic: name, partitions: [0, 1] }] })
  },
  unclean: within(1, 99, async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ electionType: 1, topicPartitions: [{ topic: name, partitions: [0] }] })
  }),
  'a type that is none': within(1, 99, async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ electionType: 7, topicPartitions: [{ topic: name, partitions: [0] }] })
  }),
  none: (trial) => trial.try({ topicPartitions: [] }),
  'no partitions': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ topicPartitions: [{ topic: name, partitions: [] }] })
  },
  'unknown topic and partitions': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ topicPartitions: [{ topic: name, partitions: [7, -1, 0] }] })
    await trial.try({ topicPartitions: [{ topic: trial.name('no'), partitions: [0] }] })
  },
  'a partition twice': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ topicPartitions: [{ topic: name, partitions: [0, 0] }] })
  },
})
