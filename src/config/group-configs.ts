/** Kafka's configs of a group (KIP-848, KIP-932, KIP-1071), by group id. */
import { type BrokerLayers, type ConfigSynonym, inheritedFrom } from './config-rows.ts'
import { readValue, type ValueSpec, valueFault } from './config-value.ts'
import type { Prose } from './option.ts'

export interface GroupConfigSpec extends ValueSpec {
  readonly default: string
  /** The broker's config of the same meaning: for groups that do not say. */
  readonly broker: string
  /** The broker's configs that bound it. */
  readonly atLeast?: string
  readonly atMost?: string
  readonly doc: Prose
}

const noShares = 'Without effect: there are no share groups yet.'
const noStreams = 'Without effect: there are no streams groups yet.'

/** A number whose name, and those of its bounds, follow from the kind of group. */
function bounded(
  kind: 'consumer' | 'share' | 'streams',
  name: string,
  [standard, min]: readonly [standard: number, min: number],
  doc: Prose,
): GroupConfigSpec {
  const broker = `group.${kind}.${name}`
  const bounds = { atLeast: `group.${kind}.min.${name}`, atMost: `group.${kind}.max.${name}` }
  return { type: 'int', default: String(standard), min, broker, ...bounds, doc }
}

/** In the order in which they are listed. */
export const groupConfigTable: Readonly<Record<string, GroupConfigSpec>> = {
  'consumer.assignment.interval.ms': bounded(
    'consumer',
    'assignment.interval.ms',
    [1000, 0],
    'The least time between two assignments of the group, with the consumer protocol.',
  ),
  'consumer.heartbeat.interval.ms': bounded(
    'consumer',
    'heartbeat.interval.ms',
    [5000, 1],
    'How often members of the group are told to send a heartbeat, with the consumer protocol.',
  ),
  'consumer.session.timeout.ms': bounded(
    'consumer',
    'session.timeout.ms',
    [45_000, 1],
    'After how long without a heartbeat a member is removed, with the consumer protocol.',
  ),
  'share.assignment.interval.ms': bounded('share', 'assignment.interval.ms', [1000, 0], noShares),
  'share.auto.offset.reset': {
    type: 'string',
    default: 'latest',
    form: 'offset-reset',
    broker: 'share.auto.offset.reset',
    doc: noShares,
  },
  'share.delivery.count.limit': bounded('share', 'delivery.count.limit', [5, 2], noShares),
  'share.heartbeat.interval.ms': bounded('share', 'heartbeat.interval.ms', [5000, 1], noShares),
  'share.isolation.level': {
    type: 'string',
    default: 'read_uncommitted',
    choices: ['read_committed', 'read_uncommitted'],
    broker: 'share.isolation.level',
    doc: noShares,
  },
  'share.partition.max.record.locks': {
    type: 'int',
    default: '2000',
    min: 100,
    broker: 'group.share.partition.max.record.locks',
    atLeast: 'group.share.min.partition.max.record.locks',
    atMost: 'group.share.max.partition.max.record.locks',
    doc: noShares,
  },
  'share.record.lock.duration.ms': bounded(
    'share',
    'record.lock.duration.ms',
    [30_000, 1000],
    noShares,
  ),
  'share.renew.acknowledge.enable': {
    type: 'boolean',
    default: 'true',
    broker: 'share.renew.acknowledge.enable',
    doc: noShares,
  },
  'share.session.timeout.ms': bounded('share', 'session.timeout.ms', [45_000, 1], noShares),
  'streams.assignment.interval.ms': bounded(
    'streams',
    'assignment.interval.ms',
    [1000, 0],
    noStreams,
  ),
  'streams.heartbeat.interval.ms': bounded(
    'streams',
    'heartbeat.interval.ms',
    [5000, 1],
    noStreams,
  ),
  'streams.initial.rebalance.delay.ms': {
    type: 'int',
    default: '3000',
    min: 0,
    broker: 'group.streams.initial.rebalance.delay.ms',
    doc: noStreams,
  },
  'streams.num.standby.replicas': {
    type: 'int',
    default: '0',
    min: 0,
    broker: 'group.streams.num.standby.replicas',
    atMost: 'group.streams.max.standby.replicas',
    doc: noStreams,
  },
  'streams.session.timeout.ms': bounded('streams', 'session.timeout.ms', [45_000, 1], noStreams),
}

export interface GroupConfigRow extends ConfigSynonym {
  readonly spec: GroupConfigSpec
  readonly synonyms: readonly ConfigSynonym[]
}

/** What DescribeConfigs shows of a group, whether or not there is one. */
export function describeGroupConfigs(
  overrides: Readonly<Record<string, string>>,
  broker: BrokerLayers,
): GroupConfigRow[] {
  return Object.entries(groupConfigTable).map(([name, spec]) => {
    const own = overrides[name]
    const synonyms: ConfigSynonym[] = own === undefined ? [] : [{ name, text: own, source: 'own' }]
    for (const { name: from, text, source } of inheritedFrom(broker, spec.broker)) {
      synonyms.push({ name: from, text, source })
    }
    synonyms.push({ name: spec.broker, text: spec.default, source: 'default' })
    const { text = spec.default, source = 'default' } = synonyms[0] ?? {}
    return { name, spec, text, source, synonyms }
  })
}

/** Why these values of a group make no sense together; `brokerText` as below. */
export function groupRelationFault(
  overrides: Readonly<Record<string, string>>,
  brokerText: (name: string) => string | undefined,
): string | undefined {
  for (const kind of ['consumer', 'share', 'streams']) {
    const [session, heartbeat] = [`${kind}.session.timeout.ms`, `${kind}.heartbeat.interval.ms`]
    const value = (name: string): number => {
      return Number(overrides[name] ?? brokerText(groupConfigTable[name]?.broker ?? ''))
    }
    if (value(session) <= value(heartbeat)) return `${session} must be greater than ${heartbeat}`
  }
  return undefined
}

/**
 * Why a group cannot have this value. `brokerText` tells what the broker says for a name, with
 * which a group's own value must get on.
 */
export function groupConfigFault(
  name: string,
  text: string,
  brokerText: (name: string) => string | undefined,
): string | undefined {
  const spec = groupConfigTable[name]
  if (spec === undefined) return `there is no group config ${name}`
  const wrong = valueFault(spec, text)
  if (wrong !== undefined) return `${name}: ${wrong}`
  const value = Number(readValue(spec, text))
  const least = spec.atLeast === undefined ? undefined : brokerText(spec.atLeast)
  if (least !== undefined && value < Number(least)) {
    return `${name}: ${text} is less than ${spec.atLeast} (${least})`
  }
  const most = spec.atMost === undefined ? undefined : brokerText(spec.atMost)
  if (most === undefined || value <= Number(most)) return undefined
  return `${name}: ${text} is more than ${spec.atMost} (${most})`
}
