/** From the configs that a client gives a topic to typed values, and to what DescribeConfigs shows. */
import { didYouMean } from '../base/nearest.ts'
import { type BrokerLayers, type ConfigSynonym, inheritedFrom } from './config-rows.ts'
import { readValue, valueFault } from './config-value.ts'
import { optionNames, type LoadedConfig } from './parse-config.ts'
import { topicOptions, type TopicOptionSpec } from './topic-options.ts'

export type TopicOptionName = keyof typeof topicOptions

type ValueOf<S extends TopicOptionSpec> = S['type'] extends 'boolean'
  ? boolean
  : S['type'] extends 'int' | 'long' | 'double'
    ? number
    : S['type'] extends 'list'
      ? readonly ChoiceOf<S>[]
      : ChoiceOf<S>
type ChoiceOf<S extends TopicOptionSpec> = S extends {
  readonly choices: readonly (infer Choice)[]
}
  ? Choice
  : string

/** The value of every config of a topic. A `long` beyond the safe integers is clamped to them. */
export type TopicConfigs = {
  readonly [Name in TopicOptionName]: ValueOf<(typeof topicOptions)[Name]>
}

export const topicOptionTable: Readonly<Record<string, TopicOptionSpec>> = topicOptions
export const topicOptionNames: readonly TopicOptionName[] = Object.keys(
  topicOptions,
) as TopicOptionName[]

export interface TopicConfigError {
  readonly name: string
  /** Names the config, what was given, and what is allowed. */
  readonly message: string
}

export type ParsedTopicConfigs =
  | {
      readonly ok: true
      readonly configs: TopicConfigs
      /** What the topic itself says, as text to store and to show. */
      readonly overrides: Readonly<Record<string, string>>
    }
  | { readonly ok: false; readonly errors: readonly TopicConfigError[] }

/** The options that somebody set when the broker started, as text. */
export function staticLayer({ config, origins }: LoadedConfig): BrokerLayers[number] {
  const set = optionNames.filter((name) => origins[name].source !== 'default')
  return {
    source: 'static',
    values: Object.fromEntries(set.map((name) => [name, String(config[name])])),
  }
}

/**
 * Reads the configs that a topic is given (untrusted); what it does not say is the broker's, else
 * the default. A null is an error, as in Kafka: whoever deletes a config leaves it out.
 */
export function parseTopicConfigs(
  given: Readonly<Record<string, string | null>>,
  broker: BrokerLayers = [],
): ParsedTopicConfigs {
  const errors: TopicConfigError[] = []
  const overrides: Record<string, string> = {}
  const values: Record<string, unknown> = {}
  for (const name of topicOptionNames) {
    const spec: TopicOptionSpec = topicOptions[name]
    values[name] = readValue(spec, inheritedText(spec, broker))
  }
  for (const [name, text] of Object.entries(given)) {
    const spec = Object.hasOwn(topicOptions, name) ? topicOptionTable[name] : undefined
    if (spec === undefined) {
      const message = `there is no topic config ${name}.${didYouMean(name, topicOptionNames)}`
      errors.push({ name, message })
      continue
    }
    const wrong = text === null ? 'null is not a value' : valueFault(spec, text)
    if (wrong !== undefined || text === null) errors.push({ name, message: `${name}: ${wrong}` })
    else {
      overrides[name] = text.trim()
      values[name] = readValue(spec, text)
    }
  }
  if (errors.length > 0) return { ok: false, errors }
  return { ok: true, configs: Object.freeze(values) as TopicConfigs, overrides }
}

/**
 * What configs owe each other, each of which may be allowed; for what a client gives, not for what
 * is.
 */
export function topicRelationFault(configs: TopicConfigs): string | undefined {
  const [least, most] = ['min.compaction.lag.ms', 'max.compaction.lag.ms'] as const
  if (configs[least] <= configs[most]) return undefined
  return `${least} (${configs[least]}) is more than ${most} (${configs[most]})`
}

export interface TopicConfigRow extends ConfigSynonym {
  readonly name: TopicOptionName
  readonly spec: TopicOptionSpec
  /** Where the value could come from, first the one that counts, with the names of each place. */
  readonly synonyms: readonly ConfigSynonym[]
}

/** What DescribeConfigs shows of a topic: every config with value, source and synonyms. */
export function describeTopicConfigs(
  overrides: Readonly<Record<string, string>>,
  broker: BrokerLayers = [],
): TopicConfigRow[] {
  return topicOptionNames.map((name) => {
    const spec: TopicOptionSpec = topicOptions[name]
    const own = overrides[name]
    const synonyms: ConfigSynonym[] = own === undefined ? [] : [{ name, text: own, source: 'own' }]
    const inherited = inheritedFrom(broker, spec.broker ?? '', spec.coarser)
    for (const { given, ...each } of inherited) synonyms.push({ ...each, text: given })
    const { text = inheritedText(spec, broker), source = 'default' } =
      own === undefined
        ? { text: inherited[0]?.text, source: inherited[0]?.source }
        : (synonyms[0] ?? {})
    const shown =
      spec.defaultShown === undefined
        ? { name: spec.broker, text: spec.default }
        : spec.defaultShown
    if (shown?.name !== undefined)
      synonyms.push({ name: shown.name, text: shown.text, source: 'default' })
    return { name, spec, text, source, synonyms }
  })
}

function inheritedText(spec: TopicOptionSpec, broker: BrokerLayers): string {
  return inheritedFrom(broker, spec.broker ?? '', spec.coarser)[0]?.text ?? spec.default
}
