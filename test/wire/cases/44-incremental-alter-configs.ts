/** IncrementalAlterConfigs: set, delete, append, subtract, validation, duplicates. */
import { incrementalAlterConfigs } from '../../../src/wire/messages/44-incremental-alter-configs.ts'
import { describeConfigs } from '../../../src/wire/messages/32-describe-configs.ts'
import { casesOf } from '../scenario.ts'
import type { RunOf, WireCase } from '../scenario.ts'

type Change = readonly [name: string, operation: number, value: string | null]
const [set, unset, append, subtract] = [0, 1, 2, 3] as const

const of = (resourceType: number, resourceName: string, ...changes: readonly Change[]) => ({
  resources: [
    {
      resourceType,
      resourceName,
      configs: changes.map(([name, configOperation, value]) => ({ name, configOperation, value })),
    },
  ],
  validateOnly: false,
})

/** The changes, and what they left. */
const changed =
  (...changes: readonly Change[]): RunOf<typeof incrementalAlterConfigs> =>
  async (trial) => {
    const { name } = await trial.topic('t', 1, { 'retention.ms': '5000' })
    await trial.try(of(2, name, ...changes))
    await trial.settle()
    const configurationKeys = ['retention.ms', 'cleanup.policy', 'max.message.bytes']
    const resources = [{ resourceType: 2, resourceName: name, configurationKeys }]
    await trial.ask(describeConfigs, 4, { resources })
  }

export const incrementalAlterConfigsCases: WireCase[] = casesOf(incrementalAlterConfigs, {
  set: changed(['retention.ms', set, '7000'], ['cleanup.policy', set, 'compact']),
  unset: changed(['retention.ms', unset, null], ['max.message.bytes', unset, 'x']),
  append: changed(['cleanup.policy', append, 'compact']),
  'append what is there': changed(['cleanup.policy', append, 'delete']),
  subtract: changed(['cleanup.policy', subtract, 'delete']),
  'subtract what is not there': changed(['cleanup.policy', subtract, 'compact']),
  'append to what is no list': changed(['retention.ms', append, '1']),
  'subtract from what is no list': changed(['retention.ms', subtract, '1']),
  'append what is none': changed(['cleanup.policy', append, 'burn']),
  'append nothing': changed(['cleanup.policy', append, null]),
  'set to nothing': changed(['retention.ms', set, null]),
  'set to a wrong value': changed(['retention.ms', set, 'soon']),
  'set out of range': changed(['retention.ms', set, '-5']),
  'set to blanks': changed(['retention.ms', set, ' 8000 ']),
  'set what is unknown': changed(['no.such', set, '1']),
  'unset what is unknown': changed(['no.such', unset, null]),
  'set without a name': changed(['', set, '1']),
  'a name twice': changed(['retention.ms', set, '1'], ['retention.ms', set, '2']),
  'an operation that is none': changed(['retention.ms', 9, '1']),
  nothing: changed(),
  'good and bad': changed(['retention.ms', set, '9000'], ['max.message.bytes', set, 'x']),
  'only validated': async (trial) => {
    const { name } = await trial.topic('t')
    await trial.try({ ...of(2, name, ['retention.ms', set, '1']), validateOnly: true })
    const configurationKeys = ['retention.ms']
    const resources = [{ resourceType: 2, resourceName: name, configurationKeys }]
    await trial.ask(describeConfigs, 4, { resources })
  },
  'a topic that is unknown': (trial) =>
    trial.try(of(2, trial.name('no'), ['retention.ms', set, '1'])),
  'a name that is none': (trial) => trial.try(of(2, 'a b', ['retention.ms', set, '1'])),
  'no name': (trial) => trial.try(of(2, '', ['retention.ms', set, '1'])),
  'a topic twice': async (trial) => {
    const { name } = await trial.topic('t')
    const { resources } = of(2, name, ['retention.ms', set, '1'])
    await trial.try({ resources: [...resources, ...resources], validateOnly: false })
  },
  'of nothing': (trial) => trial.try({ resources: [], validateOnly: false }),
  'of another broker': (trial) => trial.try(of(4, '99', ['log.cleaner.threads', set, '2'])),
  'of a broker that is no number': (trial) => trial.try(of(4, 'x', ['log.retention.ms', set, '2'])),
  'what a broker cannot change': (trial) => trial.try(of(4, '1', ['node.id', set, '2'])),
  'what no broker knows': (trial) =>
    trial.try({ ...of(4, '1', ['no.such', set, '2']), validateOnly: true }),
  'a type that is none': (trial) => trial.try(of(77, 'x', ['a', set, '2'])),
  'a type that is not told': (trial) => trial.try(of(0, 'x', ['a', set, '2'])),
})
