/** From the configs that a client gives a topic to typed values, and to what DescribeConfigs shows. */
import { didYouMean } from '../base/nearest.ts'
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

/** What the broker says for all topics: by the broker's names, only what was set. */
export type BrokerTopicDefaults = Readonly<Record<string, string>>

/** The options that somebody set and that topics inherit, as text. */
export function brokerTopicDefaults({ config, origins }: LoadedConfig): BrokerTopicDefaults {
  const inheritable = new Set(topicOptionNames.map((name) => topicOptionTable[name]?.broker))
  return Object.fromEntries(
    optionNames
      .filter((name) => inheritable.has(name) && origins[name].source !== 'default')
      .map((name) => [name, String(config[name])]),
  )
}

/**
 * Reads the configs that a topic is given (untrusted); what it does not say is the broker's, else
 * the default. A null is an error, as in Kafka: whoever deletes a config leaves it out.
 */
export function parseTopicConfigs(
  given: Readonly<Record<string, string | null>>,
  broker: BrokerTopicDefaults = {},
): ParsedTopicConfigs {
  const errors: TopicConfigError[] = []
  const overrides: Record<string, string> = {}
  const values: Record<string, unknown> = {}
  for (const name of topicOptionNames) {
    const spec: TopicOptionSpec = topicOptions[name]
    values[name] = readText(spec, inherited(spec, broker).text)
  }
  for (const [name, text] of Object.entries(given)) {
    const spec = Object.hasOwn(topicOptions, name) ? topicOptionTable[name] : undefined
    if (spec === undefined) {
      const message = `there is no topic config ${name}.${didYouMean(name, topicOptionNames)}`
      errors.push({ name, message })
      continue
    }
    const wrong = text === null ? 'null is not a value' : refusal(spec, text)
    if (wrong !== undefined || text === null) errors.push({ name, message: `${name}: ${wrong}` })
    else {
      overrides[name] = text.trim()
      values[name] = readText(spec, text)
    }
  }
  if (errors.length > 0) return { ok: false, errors }
  return { ok: true, configs: Object.freeze(values) as TopicConfigs, overrides }
}

export interface TopicConfigRow {
  readonly name: TopicOptionName
  readonly spec: TopicOptionSpec
  readonly text: string
  readonly source: 'topic' | 'broker' | 'default'
  /** Where the value could come from, first the one that counts, with the names of each place. */
  readonly synonyms: readonly {
    readonly name: string
    readonly text: string
    readonly source: 'topic' | 'broker' | 'default'
  }[]
}

/** What DescribeConfigs shows of a topic: every config with value, source and synonyms. */
export function describeTopicConfigs(
  overrides: Readonly<Record<string, string>>,
  broker: BrokerTopicDefaults = {},
): TopicConfigRow[] {
  return topicOptionNames.map((name) => {
    const spec: TopicOptionSpec = topicOptions[name]
    const own = overrides[name]
    const synonyms: { name: string; text: string; source: TopicConfigRow['source'] }[] = []
    if (own !== undefined) synonyms.push({ name, text: own, source: 'topic' })
    const from = inherited(spec, broker)
    if (from.source === 'broker') synonyms.push({ name: spec.broker ?? name, ...from })
    synonyms.push({ name: spec.broker ?? name, text: spec.default, source: 'default' })
    const { text, source } = synonyms[0] ?? { text: spec.default, source: 'default' as const }
    return { name, spec, text, source, synonyms }
  })
}

function inherited(
  spec: TopicOptionSpec,
  broker: BrokerTopicDefaults,
): { readonly text: string; readonly source: 'broker' | 'default' } {
  const text = spec.broker === undefined ? undefined : broker[spec.broker]
  return text === undefined ? { text: spec.default, source: 'default' } : { text, source: 'broker' }
}

const intMax = 2_147_483_647n
const longMax = 9_223_372_036_854_775_807n

/** Why `text` cannot be a value of `spec`; undefined where it can. */
function refusal(spec: TopicOptionSpec, text: string): string | undefined {
  const given = text.trim()
  const because = elementsOf(spec, given).some((each) => spec.refused?.values.includes(each))
  if (because) return `${given} is refused: ${spec.refused?.because}`
  return allows(spec, given)
    ? undefined
    : `${JSON.stringify(text)} is not ${allowedTopicValue(spec)}`
}

function allows(spec: TopicOptionSpec, given: string): boolean {
  switch (spec.type) {
    case 'boolean':
      return /^(true|false)$/i.test(given)
    case 'string':
    case 'list':
      return elementsOf(spec, given).every((each) => spec.choices?.includes(each) ?? true)
    case 'double':
      return /^-?\d+(\.\d+)?([eE]-?\d+)?$/.test(given) && within(spec, Number(given))
    case 'int':
    case 'long': {
      if (!/^[+-]?\d{1,19}$/.test(given)) return false
      const value = BigInt(given.replace('+', ''))
      const most = spec.type === 'int' ? intMax : longMax
      return value <= most && value >= -most - 1n && within(spec, Number(value))
    }
  }
}

function within({ min, max }: TopicOptionSpec, value: number): boolean {
  return (min === undefined || value >= min) && (max === undefined || value <= max)
}

/** Of a list its elements; of anything else itself. An empty list has none. */
function elementsOf({ type }: TopicOptionSpec, given: string): string[] {
  if (type !== 'list') return [given]
  return given === '' ? [] : given.split(',').map((each) => each.trim())
}

/** As a phrase: `one of CreateTime, LogAppendTime`, `an int from 1`. */
export function allowedTopicValue({ type, min, max, choices }: TopicOptionSpec): string {
  const range = [min === undefined ? '' : ` from ${min}`, max === undefined ? '' : ` to ${max}`]
  if (type === 'boolean') return 'true or false'
  if (type === 'list') {
    return choices === undefined ? 'a list' : `a list of ${choices.join(', ')}, with commas`
  }
  if (choices !== undefined) return `one of ${choices.join(', ')}`
  return `${type === 'int' ? 'an int' : `a ${type}`}${range.join('')}`
}

/** Text that was judged already, as the value it stands for. */
function readText(spec: TopicOptionSpec, text: string): unknown {
  const given = text.trim()
  switch (spec.type) {
    case 'boolean':
      return given.toLowerCase() === 'true'
    case 'string':
      return given
    case 'list':
      return elementsOf(spec, given)
    case 'int':
    case 'long':
    case 'double':
      return Math.min(Number.MAX_SAFE_INTEGER, Math.max(Number.MIN_SAFE_INTEGER, Number(given)))
  }
}
