/** AlterPartitionReassignments: where a replica is already, strangers, cancelling. */
import { apis } from '../../../src/wire/apis.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const of = (name: string, replicas: number[] | null, partitionIndex = 0) => ({
  topics: [{ name, partitions: [{ partitionIndex, replicas }] }],
})

export const alterPartitionReassignmentsCases: WireCase[] = casesOf(apis[45], {
  'to where it is': async (trial) => trial.try(of((await trial.topic('t')).name, [1])),
  'to a stranger': async (trial) => trial.try(of((await trial.topic('t')).name, [99])),
  'to two': async (trial) => trial.try(of((await trial.topic('t')).name, [1, 2])),
  'to nobody': async (trial) => trial.try(of((await trial.topic('t')).name, [])),
  'twice to one': async (trial) => trial.try(of((await trial.topic('t')).name, [1, 1])),
  'to a negative one': async (trial) => trial.try(of((await trial.topic('t')).name, [-1])),
  'cancelled, and there is none': async (trial) =>
    trial.try(of((await trial.topic('t')).name, null)),
  'unknown partition': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try(of(name, [1], 7))
    await trial.try(of(name, null, -1))
  },
  'unknown topic': (trial) => trial.try(of(trial.name('no'), [1])),
  nothing: (trial) => trial.try({ topics: [] }),
})
