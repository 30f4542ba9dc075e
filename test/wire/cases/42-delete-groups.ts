/** DeleteGroups: empty, in use, unknown, twice. */
import { deleteGroups } from '../../../src/wire/messages/42-delete-groups.ts'
import { committed, stable } from '../members.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

export const deleteGroupsCases: WireCase[] = casesOf(deleteGroups, {
  'empty, then gone': async (trial) => {
    const [topic, groupId] = [await trial.topic('t'), trial.name('g')]
    await committed(trial, groupId, topic.name)
    await trial.try({ groupsNames: [groupId] })
    await trial.try({ groupsNames: [groupId] })
  },
  'in use': async (trial) =>
    trial.try({ groupsNames: [(await stable(trial, trial.name('g'))).groupId] }),
  'unknown, and no name': async (trial) => {
    // Offsets may have been committed for the group without a name: by cases of OffsetCommit.
    await trial.tell(deleteGroups, 2, { groupsNames: [''] })
    await trial.try({ groupsNames: [trial.name('no'), ''] })
  },
  none: (trial) => trial.try({ groupsNames: [] }),
  'twice at once': async (trial) => {
    const [topic, groupId] = [await trial.topic('t'), trial.name('g')]
    await committed(trial, groupId, topic.name)
    await trial.try({ groupsNames: [groupId, groupId] })
  },
})
