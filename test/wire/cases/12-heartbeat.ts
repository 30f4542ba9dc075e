/** Heartbeat: of members, strangers, other generations. */
import { heartbeat } from '../../../src/wire/messages/12-heartbeat.ts'
import { joined, stable } from '../members.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

export const heartbeatCases: WireCase[] = casesOf(heartbeat, {
  'of a member': async (trial) => trial.try(await stable(trial, trial.name('g'))),
  'while it is being assigned': async (trial) => trial.try(await joined(trial, trial.name('g'))),
  'of another generation': async (trial) => {
    const member = await stable(trial, trial.name('g'))
    await trial.try({ ...member, generationId: member.generationId + 1 })
    await trial.try({ ...member, generationId: -1 })
  },
  'of a stranger': async (trial) => {
    const member = await stable(trial, trial.name('g'))
    await trial.try({ ...member, memberId: 'x' })
    await trial.try({ ...member, memberId: '' })
  },
  'in an unknown group': (trial) =>
    trial.try({ groupId: trial.name('no'), memberId: 'x', generationId: 1 }),
  'no group id': (trial) => trial.try({ groupId: '', memberId: 'x', generationId: 1 }),
  'of a static member': within(3, 99, async (trial) => {
    const more = { groupInstanceId: 'i' }
    const member = await stable(trial, trial.name('g'), more)
    await trial.try({ ...member, ...more })
    await trial.try({ ...member, ...more, memberId: 'x' })
    await trial.try({ ...member, groupInstanceId: 'j' })
  }),
})
