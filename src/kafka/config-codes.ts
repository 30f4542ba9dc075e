/** Kafka's numbers for resources that have configs, for where a value comes from, and for types. */
import type { ConfigSource } from '../config/config-rows.ts'
import type { ConfigType } from '../config/config-value.ts'

export const resourceTypes = {
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
} as const

export const ownSources = { topic: 1, brokerLogger: 6, group: 8 } as const

/** `own` is the number for what the resource itself says. */
export function configSource(source: ConfigSource, own: number): number {
  switch (source) {
    case 'own':
      return own
    case 'dynamic-broker':
      return 2
    case 'dynamic-default':
      return 3
    case 'static':
      return 4
    case 'default':
      return 5
  }
}

const types: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  short: 4,
  long: 5,
  double: 6,
  list: 7,
  class: 8,
  password: 9,
}

export function configType(type: ConfigType): number {
  return types[type]
}
