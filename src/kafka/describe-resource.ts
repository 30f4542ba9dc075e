/** What DescribeConfigs tells of one resource, with everything that may be asked for. */
import { isFailure } from '../base/errors.ts'
import {
  type BrokerConfigRow,
  describeBrokerConfigs,
  describeClusterConfigs,
} from '../config/broker-configs.ts'
import type { ConfigSynonym } from '../config/config-rows.ts'
import { describeGroupConfigs } from '../config/group-configs.ts'
import { proseText } from '../config/option.ts'
import { describeTopicConfigs } from '../config/topic-configs.ts'
import { topicNameFault } from '../log/topic-name.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import type { DescribeConfigsReply } from '../wire/messages/32-describe-configs.ts'
import type { Broker } from './broker.ts'
import { configSource, configType, ownSources, resourceTypes } from './config-codes.ts'
import { describeLoggers } from './loggers.ts'
import { failureCode } from './to-error-code.ts'
import { fault, type TopicFault } from './topic-rules.ts'

export type ConfigReply = DescribeConfigsReply['results'][number]['configs'][number]

export async function describeResource(
  broker: Broker,
  { resourceType, resourceName }: { resourceType: number; resourceName: string },
): Promise<ConfigReply[] | TopicFault> {
  switch (resourceType) {
    case resourceTypes.topic:
      return describeTopic(broker, resourceName)
    case resourceTypes.broker:
      return describeBroker(broker, resourceName)
    case resourceTypes.brokerLogger:
      return brokerIdFault(broker, resourceName) ?? describeLoggers(broker)
    case resourceTypes.clientMetrics:
      return describeClientMetrics(resourceName)
    case resourceTypes.group:
      return describeGroup(broker, resourceName)
    default:
      return fault(ErrorCode.INVALID_REQUEST, `there are no resources of type ${resourceType}`)
  }
}

/** Why this does not name this broker. */
export function brokerIdFault({ nodeId }: Broker, name: string): TopicFault | undefined {
  if (name === String(nodeId)) return undefined
  const isId = /^-?\d{1,10}$/.test(name)
  const message = isId
    ? `there is no broker ${name} here: this is broker ${nodeId}`
    : `${JSON.stringify(name)} is no broker's id`
  return fault(ErrorCode.INVALID_REQUEST, message)
}

async function describeTopic(
  { topics, configs }: Broker,
  name: string,
): Promise<ConfigReply[] | TopicFault> {
  const wrongName = topicNameFault(name)
  if (wrongName !== undefined) return fault(ErrorCode.INVALID_TOPIC_EXCEPTION, wrongName)
  try {
    const topic = await topics.find(name)
    if (topic === undefined) {
      return fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${name}`)
    }
    return describeTopicConfigs(topic.configs, configs.layers()).map((row) => ({
      ...shared(row, row.synonyms, ownSources.topic),
      value: row.text,
      readOnly: false,
      isSensitive: false,
      configType: configType(row.spec.type),
      documentation: proseText(row.spec.doc),
    }))
  } catch (error) {
    if (!isFailure(error)) throw error
    return fault(failureCode(error), error.message)
  }
}

type Shared = Pick<ConfigReply, 'name' | 'configSource' | 'synonyms'>

function shared(row: ConfigSynonym, synonyms: readonly ConfigSynonym[], own: number): Shared {
  return {
    name: row.name,
    configSource: configSource(row.source, own),
    synonyms: synonyms.map((each) => {
      return { name: each.name, value: each.text, source: configSource(each.source, own) }
    }),
  }
}

/** '' stands for what all brokers were told at run time. */
function describeBroker(broker: Broker, name: string): ConfigReply[] | TopicFault {
  const { configs } = broker
  if (name === '') {
    const set = configs.own({ kind: 'broker', name: '' })
    return describeClusterConfigs(set).map(brokerReply)
  }
  const wrong = brokerIdFault(broker, name)
  if (wrong !== undefined) return wrong
  return describeBrokerConfigs(configs.layers(), factsOf(broker)).map(brokerReply)
}

function brokerReply(row: BrokerConfigRow): ConfigReply {
  const { spec } = row
  const synonyms = spec.isSensitive ? [] : row.synonyms
  return {
    ...shared(row, synonyms, 0),
    value: row.isNull || spec.isSensitive ? null : row.text,
    readOnly: !spec.isLive,
    isSensitive: spec.isSensitive,
    configType: configType(spec.type),
    documentation: spec.doc,
  }
}

/** What Kafka's names for it are, where Karst has others. */
function factsOf({
  nodeId,
  config,
  advertised,
}: Broker): Parameters<typeof describeBrokerConfigs>[1] {
  const { host, port } = advertised()
  return {
    'broker.id': String(nodeId),
    listeners: `PLAINTEXT://${config['kafka.listen']}`,
    'advertised.listeners': `PLAINTEXT://${host.includes(':') ? `[${host}]` : host}:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT',
    'inter.broker.listener.name': 'PLAINTEXT',
    'log.dir': config['data.dir'],
    'log.dirs': config['data.dir'],
    'group.coordinator.rebalance.protocols': 'classic,consumer',
  }
}

const clientMetrics = [
  { name: 'interval.ms', value: '300000', configType: configType('int') },
  { name: 'match', value: '', configType: configType('list') },
  { name: 'metrics', value: '', configType: configType('list') },
]

function describeClientMetrics(name: string): ConfigReply[] | TopicFault {
  if (name === '') return fault(ErrorCode.INVALID_REQUEST, 'the subscription has no name')
  const documentation = 'Without effect: no metrics of clients are collected (KIP-714).'
  return clientMetrics.map((each) => ({
    ...each,
    readOnly: true,
    configSource: configSource('default', 0),
    isSensitive: false,
    synonyms: [],
    documentation,
  }))
}

function describeGroup({ configs }: Broker, groupId: string): ConfigReply[] | TopicFault {
  if (groupId === '') return fault(ErrorCode.INVALID_REQUEST, 'the group has no name')
  const set = configs.own({ kind: 'group', name: groupId })
  return describeGroupConfigs(set, configs.layers()).map((row) => ({
    ...shared(row, row.synonyms, ownSources.group),
    value: row.text,
    readOnly: false,
    isSensitive: false,
    configType: configType(row.spec.type),
    documentation: proseText(row.spec.doc),
  }))
}
