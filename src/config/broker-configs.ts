/**
 * Every config of a broker as DescribeConfigs shows it: Karst's options, what topics and groups
 * inherit, what follows from other options, and what has nothing to act on here.
 *
 * What topics inherit can be changed at run time, for all brokers or for one (KIP-226), and so can
 * `liveOptions`. Everything else is read when the broker starts.
 */
import { type BrokerLayers, type ConfigSynonym, inheritedFrom } from './config-rows.ts'
import { type ConfigType, type ValueSpec, valueFault } from './config-value.ts'
import { inertConfigs } from './inert-configs.ts'
import { parseIpLimits } from './ip-limits.ts'
import { type OptionSpec, proseText } from './option.ts'
import { optionTable } from './options.ts'
import { topicOptionNames, topicOptionTable } from './topic-configs.ts'

export interface BrokerConfigSpec extends ValueSpec {
  /** As Kafka prints it. */
  readonly default: string | null
  readonly doc: string
  readonly isLive: boolean
  readonly isSensitive: boolean
}

/** Options that are looked at again whenever they count. */
export const liveOptions = [
  'group.consumer.assignment.interval.ms',
  'log.cleaner.backoff.ms',
  'log.cleaner.dedupe.buffer.size',
  'log.cleaner.io.max.bytes.per.second',
  'max.connection.creation.rate',
  'max.connections',
  'max.connections.per.ip',
  'max.connections.per.ip.overrides',
  'producer.id.expiration.ms',
] as const
export type LiveOption = (typeof liveOptions)[number]

const isLiveOption = (name: string): name is LiveOption => liveOptions.includes(name as LiveOption)

/** Names that follow from options of other names; the broker says what they are. */
export type DerivedName =
  | 'broker.id'
  | 'listeners'
  | 'advertised.listeners'
  | 'listener.security.protocol.map'
  | 'inter.broker.listener.name'
  | 'log.dir'
  | 'log.dirs'
  | 'group.coordinator.rebalance.protocols'

const derived: Readonly<Record<DerivedName, readonly [ConfigType, string]>> = {
  'broker.id': ['int', 'node.id says it.'],
  listeners: ['list', 'kafka.listen says it.'],
  'advertised.listeners': ['list', 'kafka.advertised says it, else kafka.listen.'],
  'listener.security.protocol.map': ['string', 'There is one listener.'],
  'inter.broker.listener.name': ['string', 'There is one listener.'],
  'log.dir': ['list', 'data.dir says it.'],
  'log.dirs': ['list', 'data.dir says it.'],
  'group.coordinator.rebalance.protocols': ['list', 'What this release serves.'],
}

const fixed = { isLive: false, isSensitive: false }

function inertEntries(): [string, BrokerConfigSpec][] {
  return inertConfigs.flatMap(({ because, configs }) =>
    Object.entries(configs).map(([name, text]): [string, BrokerConfigSpec] => {
      const space = text.indexOf(' ')
      const type = (space === -1 ? text : text.slice(0, space)) as ConfigType
      const standard = space === -1 ? null : text.slice(space + 1)
      const doc = `Without effect: ${because}.`
      return [name, { ...fixed, type, default: standard, doc, isSensitive: type === 'password' }]
    }),
  )
}

function inheritedEntries(): [string, BrokerConfigSpec][] {
  return topicOptionNames.flatMap((name): [string, BrokerConfigSpec][] => {
    const spec = topicOptionTable[name]
    if (spec?.broker === undefined) return []
    const standard = spec.defaultShown === undefined ? spec.default : null
    const doc = `${name} of topics that do not set it. ${proseText(spec.doc)}`
    return [[spec.broker, { ...spec, default: standard, doc, isLive: true, isSensitive: false }]]
  })
}

/** 64 bits in Kafka, although fewer are enough here. */
const longNames = new Set([
  ...[
    'connections.max.idle.ms',
    'log.cleaner.backoff.ms',
    'log.cleaner.dedupe.buffer.size',
    'log.retention.check.interval.ms',
    'log.retention.bytes',
  ],
  ...['log.retention.ms', 'offsets.retention.check.interval.ms', 'queued.max.request.bytes'],
])

const intMax = 2_147_483_647

function typeOf(name: string, { type, max }: OptionSpec): ConfigType {
  if (type === 'boolean' || type === 'list') return type
  if (type !== 'integer') return 'string'
  return longNames.has(name) || max === undefined || max > intMax ? 'long' : 'int'
}

/** How Kafka says no limit. */
const asInKafka: Readonly<Record<string, { readonly type: ConfigType; readonly default: string }>> =
  {
    'log.cleaner.io.max.bytes.per.second': { type: 'double', default: '1.7976931348623157E308' },
  }

/** A topic's own rules stand where an option is inherited: what is set at run time goes by them. */
function optionEntries(
  inherited: Readonly<Record<string, BrokerConfigSpec>>,
): [string, BrokerConfigSpec][] {
  return Object.entries(optionTable).map(([name, spec]) => {
    const { min, max, choices, minusOne } = spec
    const bounds = {
      ...(min === undefined ? {} : { min }),
      ...(max === undefined ? {} : { max }),
      ...(choices === undefined ? {} : { choices }),
      ...(minusOne === undefined ? {} : { minusOne: true as const }),
    }
    const rules = inherited[name] ?? { type: typeOf(name, spec), ...bounds }
    const isLive = isLiveOption(name) || inherited[name] !== undefined
    const standard = spec.default === undefined ? null : String(spec.default)
    const own = { default: standard, doc: proseText(spec.doc), isLive, ...asInKafka[name] }
    return [name, { ...rules, ...own, isSensitive: spec.sensitive === true }]
  })
}

const inherited = Object.fromEntries(inheritedEntries())

/** By name; in the order in which they are listed. */
export const brokerConfigTable: Readonly<Record<string, BrokerConfigSpec>> = Object.fromEntries(
  Object.entries({
    ...Object.fromEntries(inertEntries()),
    ...inherited,
    ...Object.fromEntries(
      Object.entries(derived).map(([name, [type, doc]]) => {
        return [name, { ...fixed, type, default: null, doc }]
      }),
    ),
    ...Object.fromEntries(optionEntries(inherited)),
  }).toSorted(([a], [b]) => (a < b ? -1 : 1)),
)

export interface BrokerConfigRow extends ConfigSynonym {
  readonly spec: BrokerConfigSpec
  /** Of a secret, and of what is not set. */
  readonly isNull: boolean
  readonly synonyms: readonly ConfigSynonym[]
}

/** What DescribeConfigs shows of a broker. */
export function describeBrokerConfigs(
  layers: BrokerLayers,
  facts: Readonly<Record<DerivedName, string>>,
): BrokerConfigRow[] {
  const all = [...layers, { source: 'static' as const, values: facts }]
  return Object.entries(brokerConfigTable).map(([name, spec]) => {
    const coarser = Object.values(topicOptionTable).find(({ broker }) => broker === name)?.coarser
    const found = inheritedFrom(all, name, coarser)
    const synonyms: ConfigSynonym[] = found.map(({ given, ...each }) => ({ ...each, text: given }))
    if (spec.default !== null) synonyms.push({ name, text: spec.default, source: 'default' })
    const own = found.find((each) => each.name === name)
    const { text = spec.default, source = 'default' } = own ?? {}
    return { name, spec, text: text ?? '', source, isNull: text === null, synonyms }
  })
}

/** What is set at run time for one broker, or for all: nothing else, as Kafka shows the default. */
export function describeClusterConfigs(
  values: Readonly<Record<string, string>>,
): BrokerConfigRow[] {
  return Object.entries(values).flatMap(([name, text]) => {
    const spec = brokerConfigTable[name]
    const own = { name, text, source: 'dynamic-default' as const }
    return spec === undefined ? [] : [{ ...own, spec, isNull: false, synonyms: [own] }]
  })
}

export interface BrokerConfigFault {
  /** `not-live`: it is read when the broker starts. `inert`: it has nothing to act on. */
  readonly kind: 'unknown' | 'inert' | 'not-live' | 'bad-value' | 'no-list'
  readonly message: string
}

/** Why this cannot be set at run time. */
export function brokerConfigFault(name: string, text: string): BrokerConfigFault | undefined {
  const spec = Object.hasOwn(brokerConfigTable, name) ? brokerConfigTable[name] : undefined
  if (spec === undefined) return { kind: 'unknown', message: `there is no broker config ${name}` }
  if (!spec.isLive) {
    const isInert = spec.doc.startsWith('Without effect')
    const why = isInert ? spec.doc : 'it is read when the broker starts: set it there'
    return { kind: isInert ? 'inert' : 'not-live', message: `${name} cannot be set: ${why}` }
  }
  const wrong = valueFault(spec, text) ?? ipLimitsFault(name, text)
  return wrong === undefined ? undefined : { kind: 'bad-value', message: `${name}: ${wrong}` }
}

function ipLimitsFault(name: string, text: string): string | undefined {
  if (name !== 'max.connections.per.ip.overrides') return undefined
  const limits = parseIpLimits(text)
  return typeof limits === 'string' ? `${JSON.stringify(limits)} is no IP:COUNT` : undefined
}

/** What the broker says for a name, wherever it says it. */
export function brokerText(layers: BrokerLayers, name: string): string | undefined {
  return inheritedFrom(layers, name)[0]?.text ?? brokerConfigTable[name]?.default ?? undefined
}
