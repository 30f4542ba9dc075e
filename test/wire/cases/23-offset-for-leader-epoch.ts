/** OffsetForLeaderEpoch: known epochs, epochs to come, current ones that are wrong. */
import { offsetForLeaderEpoch } from '../../../src/wire/messages/23-offset-for-leader-epoch.ts'
import { batch } from '../batches.ts'
import { casesOf } from '../scenario.ts'
import type { RunOf, WireCase } from '../scenario.ts'

const of = (topic: string, leaderEpoch: number, currentLeaderEpoch = -1, partition = 0) => ({
  replicaId: -1,
  topics: [{ topic, partitions: [{ partition, currentLeaderEpoch, leaderEpoch }] }],
})

const asked =
  (leaderEpoch: number, currentLeaderEpoch = -1): RunOf<typeof offsetForLeaderEpoch> =>
  async (trial) => {
    const { name } = await trial.topic('t')
    await trial.produce(name, batch(['a', 'b', 'c']))
    await trial.try(of(name, leaderEpoch, currentLeaderEpoch))
  }

export const offsetForLeaderEpochCases: WireCase[] = casesOf(offsetForLeaderEpoch, {
  'the first epoch': asked(0),
  'the first epoch, the current one told': asked(0, 0),
  'an epoch to come': asked(5),
  'no epoch': asked(-1),
  'a current epoch to come': asked(0, 5),
  'of nothing': async (trial) => trial.try(of((await trial.topic('t')).name, 0)),
  'unknown topic': (trial) => trial.try(of(trial.name('no'), 0)),
  'unknown partition': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try(of(name, 0, -1, 7))
    await trial.try(of(name, 0, -1, -1))
  },
  'a partition twice': async (trial) => {
    const { name } = await trial.topic('t')
    const partitions = [0, 5].map((leaderEpoch) => ({ partition: 0, leaderEpoch }))
    await trial.try({ replicaId: -1, topics: [{ topic: name, partitions }] })
  },
  'no topics': (trial) => trial.try({ replicaId: -1, topics: [] }),
})
