/** UpdateFeatures: only validated, unknown, out of range. */
import { updateFeatures } from '../../../src/wire/messages/57-update-features.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const of = (feature: string, maxVersionLevel: number) => ({
  featureUpdates: [{ feature, maxVersionLevel }],
  validateOnly: true,
})

export const updateFeaturesCases: WireCase[] = casesOf(updateFeatures, {
  'to what it is': within(1, 99, (trial) => trial.try(of('group.version', 1))),
  'too high': within(1, 99, (trial) => trial.try(of('group.version', 99))),
  unknown: within(1, 99, (trial) => trial.try(of('no.such', 1))),
  'below 0': within(1, 99, (trial) => trial.try(of('group.version', -1))),
  'down, without saying so': within(1, 99, (trial) => trial.try(of('transaction.version', 1))),
  'a way that is none': within(1, 99, (trial) => {
    const [update] = of('group.version', 1).featureUpdates
    const featureUpdates = update === undefined ? [] : [{ ...update, upgradeType: 9 }]
    return trial.try({ featureUpdates, validateOnly: true })
  }),
  'unknown, for good': (trial) =>
    trial.try({ featureUpdates: [{ feature: 'no.such', maxVersionLevel: 1 }] }),
  nothing: (trial) => trial.try({ featureUpdates: [] }),
})
