/** AlterClientQuotas: set, remove, wrong keys, values and entities. */
import { alterClientQuotas } from '../../../src/wire/messages/49-alter-client-quotas.ts'
import { casesOf } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

interface Entity {
  readonly entityType: string
  readonly entityName: string | null
}

const client = (entityName: string): Entity[] => [{ entityType: 'client-id', entityName }]

/** Null removes. */
const of = (
  entity: readonly Entity[],
  ...ops: readonly (readonly [key: string, value: number | null])[]
) => ({
  entries: [
    {
      entity,
      ops: ops.map(([key, value]) => ({ key, value: value ?? 0, remove: value === null })),
    },
  ],
  validateOnly: false,
})

export const alterClientQuotasCases: WireCase[] = casesOf(alterClientQuotas, {
  'set and removed': async (trial) => {
    await trial.try(of(client(trial.name('c')), ['producer_byte_rate', 1_000_000]))
    await trial.try(of(client(trial.name('c')), ['producer_byte_rate', null]))
    await trial.try(of(client(trial.name('c')), ['producer_byte_rate', null]))
  },
  'only validated': (trial) =>
    trial.try({ ...of(client(trial.name('c')), ['producer_byte_rate', 5]), validateOnly: true }),
  'a key that is none': (trial) => trial.try(of(client(trial.name('c')), ['speed', 5])),
  'a key of an address': (trial) =>
    trial.try(of(client(trial.name('c')), ['connection_creation_rate', 5])),
  'values that are none': async (trial) => {
    await trial.try(of(client(trial.name('c')), ['producer_byte_rate', 0]))
    await trial.try(of(client(trial.name('c')), ['producer_byte_rate', -5]))
    await trial.try(of(client(trial.name('c')), ['producer_byte_rate', 1.5]))
    await trial.try(of(client(trial.name('c')), ['request_percentage', 0.5]))
  },
  'a user and a client': (trial) =>
    trial.try(
      of(
        [...client(trial.name('c')), { entityType: 'user', entityName: trial.name('u') }],
        ['consumer_byte_rate', 1_000_000],
      ),
    ),
  'a type that is none': (trial) =>
    trial.try(of([{ entityType: 'planet', entityName: 'x' }], ['consumer_byte_rate', 5])),
  'a type twice': (trial) =>
    trial.try(of([...client('a'), ...client('b')], ['consumer_byte_rate', 5])),
  nobody: (trial) => trial.try(of([], ['consumer_byte_rate', 5])),
  'an empty name': (trial) => trial.try(of(client(''), ['consumer_byte_rate', 5])),
  'an address that is none': (trial) =>
    trial.try(
      of([{ entityType: 'ip', entityName: 'not an address' }], ['connection_creation_rate', 5]),
    ),
  'an address and a user': (trial) =>
    trial.try(
      of(
        [
          { entityType: 'ip', entityName: '10.9.8.7' },
          { entityType: 'user', entityName: 'x' },
        ],
        ['connection_creation_rate', 5],
      ),
    ),
  'no changes': (trial) => trial.try(of(client(trial.name('c')))),
  nothing: (trial) => trial.try({ entries: [], validateOnly: false }),
})
