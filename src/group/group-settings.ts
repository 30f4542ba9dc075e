/**
 * What the coordinator goes by: the broker's configs, and for one group what was set for it
 * (`consumer.session.timeout.ms` and others, KIP-848).
 */
import type { ConfigTexts, LiveConfigs } from '../catalog/live-configs.ts'
import type { Config } from '../config/options.ts'
import type { GroupConfig } from './config.ts'
import { type AssignorName, isAssignor } from './consumer/assignor.ts'

interface Bounds {
  readonly min: number
  readonly max: number
}

export class GroupSettings {
  readonly #config: Config
  readonly #configs: Pick<LiveConfigs, 'own' | 'integer' | 'layers'>
  /** What was made from them is as old as these. */
  #layers: unknown
  #broker: GroupConfig
  /** By what was set for the group; it is another object after every change. */
  #groups = new WeakMap<ConfigTexts, GroupConfig>()

  constructor(config: Config, configs: Pick<LiveConfigs, 'own' | 'integer' | 'layers'>) {
    this.#config = config
    this.#configs = configs
    this.#broker = brokerGroupConfig(config, configs)
    this.#layers = configs.layers()
  }

  /** Of groups that nothing is set for. */
  get broker(): GroupConfig {
    const layers = this.#configs.layers()
    if (layers !== this.#layers) {
      this.#layers = layers
      this.#broker = brokerGroupConfig(this.#config, this.#configs)
      this.#groups = new WeakMap()
    }
    return this.#broker
  }

  of(groupId: string): GroupConfig {
    const { broker } = this
    const own = this.#configs.own({ kind: 'group', name: groupId })
    let found = this.#groups.get(own)
    if (found === undefined) {
      found = withOwn(broker, own, this.#config)
      this.#groups.set(own, found)
    }
    return found
  }
}

function brokerGroupConfig(config: Config, configs: Pick<LiveConfigs, 'integer'>): GroupConfig {
  const interval = 'group.consumer.assignment.interval.ms'
  const intervalMs = configs.integer(interval, config[interval])
  return {
    sessionTimeoutMsMin: config['group.min.session.timeout.ms'],
    sessionTimeoutMsMax: config['group.max.session.timeout.ms'],
    initialRebalanceDelayMs: config['group.initial.rebalance.delay.ms'],
    membersMax: config['group.max.size'],
    offsetMetadataBytesMax: config['offset.metadata.max.bytes'],
    offsetsRetentionMs: config['offsets.retention.minutes'] * 60_000,
    offsetsRetentionCheckMs: config['offsets.retention.check.interval.ms'],
    consumerSessionTimeoutMs: config['group.consumer.session.timeout.ms'],
    consumerHeartbeatIntervalMs: config['group.consumer.heartbeat.interval.ms'],
    consumerAssignmentIntervalMs: clamped(intervalMs, boundsOf(config, 'assignment.interval.ms')),
    consumerMembersMax: config['group.consumer.max.size'],
    consumerAssignors: assignorsOf(config['group.consumer.assignors']),
    memoryBytesMax: config['group.memory.bytes'],
    migrationPolicy: config['group.consumer.migration.policy'],
  }
}

function assignorsOf(text: string): AssignorName[] {
  return text.split(',').filter((name) => isAssignor(name))
}

/** What was set may be outside of bounds that came later: it counts as the nearest, as in Kafka. */
function withOwn(broker: GroupConfig, own: ConfigTexts, config: Config): GroupConfig {
  if (Object.keys(own).length === 0) return broker
  const value = (what: BoundedConfig): number | undefined => {
    const text = own[`consumer.${what}`]
    return text === undefined ? undefined : clamped(Number(text), boundsOf(config, what))
  }
  const sessionTimeoutMs = value('session.timeout.ms')
  const heartbeatIntervalMs = value('heartbeat.interval.ms')
  const assignmentIntervalMs = value('assignment.interval.ms')
  return {
    ...broker,
    consumerSessionTimeoutMs: sessionTimeoutMs ?? broker.consumerSessionTimeoutMs,
    consumerHeartbeatIntervalMs: heartbeatIntervalMs ?? broker.consumerHeartbeatIntervalMs,
    consumerAssignmentIntervalMs: assignmentIntervalMs ?? broker.consumerAssignmentIntervalMs,
  }
}

type BoundedConfig = 'session.timeout.ms' | 'heartbeat.interval.ms' | 'assignment.interval.ms'

function boundsOf(config: Config, what: BoundedConfig): Bounds {
  return { min: config[`group.consumer.min.${what}`], max: config[`group.consumer.max.${what}`] }
}

const clamped = (value: number, { min, max }: Bounds): number => Math.min(Math.max(value, min), max)
