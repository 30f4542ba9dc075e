/** ListGroups: filters. What other cases made is left out. */
import { listGroups } from '../../../src/wire/messages/16-list-groups.ts'
import { committed, joined, stable } from '../members.ts'
import { casesOf, within } from '../scenario.ts'
import type { RunOf, WireCase } from '../scenario.ts'

interface Filters {
  readonly statesFilter?: string[]
  readonly typesFilter?: string[]
}

/** Three groups, of which those are compared that pass the filters. */
const listed =
  (filters: Filters): RunOf<typeof listGroups> =>
  async (trial) => {
    const { name } = await trial.topic('t')
    await stable(trial, trial.name('stable'))
    await joined(trial, trial.name('joined'), { protocolType: 'consumer' })
    await committed(trial, trial.name('empty'), name)
    const { groups, ...rest } = await trial.tell(listGroups, trial.version, filters)
    const own = groups.filter(({ groupId }) => groupId.startsWith(trial.name('')))
    trial.remember('own groups', { kind: 'response', value: { ...rest, groups: own } })
  }

export const listGroupsCases: WireCase[] = casesOf(listGroups, {
  all: listed({}),
  'stable ones': within(4, 99, listed({ statesFilter: ['Stable'] })),
  'two states': within(4, 99, listed({ statesFilter: ['Empty', 'CompletingRebalance'] })),
  'a state in small letters': within(4, 99, listed({ statesFilter: ['stable'] })),
  'a state that is none': within(4, 99, listed({ statesFilter: ['Asleep'] })),
  'classic ones': within(5, 99, listed({ typesFilter: ['classic'] })),
  'a type in other letters': within(5, 99, listed({ typesFilter: ['Classic'] })),
  'consumer ones': within(5, 99, listed({ typesFilter: ['consumer'] })),
  'a type that is none': within(5, 99, listed({ typesFilter: ['magic'] })),
  'of a type and a state': within(
    5,
    99,
    listed({ typesFilter: ['classic'], statesFilter: ['Empty'] }),
  ),
})
