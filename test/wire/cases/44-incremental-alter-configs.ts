/** IncrementalAlterConfigs: set, delete, append, subtract, validation, duplicates. */
import { incrementalAlterConfigs } from '../../../src/wire/messages/44-incremental-alter-configs.ts'
import { describeConfigs } from '../../../src/wire/messages/32-describe-configs.ts'
import { casesOf } from '../scenario.ts'
import type { RunOf, WireCase } from '../scenario.ts'

type Change = readonly [name: string, operation: number, value: string | null]
const [set, unset, append, subtract] = [0, 1, 2, 3] as const
const [broker, logger, group] = [4, 8, 32] as const

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

/** The changes of a resource one after another, each judged alone, and what they left. */
const oneByOne =
  (
    resourceType: number,
    resourceName: string,
    ...changes: readonly Change[]
  ): RunOf<typeof incrementalAlterConfigs> =>
  async (trial) => {
    const name = resourceType === group ? trial.name(resourceName) : resourceName
    const configurationKeys = [...new Set(changes.map(([config]) => config))]
    for (const change of changes) await trial.try(of(resourceType, name, change))
    await trial.settle()
    const resources = [{ resourceType, resourceName: name, configurationKeys }]
    await trial.ask(describeConfigs, 4, { resources, includeSynonyms: true })
  }

const [session, heartbeat] = ['consumer.session.timeout.ms', 'consumer.heartbeat.interval.ms']
const interval = 'consumer.assignment.interval.ms'
const overrides = 'max.connections.per.ip.overrides'

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
  'of a group': oneByOne(group, 'g', [session, set, '50000'], [heartbeat, set, '6000']),
  'of a group, and back': oneByOne(group, 'g', [session, set, '50000'], [session, unset, null]),
  'of a group, out of bounds': oneByOne(
    group,
    'g',
    [session, set, '44999'],
    [session, set, '60001'],
    [heartbeat, set, '4999'],
    [heartbeat, set, '15001'],
    [interval, set, '15001'],
    [interval, set, '-1'],
    [session, set, '0'],
    [session, set, 'x'],
  ),
  'of a group, what is no list': oneByOne(group, 'g', [session, append, '50000']),
  'of a group, what is unknown': oneByOne(group, 'g', ['no.such', set, '1']),
  'of a group, what is unknown, unset': oneByOne(group, 'g', ['no.such', unset, null]),
  'of a group without a name': (trial) => trial.try(of(group, '', [session, set, '50000'])),
  'of a group, only validated': async (trial) => {
    const name = trial.name('g')
    await trial.try({ ...of(group, name, [session, set, '50000']), validateOnly: true })
    await trial.try({ ...of(group, name, [session, set, '5']), validateOnly: true })
    const resources = [{ resourceType: group, resourceName: name, configurationKeys: [session] }]
    await trial.ask(describeConfigs, 4, { resources })
  },
  'of all brokers, live': oneByOne(
    broker,
    '',
    ['group.consumer.assignment.interval.ms', set, '1500'],
    ['max.connection.creation.rate', set, '1000000'],
    ['max.connections.per.ip', set, '1000000'],
    [overrides, set, '10.9.8.7:5,10.9.8.6:7'],
    ['producer.id.expiration.ms', set, '86400001'],
  ),
  'of a broker, live in all only': oneByOne(
    broker,
    '1',
    ['group.consumer.assignment.interval.ms', set, '1500'],
    ['group.consumer.assignment.interval.ms', unset, null],
  ),
  'of all brokers, wrong values': oneByOne(
    broker,
    '',
    ['group.consumer.assignment.interval.ms', set, '-1'],
    ['max.connection.creation.rate', set, '-1'],
    ['max.connections', set, 'x'],
    [overrides, set, '10.9.8.7'],
    [overrides, set, '10.9.8.7:x'],
  ),
  'read at the start': oneByOne(
    broker,
    '',
    ['transaction.max.timeout.ms', set, '1000'],
    ['transactional.id.expiration.ms', set, '1000'],
    ['offsets.retention.minutes', set, '7'],
    ['group.max.size', set, '7'],
    ['group.consumer.session.timeout.ms', set, '50000'],
    ['group.consumer.assignors', append, 'range'],
    ['group.min.session.timeout.ms', set, '7000'],
    ['fetch.max.bytes', set, '2000'],
  ),
  'a logger’s level': oneByOne(logger, '1', ['root', set, 'ERROR']),
  'a logger’s level, wrong': oneByOne(
    logger,
    '1',
    ['root', set, 'LOUD'],
    ['root', set, 'error'],
    ['root', set, ''],
    ['root', set, null],
    ['root', append, 'ERROR'],
    ['root', subtract, 'ERROR'],
    ['root', unset, null],
    ['no.such', set, 'ERROR'],
    ['no.such', unset, null],
  ),
  'a logger’s level, only validated': (trial) =>
    trial.try({ ...of(logger, '1', ['root', set, 'DEBUG']), validateOnly: true }),
  'a logger of another broker': async (trial) => {
    await trial.try(of(logger, '99', ['root', set, 'ERROR']))
    await trial.try(of(logger, 'x', ['root', set, 'ERROR']))
    await trial.try(of(logger, '', ['root', set, 'ERROR']))
  },
  'loggers, good and bad': (trial) =>
    trial.try(of(logger, '1', ['root', set, 'ERROR'], ['no.such', set, 'ERROR'])),
  'a type that is none': (trial) => trial.try(of(77, 'x', ['a', set, '2'])),
  'a type that is not told': (trial) => trial.try(of(0, 'x', ['a', set, '2'])),
})
