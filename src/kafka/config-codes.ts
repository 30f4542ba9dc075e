/** Kafka's numbers for resources that have configs, for where a value comes from, and for types. */
import type { OptionSpec } from '../config/option.ts'
import type { TopicConfigRow } from '../config/topic-configs.ts'
import type { TopicOptionType } from '../config/topic-options.ts'

export const resourceTypes = { topic: 2, broker: 4 } as const

export const configSources = { topic: 1, staticBroker: 4, default: 5 } as const

export function topicConfigSource(source: TopicConfigRow['source']): number {
  switch (source) {
    case 'topic':
      return configSources.topic
    case 'broker':
      return configSources.staticBroker
    case 'default':
      return configSources.default
  }
}

const types = { boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7 } as const

export function topicConfigType(type: TopicOptionType): number {
  return types[type]
}

const intMax = 2_147_483_647

export function optionConfigType({ type, max }: OptionSpec): number {
  switch (type) {
    case 'boolean':
      return types.boolean
    case 'integer':
      return max !== undefined && max <= intMax ? types.int : types.long
    case 'string':
    case 'choice':
    case 'address':
      return types.string
  }
}
