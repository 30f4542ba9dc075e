/** ListOffsets: special timestamps, times inside batches, epochs, isolation. */
import { listOffsets } from '../../../src/wire/messages/02-list-offsets.ts'
import { batch, bornMs } from '../batches.ts'
import { casesOf, within } from '../scenario.ts'
import type { RunOf, Scenario, WireCase } from '../scenario.ts'

async function filled(scenario: Scenario): Promise<string> {
  const { name } = await scenario.topic('t')
  await scenario.produce(name, batch(['a', 'b', 'c']))
  await scenario.produce(name, batch(['d', 'e'], { codec: 'gzip' }))
  return name
}

const of = (name: string, timestamp: number, more: object = {}) => ({
  replicaId: -1,
  topics: [{ name, partitions: [{ partitionIndex: 0, timestamp, ...more }] }],
})

const at =
  (timestamp: number, more: object = {}): RunOf<typeof listOffsets> =>
  async (trial) =>
    trial.try(of(await filled(trial), timestamp, more))

export const listOffsetsCases: WireCase[] = casesOf(listOffsets, {
  latest: at(-1),
  earliest: at(-2),
  'the largest timestamp': at(-3),
  'earliest local': at(-4),
  'latest tiered': at(-5),
  'earliest pending upload': at(-6),
  'a special one that is none': at(-7),
  'a time before all': at(0),
  'the time of the first record': at(bornMs),
  'a time between records': at(bornMs + 500),
  'the time of the last record': at(bornMs + 2000),
  'a time after all': at(bornMs + 50_000),
  'latest committed': within(2, 99, async (trial) =>
    trial.try({ ...of(await filled(trial), -1), isolationLevel: 1 }),
  ),
  'a time, committed': within(2, 99, async (trial) =>
    trial.try({ ...of(await filled(trial), bornMs + 500), isolationLevel: 1 }),
  ),
  'the largest timestamp of nothing': async (trial) =>
    trial.try(of((await trial.topic('t')).name, -3)),
  'a time in nothing': async (trial) => trial.try(of((await trial.topic('t')).name, bornMs)),
  'latest of nothing': async (trial) => trial.try(of((await trial.topic('t')).name, -1)),
  'the right leader epoch': within(4, 99, at(-1, { currentLeaderEpoch: 0 })),
  'a leader epoch to come': within(4, 99, at(-1, { currentLeaderEpoch: 3 })),
  'unknown topic': (trial) => trial.try(of(trial.name('no'), -1)),
  'a name that is none': (trial) => trial.try(of('a b', -1)),
  'unknown partition': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({
      replicaId: -1,
      topics: [
        { name, partitions: [4, -1].map((partitionIndex) => ({ partitionIndex, timestamp: -1 })) },
      ],
    })
  },
  'a partition twice': async (trial) => {
    const { name } = await trial.topic('t')
    const partitions = [-1, -2].map((timestamp) => ({ partitionIndex: 0, timestamp }))
    await trial.try({ replicaId: -1, topics: [{ name, partitions }] })
  },
  'no topics': (trial) => trial.try({ replicaId: -1, topics: [] }),
  'a follower asks': async (trial) => trial.try({ ...of(await filled(trial), -1), replicaId: 5 }),
})
