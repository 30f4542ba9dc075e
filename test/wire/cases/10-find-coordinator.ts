/** FindCoordinator: of groups and transactions, one and many. */
import { findCoordinator } from '../../../src/wire/messages/10-find-coordinator.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

export const findCoordinatorCases: WireCase[] = casesOf(findCoordinator, {
  'of a group': within(0, 3, (trial) => trial.try({ key: trial.name('g') })),
  'of the empty group': within(0, 3, (trial) => trial.try({ key: '' })),
  'of a type that is none': within(1, 3, (trial) => trial.try({ key: 'x', keyType: 9 })),
  'of a share group': within(1, 3, (trial) => trial.try({ key: 'x', keyType: 2 })),
  'of two groups': within(4, 99, (trial) =>
    trial.try({ coordinatorKeys: [trial.name('a'), trial.name('b')] }),
  ),
  'of a group twice': within(4, 99, (trial) =>
    trial.try({ coordinatorKeys: [trial.name('a'), trial.name('a')] }),
  ),
  'of no group': within(4, 99, (trial) => trial.try({ coordinatorKeys: [] })),
  'of the empty group among others': within(4, 99, (trial) =>
    trial.try({ coordinatorKeys: ['', trial.name('a')] }),
  ),
  'of a transaction': within(1, 99, async (trial) => {
    const key = trial.name('x')
    const asked = trial.version < 4 ? { key, keyType: 1 } : { coordinatorKeys: [key], keyType: 1 }
    await trial.until('its topic is there', async () => {
      const { coordinators, errorCode } = await trial.tell(findCoordinator, trial.version, asked)
      return (coordinators[0]?.errorCode ?? errorCode) === 15 ? undefined : true
    })
    await trial.try(asked)
  }),
  'of a type that is none, of many': within(4, 99, (trial) =>
    trial.try({ coordinatorKeys: ['x'], keyType: 9 }),
  ),
  'of a share group, of many': within(4, 99, (trial) =>
    trial.try({ coordinatorKeys: ['x', 'g:AAAAAAAAAAAAAAAAAAAAAQ:0'], keyType: 2 }),
  ),
})
