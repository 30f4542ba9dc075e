/** AlterConfigs: what is not named goes back to its default. */
import { alterConfigs } from '../../../src/wire/messages/33-alter-configs.ts'
import { describeConfigs } from '../../../src/wire/messages/32-describe-configs.ts'
import { casesOf, within } from '../scenario.ts'
import type { RunOf, WireCase } from '../scenario.ts'

type Setting = readonly [name: string, value: string | null]

const of = (resourceType: number, resourceName: string, ...settings: readonly Setting[]) => ({
  resources: [
    { resourceType, resourceName, configs: settings.map(([name, value]) => ({ name, value })) },
  ],
  validateOnly: false,
})

/** The settings, and what they left. */
const changed =
  (...settings: readonly Setting[]): RunOf<typeof alterConfigs> =>
  async (trial) => {
    const { name } = await trial.topic('t', 1, { 'retention.ms': '5000' })
    await trial.try(of(2, name, ...settings))
    await trial.settle()
    const configurationKeys = ['retention.ms', 'cleanup.policy', 'max.message.bytes']
    const resources = [{ resourceType: 2, resourceName: name, configurationKeys }]
    await trial.ask(describeConfigs, 4, { resources })
  }

export const alterConfigsCases: WireCase[] = casesOf(alterConfigs, {
  set: changed(['retention.ms', '7000'], ['cleanup.policy', 'compact']),
  'nothing: all goes': changed(),
  null: changed(['retention.ms', null]),
  'a wrong value': changed(['retention.ms', 'soon'], ['max.message.bytes', '2000']),
  'out of range': changed(['retention.ms', '-5']),
  unknown: changed(['no.such', '1']),
  'without a name': changed(['', '1']),
  'a name twice': changed(['retention.ms', '1'], ['retention.ms', '2']),
  'only validated': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ ...of(2, name, ['retention.ms', '1']), validateOnly: true })
  },
  'a topic that is unknown': (trial) => trial.try(of(2, trial.name('no'), ['retention.ms', '1'])),
  // Kafka never answers it: one version is enough to wait for.
  'a topic twice': within(2, 2, async (trial) => {
    const { name } = await trial.topic('t')
    const { resources } = of(2, name, ['retention.ms', '1'])
    await trial.try({ resources: [...resources, ...resources], validateOnly: false })
  }),
  'names that are none': async (trial) => {
    await trial.try(of(2, 'a b', ['retention.ms', '1']))
    await trial.try(of(2, '', ['retention.ms', '1']))
  },
  'of nothing': (trial) => trial.try({ resources: [], validateOnly: false }),
  'of another broker': (trial) => trial.try(of(4, '99', ['log.cleaner.threads', '2'])),
  'what a broker cannot change': (trial) => trial.try(of(4, '1', ['node.id', '2'])),
  'of loggers': (trial) => trial.try(of(8, '1', ['root', 'ERROR'])),
  'of a group': async (trial) => {
    await trial.try(of(32, trial.name('g'), ['consumer.session.timeout.ms', '50000']))
    await trial.try(of(32, trial.name('g'), ['consumer.session.timeout.ms', '5']))
  },
  'types that are none': async (trial) => {
    await trial.try(of(77, 'x', ['a', '2']))
    await trial.try(of(0, 'x', ['a', '2']))
  },
})
