/**
 * Everything behind the Kafka listener but sockets: frames go to the router as a connection would
 * give them, over a catalog in memory that can be told to fail.
 */
import assert from 'node:assert/strict'
import { unpooled } from '../../src/base/hold.ts'
import { silentLog } from '../../src/base/log.ts'
import { LogLevels } from '../../src/base/log-levels.ts'
import type { MemoryFault, MemoryPoint } from '../../src/catalog/memory-faults.ts'
import { LiveConfigs } from '../../src/catalog/live-configs.ts'
import { type MemoryDatabase, openMemoryDatabase } from '../../src/catalog/memory-database.ts'
import type { Config } from '../../src/config/options.ts'
import { parseConfig } from '../../src/config/parse-config.ts'
import { staticLayer } from '../../src/config/topic-configs.ts'
import { soleBroker } from '../../src/fleet/cluster-view.ts'
import { GroupCoordinator } from '../../src/group/coordinator.ts'
import { GroupSettings } from '../../src/group/group-settings.ts'
import type { Journal } from '../../src/journal/journal.ts'
import type { Broker } from '../../src/kafka/broker.ts'
import { embeddedProtocol, topicView } from '../../src/kafka/group-surroundings.ts'
import { kafkaHandlers } from '../../src/kafka/handlers.ts'
import { Nudges } from '../../src/kafka/nudges.ts'
import { ZoneTraffic } from '../../src/kafka/zone-traffic.ts'
import { Router } from '../../src/kafka/router.ts'
import { BrokerLog } from '../../src/log/broker-log.ts'
import { ClientQuotas } from '../../src/quota/client-quotas.ts'
import { QuotaMeters } from '../../src/quota/quota-meters.ts'
import { LogSink } from '../../src/log/log-sink.ts'
import { TopicDirectory } from '../../src/log/topic-directory.ts'
import { TransactionCoordinator } from '../../src/txn/coordinator.ts'
import { ProducerIds } from '../../src/txn/producer-ids.ts'
import { decodeResponseHeader, encodeRequest } from '../../src/wire/frame.ts'
import type { AnyApi } from '../../src/wire/message.ts'
import type { Askable } from '../support/askable.ts'
import type { Clock } from '../../src/base/clock.ts'
import type { CatalogDatabase } from '../../src/catalog/database.ts'
import { inlineChecker } from '../../src/contract/check/record-checker.ts'
import { TopicContracts } from '../../src/contract/topic-contracts.ts'
import { schemaFormats } from '../../src/registry/schema/schema-formats.ts'
import { inlineRepacker } from '../support/inline-repacker.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const host = 'karst.test'
const remote = '10.1.2.3:51234'
const correlationId = 7

/** A cluster of one. */
function alone(
  nodeId: number,
  clock: VirtualClock,
): Pick<Broker, 'cluster' | 'nudges' | 'zoneTraffic'> {
  const cluster = soleBroker(nodeId, () => ({ host, port: 9092 }))
  return { cluster, nudges: new Nudges(cluster, clock), zoneTraffic: new ZoneTraffic('') }
}

function contractsOf(database: CatalogDatabase, clock: Clock): TopicContracts {
  const checker = inlineChecker(schemaFormats)
  return new TopicContracts({ database, clock, log: silentLog, checker })
}

function writingOf(
  database: CatalogDatabase,
  clock: Clock,
  logs: BrokerLog,
  topics: TopicDirectory,
): Pick<Broker, 'logs' | 'topics' | 'contracts' | 'sink'> {
  const contracts = contractsOf(database, clock)
  const shape = { partitionCount: 1, replicationFactor: 1 }
  const parts = { logs, topics, repacker: inlineRepacker, contracts, clock }
  return { logs, topics, contracts, sink: new LogSink({ ...parts, ...shape }) }
}

export class KafkaWorld {
  readonly clock: VirtualClock = new VirtualClock()
  readonly database: MemoryDatabase
  readonly config: Config
  readonly broker: Broker
  readonly router: Router
  readonly apis: AnyApi[]
  /** What befalls the catalog from now on. */
  fault: ((point: MemoryPoint) => MemoryFault | undefined) | undefined
  /** What every step of the catalog waits for from now on. */
  pause: ((point: MemoryPoint) => Promise<void>) | undefined

  /** `options` as in a configuration file. */
  constructor(options: Readonly<Record<string, string>> = {}) {
    const { clock } = this
    const lines = Object.entries(options).map(([name, value]) => `${name}=${value}\n`)
    const loaded = parseConfig({ file: { name: 'karst.properties', text: lines.join('') } })
    assert.ok(loaded.ok, 'the options of the test are allowed')
    this.config = loaded.config
    const hooks = {
      fault: (at: MemoryPoint) => this.fault?.(at),
      pause: async (at: MemoryPoint) => this.pause?.(at),
    }
    this.database = openMemoryDatabase({ clock, hooks })
    const { database, config } = this
    const random = seededRandom(1)
    const startedWith = staticLayer(loaded)
    const configs = new LiveConfigs({ database, nodeId: config['node.id'], startedWith })
    const logs = brokerLog(database, clock)
    const producerIds = new ProducerIds(database)
    const { index } = logs
    const brokerDefaults = () => configs.layers()
    const parts = { database, index, clock, random, leaderEpoch: 0, brokerDefaults }
    const topics = new TopicDirectory(parts)
    configs.onBrokerChange(() => topics.refresh())
    const quotas = new ClientQuotas(database)
    const window = { windowCount: 11, windowMs: 1_000 }
    const settings = new GroupSettings(config, configs)
    this.broker = {
      clusterId: 'the-cluster',
      ...alone(config['node.id'], clock),
      nodeId: config['node.id'],
      leaderEpoch: 0,
      advertised: () => ({ host, port: 9092 }),
      config,
      configs,
      ...writingOf(database, clock, logs, topics),
      volume: async () => ({ folder: '/data', totalBytes: 1_000, freeBytes: 600 }),
      repacker: inlineRepacker,
      groups: new GroupCoordinator({
        database,
        clock,
        random,
        config: settings.broker,
        configOf: (groupId) => settings.of(groupId),
        log: silentLog,
        topics: topicView(topics),
        embedded: embeddedProtocol,
      }),
      quotas,
      meters: new QuotaMeters({ quotas, clock, window, mutationWindow: window }),
      producerIds,
      transactions: new TransactionCoordinator({
        database,
        clock,
        log: silentLog,
        producerIds,
        end: (intent) => logs.end(intent),
        timeoutMsMax: config['transaction.max.timeout.ms'],
        expirationMs: config['transactional.id.expiration.ms'],
        abortIntervalMs: 10_000,
        forgetIntervalMs: 3_600_000,
      }),
      clock,
      log: silentLog,
      logLevels: new LogLevels('INFO'),
    }
    const handlers = kafkaHandlers(this.broker)
    this.apis = handlers.map(({ api }) => api)
    this.router = new Router({ handlers, log: silentLog, clock, meters: this.broker.meters })
  }

  /** The answer to a request, as the wire carries it; the request's memory is used again at once. */
  async ask<RequestInput, ResponseValue>(
    api: Askable<RequestInput, ResponseValue>,
    version: number,
    request: RequestInput,
  ): Promise<ResponseValue> {
    const header = { apiVersion: version, correlationId, clientId: 'tester' }
    const frame = Buffer.concat(encodeRequest(api, header, request)).subarray(4)
    const peer = { remote, software: undefined }
    const { signal } = new AbortController()
    const served = this.router.serve(frame, peer, unpooled, signal, () => undefined)
    const reply = await this.#whileTimePasses(served)
    frame.fill(0xdd)
    assert.ok(typeof reply === 'object', `${api.name} v${version} is answered`)
    const answer = Buffer.concat(reply.chunks).subarray(4)
    reply.release?.()
    const told = decodeResponseHeader(answer, api, version)
    assert.equal(told.correlationId, correlationId)
    return api.response.decode(version, answer, told.bodyAt)
  }

  /** Makes a topic, without the wire. */
  async topic(name: string, partitionCount = 3): Promise<string> {
    const wanted = { name, partitionCount, replicationFactor: 1, overrides: {} }
    const { topic } = await this.broker.topics.create(wanted)
    assert.ok(topic !== undefined)
    return topic.topicId
  }

  /** From now on every transaction and snapshot fails before it does anything. */
  cutCatalog(): void {
    this.fault = () => ({ fault: 'fail' })
  }

  healCatalog(): void {
    this.fault = undefined
  }

  /** A request that waits for time gets what it waits for: 100 ms a turn, at most a minute. */
  async #whileTimePasses<Value>(pending: Promise<Value>): Promise<Value> {
    let isDone = false
    const done = (): void => {
      isDone = true
    }
    pending.then(done, done)
    await this.clock.settle()
    for (let turn = 0; turn < 600 && !isDone; turn++) await this.clock.advance(100)
    assert.ok(isDone, 'answered within a minute')
    return pending
  }
}

const noJournal: Journal = {
  write: () => assert.fail('nothing is produced here'),
  read: () => assert.fail('nothing is read here'),
  finished: () => [],
  roll: () => Promise.resolve(),
  retire: () => Promise.resolve(),
  close: () => Promise.resolve(),
}

function brokerLog(database: MemoryDatabase, clock: VirtualClock): BrokerLog {
  const mebibyte = 1024 * 1024
  return new BrokerLog({
    incarnation: 1,
    database,
    journal: noJournal,
    blockSource: { read: () => assert.fail('nothing is read here') },
    clock,
    log: silentLog,
    laneLimits: {
      groupBytesMax: mebibyte,
      groupBatchesMax: 100,
      flightsMax: 1,
      earlyBytesMax: 524_288,
      writeDeadlineMs: 1_000,
      queuedBytesMax: mebibyte,
    },
    tailCacheBytes: mebibyte,
    blockCacheBytes: mebibyte,
    storageReadsMax: 1,
  })
}
