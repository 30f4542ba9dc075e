/**
 * DescribeConfigs, versions 1 to 4: every config of topics and of this broker, with its source.
 *
 * - Sources: 1 the topic, 4 the broker's configuration, 5 a default. Synonyms and documentation (3+,
 *   KIP-569) on demand.
 * - A resource that is named again is told once: an answer is not to be larger than what there is.
 * - A broker's options are read at start: they are read-only. Resource '' are the defaults of all
 *   brokers that were set at run time (KIP-226): there are none.
 */
import { isFailure } from '../../base/errors.ts'
import { proseText } from '../../config/option.ts'
import { type OptionName, optionTable } from '../../config/options.ts'
import { describeTopicConfigs } from '../../config/topic-configs.ts'
import { topicNameFault } from '../../log/topic-name.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  describeConfigs,
  type DescribeConfigsReply,
  type DescribeConfigsRequest,
} from '../../wire/messages/32-describe-configs.ts'
import type { Broker } from '../broker.ts'
import {
  configSources,
  optionConfigType,
  resourceTypes,
  topicConfigSource,
  topicConfigType,
} from '../config-codes.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'
import { fault, isFault, type TopicFault } from '../topic-rules.ts'

type Resource = DescribeConfigsRequest['resources'][number]
type ResourceReply = DescribeConfigsReply['results'][number]
type ConfigReply = ResourceReply['configs'][number]

export function describeConfigsHandler(broker: Broker): Handler {
  return handler(describeConfigs, async (request) => {
    const { resources, includeSynonyms, includeDocumentation } = request
    const results: ResourceReply[] = []
    const told = new Set<string>()
    for (const resource of resources) {
      const { resourceType, resourceName, configurationKeys: keys } = resource
      const key = `${resourceType} ${resourceName}`
      if (told.has(key)) continue
      told.add(key)
      const described = await describe(broker, resource)
      if (isFault(described)) {
        results.push({ resourceType, resourceName, ...described, configs: [] })
        continue
      }
      const configs = described
        .filter(({ name }) => keys === null || keys.length === 0 || keys.includes(name))
        .map((config) => ({
          ...config,
          synonyms: includeSynonyms ? config.synonyms : [],
          documentation: includeDocumentation ? config.documentation : null,
        }))
      const none = { errorCode: ErrorCode.NONE, errorMessage: null }
      results.push({ ...none, resourceType, resourceName, configs })
    }
    return { response: { results } }
  })
}

async function describe(
  broker: Broker,
  { resourceType, resourceName }: Resource,
): Promise<ConfigReply[] | TopicFault> {
  switch (resourceType) {
    case resourceTypes.topic:
      return describeTopic(broker, resourceName)
    case resourceTypes.broker:
      return describeBroker(broker, resourceName)
    default: {
      const has = 'topics (2) and brokers (4) have'
      const message = `resources of type ${resourceType} have no configs here: ${has}`
      return fault(ErrorCode.INVALID_REQUEST, message)
    }
  }
}

async function describeTopic(
  { topics, brokerDefaults }: Broker,
  name: string,
): Promise<ConfigReply[] | TopicFault> {
  const wrongName = topicNameFault(name)
  if (wrongName !== undefined) return fault(ErrorCode.INVALID_TOPIC_EXCEPTION, wrongName)
  try {
    const topic = await topics.find(name)
    if (topic === undefined) {
      return fault(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, `there is no topic ${name}`)
    }
    return describeTopicConfigs(topic.configs, brokerDefaults).map((row) => ({
      name: row.name,
      value: row.text,
      readOnly: false,
      configSource: topicConfigSource(row.source),
      isSensitive: false,
      synonyms: row.synonyms.map((synonym) => ({
        name: synonym.name,
        value: synonym.text,
        source: topicConfigSource(synonym.source),
      })),
      configType: topicConfigType(row.spec.type),
      documentation: proseText(row.spec.doc),
    }))
  } catch (error) {
    if (!isFailure(error)) throw error
    return fault(failureCode(error), error.message)
  }
}

function describeBroker({ config, nodeId }: Broker, name: string): ConfigReply[] | TopicFault {
  if (name === '') return []
  if (name !== String(nodeId)) {
    const message = `there is no broker ${name} here: this is broker ${nodeId}`
    return fault(ErrorCode.INVALID_REQUEST, message)
  }
  return Object.entries(optionTable).map(([option, spec]) => {
    const value = config[option as OptionName]
    const isDefault = value === spec.default
    const isSensitive = spec.sensitive === true
    const source = isDefault ? configSources.default : configSources.staticBroker
    const shown = (each: typeof spec.default): string | null =>
      each === undefined || isSensitive ? null : String(each)
    const byDefault = { name: option, value: shown(spec.default), source: configSources.default }
    return {
      name: option,
      value: shown(value),
      readOnly: true,
      configSource: source,
      isSensitive,
      synonyms: isDefault
        ? [byDefault]
        : [{ name: option, value: shown(value), source }, byDefault],
      configType: optionConfigType(spec),
      documentation: proseText(spec.doc),
    }
  })
}
