/** DescribeTopicPartitions: pages, cursors, unknown topics. */
import { describeTopicPartitions } from '../../../src/wire/messages/75-describe-topic-partitions.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

export const describeTopicPartitionsCases: WireCase[] = casesOf(describeTopicPartitions, {
  'two topics': async (trial) => {
    const [a, b] = [await trial.topic('a', 2), await trial.topic('b')]
    await trial.try({ topics: [{ name: a.name }, { name: b.name }] })
  },
  'a page': async (trial) => {
    const { name } = await trial.topic('a', 3)
    await trial.try({ topics: [{ name }], responsePartitionLimit: 2 })
  },
  'from a cursor on': async (trial) => {
    const { name } = await trial.topic('a', 3)
    const cursor = { topicName: name, partitionIndex: 1 }
    await trial.try({ topics: [{ name }], cursor })
    await trial.try({ topics: [{ name }], cursor, responsePartitionLimit: 1 })
  },
  'cursors beyond': async (trial) => {
    const { name } = await trial.topic('a', 3)
    await trial.try({ topics: [{ name }], cursor: { topicName: name, partitionIndex: 9 } })
    await trial.try({ topics: [{ name }], cursor: { topicName: name, partitionIndex: -1 } })
    await trial.try({
      topics: [{ name }],
      cursor: { topicName: trial.name('z'), partitionIndex: 0 },
    })
    await trial.try({ topics: [{ name }], cursor: { topicName: '', partitionIndex: 0 } })
  },
  'a limit of none': async (trial) => {
    const { name } = await trial.topic('a', 3)
    await trial.try({ topics: [{ name }], responsePartitionLimit: 0 })
    await trial.try({ topics: [{ name }], responsePartitionLimit: -1 })
  },
  'unknown, and names that are none': (trial) =>
    trial.try({ topics: [trial.name('no'), '', 'a b'].map((name) => ({ name })) }),
  'a topic twice': async (trial) => {
    const { name } = await trial.topic('a')
    await trial.try({ topics: [{ name }, { name }] })
  },
})
