/** ListPartitionReassignments: there are none, of all and of some. */
import { apis } from '../../../src/wire/apis.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

export const listPartitionReassignmentsCases: WireCase[] = casesOf(apis[46], {
  all: (trial) => trial.try({ topics: null }),
  none: (trial) => trial.try({ topics: [] }),
  'of a topic': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ topics: [{ name, partitionIndexes: [0, 7] }] })
  },
  'of an unknown topic': (trial) =>
    trial.try({ topics: [{ name: trial.name('no'), partitionIndexes: [0] }] }),
})
