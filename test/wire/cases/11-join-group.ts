/** JoinGroup: the first member, bad requests, static members, rejoining. */
import { joinGroup } from '../../../src/wire/messages/11-join-group.ts'
import { joined, joining, stable, subscribed } from '../members.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const alone = { sessionTimeoutMs: 30_000 }

export const joinGroupCases: WireCase[] = casesOf(joinGroup, {
  'the first member': async (trial) => {
    const input = joining(trial.name('g'))
    const { memberId, errorCode } = await trial.try(input)
    if (errorCode !== 0) await trial.try({ ...input, memberId })
  },
  'no group id': (trial) => trial.try(joining('')),
  'a member that is unknown': (trial) => trial.try({ ...joining(trial.name('g')), memberId: 'x' }),
  'a session that is too short': (trial) =>
    trial.try({ ...joining(trial.name('g')), sessionTimeoutMs: 5999 }),
  'a session that is too long': (trial) =>
    trial.try({ ...joining(trial.name('g')), sessionTimeoutMs: 1_800_001 }),
  'a session of no time': (trial) =>
    trial.try({ ...joining(trial.name('g')), sessionTimeoutMs: -1 }),
  'no protocols': (trial) => trial.try({ ...joining(trial.name('g')), protocols: [] }),
  'no protocol type': (trial) => trial.try({ ...joining(trial.name('g')), protocolType: '' }),
  'metadata that is no subscription': async (trial) => {
    const protocols = [{ name: 'range', metadata: Buffer.from('xyz') }]
    const input = { ...joining(trial.name('g')), protocols }
    const { memberId, errorCode } = await trial.try(input)
    if (errorCode !== 0) await trial.try({ ...input, memberId })
  },
  'of Connect': async (trial) => {
    const protocols = [{ name: 'sessioned', metadata: Buffer.from('anything') }]
    const input = { ...joining(trial.name('g')), protocolType: 'connect', protocols }
    const { memberId, errorCode } = await trial.try(input)
    if (errorCode !== 0) await trial.try({ ...input, memberId })
  },
  'another protocol type': async (trial) => {
    const { groupId } = await stable(trial, trial.name('g'))
    await trial.try({ ...joining(groupId), ...alone, protocolType: 'connect', memberId: '' })
  },
  'no protocol in common': async (trial) => {
    const { groupId } = await stable(trial, trial.name('g'))
    const protocols = [{ name: 'other', metadata: subscribed('t') }]
    await trial.try({ ...joining(groupId), protocols })
  },
  'a stranger in a group with members': async (trial) => {
    const { groupId } = await stable(trial, trial.name('g'))
    await trial.try({ ...joining(groupId), memberId: 'x' })
  },
  'the leader again': async (trial) => {
    const { groupId, memberId } = await stable(trial, trial.name('g'))
    await trial.try({ ...joining(groupId), memberId })
  },
  'the leader again, before it assigns': async (trial) => {
    const { groupId, memberId } = await joined(trial, trial.name('g'))
    await trial.try({ ...joining(groupId), memberId })
  },
  'the leader with other topics': async (trial) => {
    const { groupId, memberId } = await stable(trial, trial.name('g'))
    const protocols = [{ name: 'range', metadata: subscribed('t', 'u') }]
    await trial.try({ ...joining(groupId), protocols, memberId })
  },
  'a static member': within(5, 99, (trial) =>
    trial.try({ ...joining(trial.name('g')), groupInstanceId: 'i' }),
  ),
  'a static member with a name that is none': within(5, 99, (trial) =>
    trial.try({ ...joining(trial.name('g')), groupInstanceId: 'a b' }),
  ),
  'a static member without a name': within(5, 99, (trial) =>
    trial.try({ ...joining(trial.name('g')), groupInstanceId: '' }),
  ),
  'a static member that comes again': within(5, 99, async (trial) => {
    const more = { groupInstanceId: 'i' }
    const { groupId, memberId } = await stable(trial, trial.name('g'), more)
    await trial.try({ ...joining(groupId), ...more })
    await trial.try({ ...joining(groupId), ...more, memberId })
  }),
  'a static member by a member id that is unknown': within(5, 99, async (trial) => {
    const { groupId } = await stable(trial, trial.name('g'), { groupInstanceId: 'i' })
    await trial.try({ ...joining(groupId), groupInstanceId: 'j', memberId: 'x' })
  }),
})
