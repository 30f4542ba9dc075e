/** DescribeGroups: in each state, unknown, twice, with operations. */
import { describeGroups } from '../../../src/wire/messages/15-describe-groups.ts'
import { committed, joined, stable } from '../members.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

export const describeGroupsCases: WireCase[] = casesOf(describeGroups, {
  stable: async (trial) => trial.try({ groups: [(await stable(trial, trial.name('g'))).groupId] }),
  'being assigned': async (trial) =>
    trial.try({ groups: [(await joined(trial, trial.name('g'))).groupId] }),
  'a static member': async (trial) => {
    const more = { groupInstanceId: 'i' }
    await trial.try({ groups: [(await stable(trial, trial.name('g'), more)).groupId] })
  },
  'only offsets': async (trial) => {
    const [topic, groupId] = [await trial.topic('t'), trial.name('g')]
    await committed(trial, groupId, topic.name)
    await trial.try({ groups: [groupId] })
  },
  'unknown, and no name': (trial) => trial.try({ groups: [trial.name('no'), ''] }),
  'no groups': (trial) => trial.try({ groups: [] }),
  'a group twice': async (trial) => {
    const { groupId } = await stable(trial, trial.name('g'))
    await trial.try({ groups: [groupId, groupId] })
  },
  operations: within(3, 99, async (trial) => {
    const { groupId } = await stable(trial, trial.name('g'))
    const groups = [groupId, trial.name('no')]
    await trial.try({ groups, includeAuthorizedOperations: true })
  }),
})
