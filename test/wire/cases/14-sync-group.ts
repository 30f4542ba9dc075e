/** SyncGroup: the leader, strangers, other generations and protocols. */
import { syncGroup } from '../../../src/wire/messages/14-sync-group.ts'
import { joined, stable } from '../members.ts'
import type { Member } from '../members.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const syncing = (version: number, member: Member) => ({
  ...member,
  ...(version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}),
  assignments: [{ memberId: member.memberId, assignment: Buffer.from('mine') }],
})

export const syncGroupCases: WireCase[] = casesOf(syncGroup, {
  'the leader, twice': async (trial) => {
    const member = await joined(trial, trial.name('g'))
    await trial.try(syncing(trial.version, member))
    await trial.try({ ...syncing(trial.version, member), assignments: [] })
  },
  'without assignments': async (trial) => {
    const member = await joined(trial, trial.name('g'))
    await trial.try({ ...syncing(trial.version, member), assignments: [] })
  },
  'an assignment of a stranger': async (trial) => {
    const member = await joined(trial, trial.name('g'))
    const assignments = [{ memberId: 'x', assignment: Buffer.from('his') }]
    await trial.try({ ...syncing(trial.version, member), assignments })
  },
  'of another generation': async (trial) => {
    const member = await joined(trial, trial.name('g'))
    await trial.try(syncing(trial.version, { ...member, generationId: member.generationId + 1 }))
    await trial.try(syncing(trial.version, { ...member, generationId: -1 }))
  },
  'a stranger': async (trial) => {
    const member = await stable(trial, trial.name('g'))
    await trial.try(syncing(trial.version, { ...member, memberId: 'x' }))
    await trial.try(syncing(trial.version, { ...member, memberId: '' }))
  },
  'an unknown group': (trial) =>
    trial.try(
      syncing(trial.version, { groupId: trial.name('no'), memberId: 'x', generationId: 1 }),
    ),
  'no group id': (trial) =>
    trial.try(syncing(trial.version, { groupId: '', memberId: 'x', generationId: 1 })),
  'another protocol': within(5, 99, async (trial) => {
    const member = await joined(trial, trial.name('g'))
    await trial.try({ ...syncing(trial.version, member), protocolType: 'connect' })
    await trial.try({ ...syncing(trial.version, member), protocolName: 'other' })
    await trial.try({ ...syncing(trial.version, member), protocolName: null, protocolType: null })
  }),
  'a static member': within(3, 99, async (trial) => {
    const more = { groupInstanceId: 'i' }
    const member = await joined(trial, trial.name('g'), more)
    await trial.try({ ...syncing(trial.version, member), ...more, memberId: 'x' })
    await trial.try({ ...syncing(trial.version, member), groupInstanceId: 'j' })
    await trial.try({ ...syncing(trial.version, member), ...more })
  }),
})
