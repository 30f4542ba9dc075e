/** DescribeConfigs: topics and brokers, some keys, all, synonyms, documentation, unknown. */
import { describeConfigs } from '../../../src/wire/messages/32-describe-configs.ts'
import { casesOf, within } from '../scenario.ts'
import type { RunOf, WireCase } from '../scenario.ts'

const [topicType, brokerType, loggerType] = [2, 4, 8]

const of = (
  resourceType: number | undefined,
  resourceName: string,
  configurationKeys: readonly string[] | null,
) => ({ resources: [{ resourceType: resourceType ?? 0, resourceName, configurationKeys }] })

const topicWith =
  (configurationKeys: readonly string[] | null, more: object = {}): RunOf<typeof describeConfigs> =>
  async (trial) => {
    const configs = { 'retention.ms': '1000', 'cleanup.policy': 'compact' }
    const { name } = await trial.topic('t', 1, configs)
    await trial.try({ ...of(topicType, name, configurationKeys), ...more })
  }

const some = ['retention.ms', 'cleanup.policy', 'segment.bytes', 'compression.type']

export const describeConfigsCases: WireCase[] = casesOf(describeConfigs, {
  'some of a topic': topicWith(some),
  'some with synonyms': topicWith(some, { includeSynonyms: true }),
  'some with documentation': within(3, 99, topicWith(some, { includeDocumentation: true })),
  'all of a topic': topicWith(null),
  'all with synonyms': topicWith(null, { includeSynonyms: true }),
  'none of a topic': topicWith([]),
  'keys that are unknown': topicWith(['no.such', 'retention.ms']),
  'a key twice': topicWith(['retention.ms', 'retention.ms']),
  'a topic that is unknown': (trial) => trial.try(of(topicType, trial.name('no'), null)),
  'topics without a good name': (trial) =>
    trial.try({
      resources: ['', 'a b'].map((resourceName) => {
        return { resourceType: 2, resourceName, configurationKeys: null }
      }),
    }),
  'a topic twice': async (trial) => {
    const { name } = await trial.topic('t')
    const [resource] = of(topicType, name, ['retention.ms']).resources
    await trial.try({ resources: resource === undefined ? [] : [resource, resource] })
  },
  'of nothing': (trial) => trial.try({ resources: [] }),
  'all of the broker': (trial) => trial.try(of(brokerType, '1', null)),
  'some of the broker': (trial) =>
    trial.try({
      ...of(brokerType, '1', [
        'num.partitions',
        'message.max.bytes',
        'log.retention.ms',
        'node.id',
      ]),
      includeSynonyms: true,
    }),
  'of another broker': (trial) => trial.try(of(brokerType, '99', null)),
  'of a broker that is no number': (trial) => trial.try(of(brokerType, 'x', null)),
  'of all brokers': (trial) => trial.try(of(brokerType, '', null)),
  'of loggers': (trial) => trial.try(of(loggerType, '1', ['root'])),
  'of a logger that is unknown': (trial) => trial.try(of(loggerType, '1', ['no.such'])),
  'of loggers of another broker': (trial) => trial.try(of(loggerType, '99', null)),
  'of a type that is none': (trial) => trial.try(of(77, 'x', null)),
  'of a type that is not told': (trial) => trial.try(of(0, 'x', null)),
  'of client metrics': (trial) => trial.try(of(16, trial.name('m'), null)),
  'of a group': (trial) => trial.try(of(32, trial.name('g'), null)),
})
