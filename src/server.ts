/**
 * The composition root: builds every part of an embedded broker, hands each its ports, starts them
 * in order and stops them in reverse. No other file knows who is behind a port.
 */
import { backupJob } from './backup/backup-job.ts'
import { BrokerMetrics } from './admin/metrics.ts'
import type { Clock } from './base/clock.ts'
import { Failure, isFailure } from './base/errors.ts'
import { TaskGroup } from './base/task-group.ts'
import { LiveConfigs } from './catalog/live-configs.ts'
import type { CatalogDatabase } from './catalog/database.ts'
import { TopicContracts } from './contract/topic-contracts.ts'
import { addressOf } from './config/address.ts'
import { parseIpLimits } from './config/ip-limits.ts'
import type { LiveOption } from './config/broker-configs.ts'
import type { BrokerLayers } from './config/config-rows.ts'
import type { Config } from './config/options.ts'
import { staticLayer } from './config/topic-configs.ts'
import type { LoadedConfig } from './config/parse-config.ts'
import { type ClusterView, soleBroker } from './fleet/cluster-view.ts'
import { GroupCoordinator } from './group/coordinator.ts'
import { GroupSettings } from './group/group-settings.ts'
import type { Journal } from './journal/journal.ts'
import type { Broker } from './kafka/broker.ts'
import { embeddedProtocol, topicView } from './kafka/group-surroundings.ts'
import { kafkaHandlers } from './kafka/handlers.ts'
import { KafkaListener } from './kafka/kafka-listener.ts'
import { ConnectionLimits } from './kafka/connection-limits.ts'
import { MemoryBudget } from './kafka/memory-budget.ts'
import { Nudges } from './kafka/nudges.ts'
import { ZoneTraffic } from './kafka/zone-traffic.ts'
import { Router } from './kafka/router.ts'
import { SlabPool } from './kafka/slab.ts'
import type { BrokerLog } from './log/broker-log.ts'
import { type LogJobLimits, type LogJobs, startLogJobs } from './log/jobs.ts'
import { LogSink } from './log/log-sink.ts'
import { TopicDirectory } from './log/topic-directory.ts'
import type { FleetMember } from './start/fleet-member.ts'
import { openEmbeddedStorage } from './start/embedded-storage.ts'
import { type PlacementReport, reportPlacement } from './start/placement-report.ts'
import type { Storage, StorageSpace } from './start/storage.ts'
import type { World } from './start/world.ts'
import { ClientQuotas } from './quota/client-quotas.ts'
import { QuotaMeters } from './quota/quota-meters.ts'
import { TransactionCoordinator } from './txn/coordinator.ts'
import { ProducerIds } from './txn/producer-ids.ts'

export interface Server {
  readonly broker: Broker
  readonly database: CatalogDatabase
  readonly sink: LogSink
  readonly listener: KafkaListener
  readonly jobs: LogJobs
  readonly produceBudget: MemoryBudget
  readonly otherBudget: MemoryBudget
  readonly journal: Journal
  readonly space: StorageSpace
  readonly metrics: BrokerMetrics
  /** See Storage.lack. */
  readonly lack: Storage['lack']
  /** Why the others of the fleet take this broker for dead; undefined where they do not. */
  readonly unheard: () => string | undefined
  /** What the storage has counted, for a scrape. */
  readonly storageSamples: Storage['samples']
  /**
   * Where clients find partitions, all or those of a topic; undefined of a broker that is alone.
   *
   * @throws Failure 'not-found': there is no such topic. 'unavailable'.
   */
  placement(topic: string | undefined): Promise<PlacementReport | undefined>
  /** Rejects when a part finds the program wrong: the process must stop. Never resolves. */
  readonly failure: Promise<never>
  /** Where Kafka clients connect. */
  readonly kafkaAddress: { readonly host: string; readonly port: number }
  /** Stops every part, last started first. What was acknowledged is durable already. */
  close(): Promise<void>
}

const smallSlabBytes = 64 * 1024
const mebibyte = 1024 * 1024

/**
 * Resolves when Kafka clients are served.
 *
 * @throws Failure 'conflict': port or data folder in use. 'invalid': written by a newer release.
 */
export async function startServer(loaded: LoadedConfig, world: World): Promise<Server> {
  const tasks = new TaskGroup()
  try {
    return await start(loaded, world, tasks)
  } catch (error) {
    await tasks.stop().catch((stopError: unknown) => {
      world.log.error({ error: stopError }, 'what had been started did not stop cleanly')
    })
    throw error
  }
}

async function start(loaded: LoadedConfig, machine: World, tasks: TaskGroup): Promise<Server> {
  const { config } = loaded
  const { repacker, log } = machine
  tasks.defer('repacker', () => repacker.close())
  const metrics = new BrokerMetrics()
  const opened = await openStorage(config, machine, metrics, tasks)
  const { storage, member, listenTo, clock } = opened
  const world = { ...machine, clock }
  const { logs, clusterId, leaderEpoch, database, space, volume } = storage
  const nodeId = member?.membership.nodeId ?? config['node.id']

  const configs = await openConfigs(loaded, database, nodeId)
  const topics = await openTopics(world, { ...storage, configs })
  const jobs = startJobs(config, world, { ...storage, topics, configs, tasks, member })
  tasks.defer('jobs', () => jobs.close())
  let kafkaAddress = addressOf(config['kafka.listen'])
  const advertised = config['kafka.advertised']
  const cluster = member?.membership ?? soleBroker(nodeId, () => broker.advertised())
  const groups = groupCoordinator(config, world, { database, topics, configs, tasks, cluster })
  const partitionCount = config['num.partitions']
  const replicationFactor = config['default.replication.factor']
  const contracts = topicContracts(world, database, tasks)
  const writing = { logs, topics, repacker, contracts, clock }
  const sink = new LogSink({ ...writing, partitionCount, replicationFactor })
  const broker: Broker = {
    clusterId,
    nodeId,
    cluster,
    nudges: new Nudges(cluster, clock),
    zoneTraffic: new ZoneTraffic(cluster.zone),
    leaderEpoch,
    advertised: () => (advertised === undefined ? kafkaAddress : addressOf(advertised)),
    config,
    configs,
    topics,
    logs,
    repacker,
    sink,
    contracts,
    volume,
    groups,
    ...(await openQuotas(config, clock, database, metrics)),
    ...startTransactions(world, config, { database, logs, tasks, member, cluster }),
    clock,
    log,
    logLevels: world.logLevels,
  }
  const produceBudget = requestBudget(config['produce.memory.bytes'])
  const otherBudget = requestBudget(config['queued.max.request.bytes'])
  const budgets = { produceBudget, otherBudget }
  const listener = kafkaListener(broker, world, budgets, metrics)
  kafkaAddress = await bound('--kafka', listener.listen(kafkaAddress.host, kafkaAddress.port))
  tasks.defer('kafka', () => listener.close())
  await listenTo(broker, tasks)
  tasks.defer('jobs, while clients leave', () => jobs.end())
  const close = (): Promise<void> => tasks.stop()
  const seen = { database, journal: storage.journal, space, metrics, failure: tasks.failure }
  const placement = async (name: string | undefined): Promise<PlacementReport | undefined> => {
    if (member === undefined) return undefined
    const topic = name === undefined ? undefined : await topics.find(name)
    if (name !== undefined && topic === undefined) {
      throw new Failure('not-found', `there is no topic ${name}`)
    }
    return reportPlacement(database, member.membership, topic)
  }
  const { samples: storageSamples, lack } = storage
  const unheard = (): string | undefined => member?.membership.unheard()
  const told = { storageSamples, placement, lack, unheard }
  return { broker, sink, listener, jobs, ...budgets, ...seen, ...told, kafkaAddress, close }
}

function topicContracts(
  { checker, clock, log }: World,
  database: CatalogDatabase,
  tasks: TaskGroup,
): TopicContracts {
  tasks.defer('checker', () => checker.close())
  return new TopicContracts({ database, checker, clock, log: log.child({ part: 'contract' }) })
}

/** Of one machine, or of a fleet: then with what makes this broker one of several. */
async function openStorage(
  config: Config,
  world: World,
  metrics: BrokerMetrics,
  tasks: TaskGroup,
): Promise<{
  readonly storage: Storage
  readonly member: FleetMember | undefined
  /** Of the machine, or of the fleet. */
  readonly clock: Clock
  /** Joins the others, once clients can connect. */
  readonly listenTo: (broker: Broker, tasks: TaskGroup) => Promise<void>
}> {
  const { fleet } = world
  if (fleet === undefined) {
    const storage = await openEmbeddedStorage(config, world, metrics, tasks)
    const { clock } = world
    return { storage, member: undefined, listenTo: async () => undefined, clock }
  }
  // Loaded only here: a broker that is alone does not pay for it.
  const { openFleetStorage, FleetListener, FleetMember } = await import('./start/fleet.ts')
  const storage = await openFleetStorage(config, world, fleet, metrics, tasks)
  const member = new FleetMember(config, world, storage)
  tasks.defer('membership', () => member.leave())
  const listenTo = async (broker: Broker): Promise<void> => {
    const listener = new FleetListener({ ...broker, journal: storage.objectJournal })
    await member.begin(broker.advertised(), listener, tasks)
    tasks.defer('drain', () => member.drain())
  }
  return { storage, member, listenTo, clock: storage.clock }
}

/** Says which flag to change where an address could not be had. */
export async function bound<Bound>(flag: string, listening: Promise<Bound>): Promise<Bound> {
  try {
    return await listening
  } catch (error) {
    if (!isFailure(error)) throw error
    throw new Failure(error.kind, `${error.message}; ${flag} takes another address`, error)
  }
}

function startJobs(
  config: Config,
  { clock, random, log, jobTimes, openPass }: World,
  parts: Storage & {
    readonly topics: TopicDirectory
    readonly configs: LiveConfigs
    readonly tasks: TaskGroup
    readonly member: FleetMember | undefined
  },
): LogJobs {
  const { member } = parts
  const shared = member?.sharedJobs
  const jobs = startLogJobs({
    ...parts,
    openPass,
    ...(shared === undefined ? {} : { shared }),
    clock,
    random,
    log: log.child({ part: 'jobs' }),
    broken: (name, error) => parts.tasks.fail(name, error),
    limits: {
      windowMs: config['pack.window.ms'],
      windowBytes: config['pack.window.bytes'],
      inlineMs: config['pack.inline.ms'],
      objectBytes: config['pack.object.bytes'],
      ...(member === undefined ? {} : { sliceBytes: 2 * config['pack.object.bytes'] }),
      retentionCheckMs: config['log.retention.check.interval.ms'],
      graceMs: config['object.grace.ms'],
      times: jobTimes,
      producerExpirationMs: () => liveInteger(parts.configs, config, 'producer.id.expiration.ms'),
      compaction: () => compactionLimits(parts.configs, config),
    },
  })
  const intervalMs = config['catalog.backup.interval.ms']
  if (shared === undefined || intervalMs === 0) return jobs
  const job = backupJob({
    ...{ database: parts.database, objects: parts.objects, clusterId: parts.clusterId },
    ...{ intervalMs, kept: config['catalog.backups.kept'], log: log.child({ part: 'backup' }) },
    databaseMs: async () => clock.nowMs(), // in a fleet it is the database's
  })
  const run = async (signal: AbortSignal): Promise<void> => {
    if (await shared.mayRun(job.name)) await job.run(signal)
  }
  jobs.runner.start({ ...job, run })
  return jobs
}

function compactionLimits(
  configs: LiveConfigs,
  config: Config,
): ReturnType<LogJobLimits['compaction']> {
  return {
    backoffMs: liveInteger(configs, config, 'log.cleaner.backoff.ms'),
    mapBytes: liveInteger(configs, config, 'log.cleaner.dedupe.buffer.size'),
    bytesPerSecond: liveInteger(configs, config, 'log.cleaner.io.max.bytes.per.second'),
  }
}

async function openQuotas(
  config: Config,
  clock: Clock,
  database: CatalogDatabase,
  metrics: BrokerMetrics,
): Promise<Pick<Broker, 'quotas' | 'meters'>> {
  const quotas = new ClientQuotas(database)
  await quotas.load()
  const meters = new QuotaMeters({
    quotas,
    clock,
    window: {
      windowCount: config['quota.window.num'],
      windowMs: config['quota.window.size.seconds'] * 1_000,
    },
    mutationWindow: {
      windowCount: config['controller.quota.window.num'],
      windowMs: config['controller.quota.window.size.seconds'] * 1_000,
    },
    throttled: (key, throttleMs) => metrics.clientThrottled(key, throttleMs),
  })
  return { quotas, meters }
}

function connectionLimits({ config, configs, meters }: Broker): ConnectionLimits {
  const rate = 'max.connection.creation.rate'
  const overrides = 'max.connections.per.ip.overrides'
  const read = { text: '', limits: parseIpLimits('') }
  return new ConnectionLimits({
    connectionsMax: () => liveInteger(configs, config, 'max.connections'),
    perIpMax: () => liveInteger(configs, config, 'max.connections.per.ip'),
    perIpOverrides: () => {
      const text = configs.text(overrides) ?? config[overrides] ?? ''
      if (text !== read.text) Object.assign(read, { text, limits: parseIpLimits(text) })
      return typeof read.limits === 'string' ? new Map() : read.limits
    },
    charge: (ip) => meters.connection(ip),
    chargeAll: () => meters.anyConnection(liveInteger(configs, config, rate)),
  })
}

async function openTopics(
  { clock, random }: World,
  parts: Storage & { readonly configs: LiveConfigs },
): Promise<TopicDirectory> {
  const { database, logs, leaderEpoch, configs } = parts
  const { index } = logs
  const brokerDefaults = (): BrokerLayers => configs.layers()
  const restoreAll = (): Promise<unknown> => logs.restoreAll()
  const shared = { database, index, clock, random, leaderEpoch }
  const topics = new TopicDirectory({ ...shared, brokerDefaults, restoreAll })
  await topics.load()
  configs.onBrokerChange(() => topics.refresh())
  return topics
}

async function openConfigs(
  loaded: LoadedConfig,
  database: CatalogDatabase,
  nodeId: number,
): Promise<LiveConfigs> {
  const configs = new LiveConfigs({ database, nodeId, startedWith: staticLayer(loaded) })
  await configs.load()
  return configs
}

/** An option as it is now: what was set at run time goes before the start. */
function liveInteger(
  configs: LiveConfigs,
  config: Config,
  name: Exclude<LiveOption, 'max.connections.per.ip.overrides'>,
): number {
  return configs.integer(name, config[name])
}

/** An eighth is for requests that fit the memory which every connection has anyway. */
function requestBudget(limitBytes: number): MemoryBudget {
  const small = { bytes: Math.floor(limitBytes / 8), requestBytesMax: smallSlabBytes }
  return new MemoryBudget(limitBytes, small)
}

function kafkaListener(
  broker: Broker,
  { network, slabs }: World,
  budgets: { readonly produceBudget: MemoryBudget; readonly otherBudget: MemoryBudget },
  metrics: BrokerMetrics,
): KafkaListener {
  const { config, clock } = broker
  const log = broker.log.child({ part: 'kafka' })
  const router = new Router({
    handlers: kafkaHandlers(broker),
    log,
    clock,
    seen: metrics,
    meters: broker.meters,
  })
  return new KafkaListener({
    network,
    clock,
    log,
    pool: new SlabPool({
      smallBytes: smallSlabBytes,
      largeBytes: 2 * mebibyte,
      // What the tail cache keeps, and what connections read meanwhile.
      regionBytes: config['tail.cache.bytes'] + 64 * mebibyte,
      pooledBytesMax: 64 * mebibyte,
      ...slabs,
    }),
    frameBytesMax: config['socket.request.max.bytes'],
    ...budgets,
    pipelineMax: 100,
    limits: connectionLimits(broker),
    idleMsMax: config['connections.max.idle.ms'],
    // Clients give up on an answer after 30 s (Java) or 60 s (librdkafka).
    stallMsMax: 90_000,
    drainMsMax: 2_000,
    serve: (frame, peer, hold, signal, next) => router.serve(frame, peer, hold, signal, next),
  })
}

function groupCoordinator(
  config: Config,
  { clock, random, log }: World,
  parts: {
    readonly database: CatalogDatabase
    readonly topics: TopicDirectory
    readonly configs: LiveConfigs
    readonly tasks: TaskGroup
    readonly cluster: ClusterView
  },
): GroupCoordinator {
  const { database, topics, configs, tasks, cluster } = parts
  const settings = new GroupSettings(config, configs)
  const groups = new GroupCoordinator({
    database,
    clock,
    random,
    config: settings.broker,
    configOf: (groupId) => settings.of(groupId),
    log: log.child({ part: 'group' }),
    topics: topicView(topics),
    embedded: embeddedProtocol,
    coordination: (groupId) => cluster.coordination(groupId),
  })
  cluster.onChange(() => groups.release())
  tasks.defer('groups', () => groups.close())
  const expiry = new AbortController()
  const expire = (): Promise<void> => groups.runExpiry(expiry.signal)
  tasks.add('offset expiry', expire, () => expiry.abort())
  return groups
}

function startTransactions(
  { clock, log }: World,
  config: Config,
  parts: {
    readonly database: CatalogDatabase
    readonly logs: BrokerLog
    readonly tasks: TaskGroup
    readonly member: FleetMember | undefined
    readonly cluster: ClusterView
  },
): Pick<Broker, 'producerIds' | 'transactions'> {
  const { database, logs, tasks, member, cluster } = parts
  const producerIds = new ProducerIds(database)
  const transactions = new TransactionCoordinator({
    database,
    clock,
    log: log.child({ part: 'txn' }),
    producerIds,
    end: (intent) => logs.end(intent),
    timeoutMsMax: config['transaction.max.timeout.ms'],
    expirationMs: config['transactional.id.expiration.ms'],
    abortIntervalMs: config['transaction.abort.timed.out.transaction.cleanup.interval.ms'],
    forgetIntervalMs: config['transaction.remove.expired.transaction.cleanup.interval.ms'],
    termOf: (transactionalId) => cluster.termOf(transactionalId),
    mayReap: async () => member === undefined || (await member.mayRun('reap-transactions')),
  })
  const stop = new AbortController()
  tasks.add(
    'transactions',
    () => transactions.runReaper(stop.signal),
    () => stop.abort(),
  )
  return { producerIds, transactions }
}
