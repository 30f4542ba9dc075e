/** ListTransactions: filters. What other cases made is left out. */
import { listTransactions } from '../../../src/wire/messages/66-list-transactions.ts'
import { casesOf, within } from '../scenario.ts'
import type { RunOf, WireCase } from '../scenario.ts'
import { begun, initialised } from '../transactions.ts'

interface Filters {
  readonly stateFilters?: string[]
  readonly durationFilter?: number
  readonly transactionalIdPattern?: string
}

/** A fresh one and one under way, of which those are compared that pass. */
const listed =
  (filters: Filters): RunOf<typeof listTransactions> =>
  async (trial) => {
    const { name } = await trial.topic('t')
    await initialised(trial, 'fresh')
    await begun(trial, await initialised(trial, 'begun'), name)
    const asked = { stateFilters: [], producerIdFilters: [], ...filters }
    const { transactionStates, ...rest } = await trial.tell(listTransactions, trial.version, asked)
    const own = transactionStates.filter(({ transactionalId }) =>
      transactionalId.startsWith(trial.name('')),
    )
    trial.remember('own', { kind: 'response', value: { ...rest, transactionStates: own } })
  }

export const listTransactionsCases: WireCase[] = casesOf(listTransactions, {
  all: listed({}),
  'under way': listed({ stateFilters: ['Ongoing'] }),
  'a state that is none': listed({ stateFilters: ['Asleep', 'Ongoing'] }),
  'a state in small letters': listed({ stateFilters: ['ongoing'] }),
  'of another producer': async (trial) => {
    const { producerId } = await initialised(trial)
    await trial.try({ stateFilters: [], producerIdFilters: [producerId] })
    await trial.try({ stateFilters: [], producerIdFilters: [producerId + 1_000_000] })
  },
  'that take long': within(1, 99, listed({ durationFilter: 3_600_000 })),
  'by pattern': within(2, 99, listed({ transactionalIdPattern: '.*-begun' })),
  'by a pattern that is none': within(2, 99, listed({ transactionalIdPattern: '(' })),
})
