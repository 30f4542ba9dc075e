/** UpdateFeatures: only validated, unknown, out of range. */
import { updateFeatures } from '../../../src/wire/messages/57-update-features.ts'
import { casesOf, within } from '../scenario.ts'
import type { WireCase } from '../scenario.ts'

const [up, safeDown, unsafeDown] = [1, 2, 3] as const

const update = (feature: string, maxVersionLevel: number, upgradeType: number = up) => {
  return { feature, maxVersionLevel, upgradeType }
}

const of = (...each: Parameters<typeof update>) => ({
  featureUpdates: [update(...each)],
  validateOnly: true,
})

const levels = [
  ['group.version', 1],
  ['transaction.version', 2],
] as const

export const updateFeaturesCases: WireCase[] = casesOf(updateFeatures, {
  'to what it is': within(1, 99, (trial) => trial.try(of('group.version', 1))),
  'too high': within(1, 99, (trial) => trial.try(of('group.version', 99))),
  unknown: within(1, 99, (trial) => trial.try(of('no.such', 1))),
  'below 0': within(1, 99, (trial) => trial.try(of('group.version', -1))),
  'down, without saying so': within(1, 99, (trial) => trial.try(of('transaction.version', 1))),
  'a way that is none': within(1, 99, (trial) => trial.try(of('group.version', 1, 9))),
  'a way that is not told': within(1, 99, (trial) => trial.try(of('group.version', 1, 0))),
  'up to what it is, for good': within(1, 99, async (trial) => {
    for (const [name, level] of levels) {
      await trial.try({ featureUpdates: [update(name, level)], validateOnly: false })
    }
  }),
  'up to what it is, in the first version': within(0, 0, async (trial) => {
    for (const [feature, maxVersionLevel] of levels) {
      await trial.try({ featureUpdates: [{ feature, maxVersionLevel }] })
    }
  }),
  'down to what it is': within(1, 99, async (trial) => {
    for (const [name, level] of levels) {
      await trial.try(of(name, level, safeDown))
      await trial.try(of(name, level, unsafeDown))
    }
  }),
  'up by one': within(1, 99, async (trial) => {
    for (const [name, level] of levels) await trial.try(of(name, level + 1))
  }),
  'up to less than it is': within(1, 99, async (trial) => {
    for (const [name, level] of levels) await trial.try(of(name, level - 1))
    await trial.try(of('transaction.version', 0))
  }),
  'down by one': within(1, 99, async (trial) => {
    for (const [name, level] of levels) {
      await trial.try(of(name, level - 1, safeDown))
      await trial.try(of(name, level - 1, unsafeDown))
    }
  }),
  'down to more than it is': within(1, 99, (trial) => trial.try(of('group.version', 9, safeDown))),
  'unknown, down': within(1, 99, (trial) => trial.try(of('no.such', 0, safeDown))),
  'no name': within(1, 99, (trial) => trial.try(of('', 1))),
  'good and bad': within(1, 99, (trial) => {
    const featureUpdates = [update('group.version', 1), update('transaction.version', 99)]
    return trial.try({ featureUpdates, validateOnly: true })
  }),
  'both, for good': within(1, 99, (trial) => {
    const featureUpdates = levels.map(([name, level]) => update(name, level))
    return trial.try({ featureUpdates, validateOnly: false })
  }),
  twice: within(1, 99, (trial) => {
    const featureUpdates = [update('group.version', 1), update('group.version', 1)]
    return trial.try({ featureUpdates, validateOnly: true })
  }),
  'unknown, for good': (trial) =>
    trial.try({ featureUpdates: [{ feature: 'no.such', maxVersionLevel: 1 }] }),
  nothing: (trial) => trial.try({ featureUpdates: [] }),
  'nothing, only validated': within(1, 99, (trial) =>
    trial.try({ featureUpdates: [], validateOnly: true }),
  ),
})
