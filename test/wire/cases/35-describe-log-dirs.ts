/** DescribeLogDirs: of topics, of none. Sizes of what lies are those of each broker. */
import { describeLogDirs } from '../../../src/wire/messages/35-describe-log-dirs.ts'
import { batch } from '../batches.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

export const describeLogDirsCases: WireCase[] = casesOf(describeLogDirs, {
  'of a topic': async (trial) => {
    const { name } = await trial.topic('t', 2)
    await trial.produce(name, batch(['a', 'b', 'c']))
    await trial.try({ topics: [{ topic: name, partitions: [0, 1] }] })
  },
  'of unknown topics and partitions': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ topics: [{ topic: name, partitions: [7, -1] }] })
    await trial.try({ topics: [{ topic: trial.name('no'), partitions: [0] }] })
  },
  'of nothing': (trial) => trial.try({ topics: [] }),
})
