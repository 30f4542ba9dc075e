/** DescribeClientQuotas: of users and clients, by name, default and any. */
import { describeClientQuotas } from '../../../src/wire/messages/48-describe-client-quotas.ts'
import { alterClientQuotas } from '../../../src/wire/messages/49-alter-client-quotas.ts'
import { casesOf } from '../scenario.ts'
import type { Scenario, WireCase } from '../scenario.ts'

const exactly = (entityType: string, match: string) => ({ entityType, matchType: 0, match })

async function limited(scenario: Scenario, entityName: string): Promise<void> {
  const entity = [{ entityType: 'client-id', entityName }]
  const ops = [{ key: 'producer_byte_rate', value: 5_000_000, remove: false }]
  const entries = [{ entity, ops }]
  await scenario.tell(alterClientQuotas, 1, { entries, validateOnly: false })
  const asked = { components: [exactly('client-id', entityName)], strict: true }
  await scenario.until('the quota is told', async () => {
    const { entries: found } = await scenario.tell(describeClientQuotas, 1, asked)
    return (found?.length ?? 0) > 0 ? true : undefined
  })
}

export const describeClientQuotasCases: WireCase[] = casesOf(describeClientQuotas, {
  'of a client': async (trial) => {
    await limited(trial, trial.name('c'))
    await trial.try({ components: [exactly('client-id', trial.name('c'))], strict: true })
    await trial.try({ components: [exactly('client-id', trial.name('c'))], strict: false })
  },
  'of an unknown client': (trial) =>
    trial.try({ components: [exactly('client-id', trial.name('no'))], strict: true }),
  'of a user': (trial) =>
    trial.try({ components: [exactly('user', trial.name('no'))], strict: false }),
  'of a type that is none': (trial) =>
    trial.try({ components: [exactly('planet', 'x')], strict: false }),
  'a match that is none': (trial) =>
    trial.try({ components: [{ entityType: 'user', matchType: 9, match: 'x' }], strict: false }),
  'a name without one': (trial) =>
    trial.try({ components: [{ entityType: 'user', matchType: 0, match: null }], strict: false }),
  'a default with a name': (trial) =>
    trial.try({ components: [{ entityType: 'user', matchType: 1, match: 'x' }], strict: false }),
  'a type twice': (trial) =>
    trial.try({ components: [exactly('user', 'a'), exactly('user', 'b')], strict: false }),
  'an address and a user': (trial) =>
    trial.try({ components: [exactly('user', 'a'), exactly('ip', '1.2.3.4')], strict: false }),
  'no type': (trial) => trial.try({ components: [exactly('', 'a')], strict: false }),
})
