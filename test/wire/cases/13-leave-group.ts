/** LeaveGroup: alone, in batches, static members, strangers. */
import { leaveGroup } from '../../../src/wire/messages/13-leave-group.ts'
import { joined, stable } from '../members.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const leaving = (version: number, groupId: string, memberId: string) =>
  version < 3 ? { groupId, memberId } : { groupId, members: [{ memberId }] }

export const leaveGroupCases: WireCase[] = casesOf(leaveGroup, {
  'a member, twice': async (trial) => {
    const { groupId, memberId } = await stable(trial, trial.name('g'))
    await trial.try(leaving(trial.version, groupId, memberId))
    await trial.try(leaving(trial.version, groupId, memberId))
  },
  'while it is being assigned': async (trial) => {
    const { groupId, memberId } = await joined(trial, trial.name('g'))
    await trial.try(leaving(trial.version, groupId, memberId))
  },
  'a stranger': async (trial) => {
    const { groupId } = await stable(trial, trial.name('g'))
    await trial.try(leaving(trial.version, groupId, 'x'))
    await trial.try(leaving(trial.version, groupId, ''))
  },
  'an unknown group': (trial) => trial.try(leaving(trial.version, trial.name('no'), 'x')),
  'no group id': (trial) => trial.try(leaving(trial.version, '', 'x')),
  nobody: within(3, 99, async (trial) => {
    const { groupId } = await stable(trial, trial.name('g'))
    await trial.try({ groupId, members: [] })
  }),
  'a member and a stranger': within(3, 99, async (trial) => {
    const { groupId, memberId } = await stable(trial, trial.name('g'))
    await trial.try({ groupId, members: [{ memberId: 'x' }, { memberId }, { memberId }] })
  }),
  'a static member by its name': within(3, 99, async (trial) => {
    const groupInstanceId = 'i'
    const { groupId } = await stable(trial, trial.name('g'), { groupInstanceId })
    await trial.try({ groupId, members: [{ memberId: 'x', groupInstanceId }] })
    await trial.try({ groupId, members: [{ memberId: '', groupInstanceId: 'j' }] })
    await trial.try({ groupId, members: [{ memberId: '', groupInstanceId }] })
    await trial.try({ groupId, members: [{ memberId: '', groupInstanceId }] })
  }),
})
