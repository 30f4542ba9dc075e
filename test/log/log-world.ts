/**
 * A broker's log without a network: the real parts over a memory catalog, a memory disk and an
 * object store, on virtual time, with a process that can be killed at any step.
 */
import assert from 'node:assert/strict'
import type { Clock } from '../../src/base/clock.ts'
import { isFailure } from '../../src/base/errors.ts'
import { unpooled } from '../../src/base/hold.ts'
import { silentLog } from '../../src/base/log.ts'
import type { Random } from '../../src/base/random.ts'
import { openCluster } from '../../src/catalog/cluster.ts'
import { drawNumbers } from '../../src/catalog/counters.ts'
import type { CatalogDatabase } from '../../src/catalog/database.ts'
import { type MemoryDatabase, openMemoryDatabase } from '../../src/catalog/memory-database.ts'
import type { MemoryHooks } from '../../src/catalog/memory-faults.ts'
import type { AppendOutcome } from '../../src/catalog/outcomes.ts'
import { groupsWithBytes, readTail } from '../../src/catalog/tail.ts'
import { MemoryDisk, type DiskFault, type DiskOperation } from '../../src/disk/memory-disk.ts'
import { type DiskJournal, openDiskJournal } from '../../src/journal/disk-journal.ts'
import { BrokerLog } from '../../src/log/broker-log.ts'
import { Collector } from '../../src/log/collect.ts'
import { type CompactLimits, Compactor } from '../../src/log/compact.ts'
import { openInlinePass } from '../../src/log/compaction-pass.ts'
import { TopicDropper } from '../../src/log/drop-topic.ts'
import { compactionOf } from '../../src/log/jobs.ts'
import { Merger } from '../../src/log/merge.ts'
import { Packer, type PackLimits } from '../../src/log/pack.ts'
import type { PackTopic } from '../../src/log/pack-plan.ts'
import { Retainer } from '../../src/log/retain.ts'
import { StoredRuns } from '../../src/log/stored-runs.ts'
import { type KnownTopic, TopicDirectory } from '../../src/log/topic-directory.ts'
import { MemoryObjectStore, type StoreOperation } from '../../src/objects/memory-object-store.ts'
import type { StoreFault } from '../../src/objects/memory-object-store.ts'
import { buildBatch } from '../../src/record/build-batch.ts'
import { forEachBatch } from '../../src/record/batch-sequence.ts'
import { Life, MortalDatabase, mortalClock } from '../sim/life.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { VirtualClock } from '../support/virtual-clock.ts'

const kibibyte = 1024
const clusterUuid = 'a2Fyc3QtbG9nLXRlc3RzLg'

/** Told of every step that reaches the outside; may kill the process there, or make it fail. */
export interface WorldHooks {
  disk?: (operation: DiskOperation) => DiskFault | undefined
  store?: (operation: StoreOperation) => StoreFault | undefined
  catalog?: MemoryHooks
}

export interface LogWorldOptions {
  readonly seed?: number
  readonly fileBytes?: number
  readonly objectBytes?: number
  /** See PackLimits. */
  readonly sliceBytes?: number
  readonly tailCacheBytes?: number
  readonly blockCacheBytes?: number
}

/** The parts of one life of the process. */
export interface LogProcess {
  readonly life: Life
  readonly journal: DiskJournal
  readonly logs: BrokerLog
  readonly topics: TopicDirectory
  readonly packer: Packer
  readonly merger: Merger
  readonly compactor: Compactor
  readonly retainer: Retainer
  readonly collector: Collector
  readonly dropper: TopicDropper
}

/** A look is due at once, and what is small waits for nothing. */
const mergeTimes = { lookMs: 0, ageMs: 0 }
export const graceMs = 60_000
export const orphanMs = 900_000

export class LogWorld {
  readonly clock: VirtualClock = new VirtualClock()
  readonly random: Random
  readonly disk: MemoryDisk
  readonly database: MemoryDatabase
  readonly store: MemoryObjectStore
  readonly hooks: WorldHooks = {}
  /** Of compaction; looked at by every pass. */
  compactLimits: CompactLimits = {
    backoffMs: 15_000,
    mapBytes: 64 * kibibyte,
    bytesPerSecond: Infinity,
    objectBytes: 64 * kibibyte,
    graceMs,
  }
  readonly #options: LogWorldOptions
  #process: LogProcess | undefined

  constructor(options: LogWorldOptions = {}) {
    this.#options = options
    this.random = seededRandom(options.seed ?? 1)
    const { clock, random } = this
    this.disk = new MemoryDisk({ clock, random, fault: (each) => this.hooks.disk?.(each) })
    this.store = new MemoryObjectStore({ clock, fault: (each) => this.hooks.store?.(each) })
    this.database = openMemoryDatabase({
      clock,
      hooks: {
        pause: async (point) => this.hooks.catalog?.pause?.(point),
        fault: (point) => this.hooks.catalog?.fault?.(point),
      },
    })
  }

  get process(): LogProcess {
    assert.ok(this.#process !== undefined, 'the process runs')
    return this.#process
  }

  /** Starts a process; one that ran is dead. */
  async start(): Promise<LogProcess> {
    this.#process?.life.kill()
    const life = new Life()
    const clock = mortalClock(this.clock, life)
    const database = new MortalDatabase(this.database, life)
    const random = seededRandom(this.random.uint32())
    const { clusterId, leaderEpoch } = await openCluster(database, clusterUuid)
    const incarnation = await drawNumbers(database, 'broker.incarnation', 1)
    const tail = await readTail(database)
    const journal = await openDiskJournal({
      disk: this.disk.mount(),
      folder: '/journal',
      clusterId: Buffer.from(clusterId, 'base64url'),
      known: groupsWithBytes(tail).map(({ groupNumber, incarnation: by, ...place }) => {
        return { ...place, id: { incarnation: by, groupNumber } }
      }),
      liveObjects: tail.journalObjects,
      nextIncarnation: async () => (await drawNumbers(database, 'journal.file', 1)) + 1,
      fileBytes: this.#options.fileBytes ?? 64 * kibibyte,
      freeBytesMin: 0,
    })
    const objects = this.store
    const stores = { journal, objects, clusterId }
    const logs = this.#openLogs({ ...stores, incarnation, database, clock })
    logs.load(tail)
    const { index, extentIndex, tailCache } = logs
    const parts = { database, index, clock, random, leaderEpoch, brokerDefaults: () => [] }
    const topics = new TopicDirectory(parts)
    await topics.load()
    const { objectBytes, sliceBytes } = this.#options
    const slices = sliceBytes === undefined ? {} : { sliceBytes }
    const limits = { ...packLimits(objectBytes), ...slices, ...mergeTimes }
    const shared = { database, clock, log: silentLog, index, extentIndex }
    const stored = { ...shared, journal, objects, clusterId }
    const topicOf = (id: string): PackTopic | undefined => packTopic(topics.byId(id))
    this.#process = {
      life,
      journal,
      logs,
      topics,
      packer: new Packer({ ...stored, limits, topicOf, settled: () => logs.settled() }),
      merger: new Merger({ ...stored, limits, topicOf }),
      compactor: new Compactor({
        ...stored,
        tailCache,
        openPass: openInlinePass,
        policies: () => topics.all().flatMap(compactionOf),
        limits: () => this.compactLimits,
      }),
      retainer: new Retainer({ ...shared, policies: () => topics.all().map(policyOf) }),
      collector: new Collector({ ...stored, limits: { graceMs, orphanMs, journalRowsMs: 0 } }),
      dropper: new TopicDropper({ ...shared, tailCache }),
    }
    return this.#process
  }

  #openLogs(parts: {
    readonly incarnation: number
    readonly database: CatalogDatabase
    readonly journal: LogProcess['journal']
    readonly objects: MemoryObjectStore
    readonly clusterId: string
    readonly clock: Clock
  }): BrokerLog {
    const { incarnation, database, journal, objects, clusterId, clock } = parts
    return new BrokerLog({
      ...{ incarnation, database, journal, clock },
      blockSource: new StoredRuns({ journal, objects, clusterId }),
      log: silentLog,
      laneLimits: {
        groupBytesMax: 32 * kibibyte,
        groupBatchesMax: 50,
        flightsMax: 1,
        earlyBytesMax: 524_288,
        writeDeadlineMs: 10_000,
        queuedBytesMax: 1024 * kibibyte,
      },
      tailCacheBytes: this.#options.tailCacheBytes ?? 0,
      blockCacheBytes: this.#options.blockCacheBytes ?? 0,
      storageReadsMax: 4,
    })
  }

  /** Another broker that reads, as of now: what happens later it does not hear of by itself. */
  async bystander(): Promise<BrokerLog> {
    const { database, clock, store: objects } = this
    const { clusterId } = await openCluster(database, clusterUuid)
    const { journal } = this.process
    const incarnation = await drawNumbers(database, 'broker.incarnation', 1)
    const logs = this.#openLogs({ incarnation, database, journal, objects, clusterId, clock })
    logs.load(await readTail(database))
    return logs
  }

  /** kill -9 and, with `power`, the loss of what the disk had not synced. Then a new process. */
  async restart(power = false): Promise<LogProcess> {
    this.#process?.life.kill()
    if (power) this.disk.crash(seededRandom(this.random.uint32()))
    return this.start()
  }

  async createTopic(
    name: string,
    partitionCount: number,
    overrides: Record<string, string> = {},
  ): Promise<KnownTopic> {
    const shape = { name, partitionCount, replicationFactor: 1, overrides }
    const { topic } = await this.process.topics.create(shape)
    assert.ok(topic !== undefined, 'the topic was created')
    return topic
  }

  /** Appends one batch of records with these values. */
  append(
    topic: KnownTopic,
    partitionIndex: number,
    values: readonly string[],
    timestampMs: number = this.clock.nowMs(),
  ): Promise<AppendOutcome> {
    const bytes = buildBatch(
      values.map((value) => ({ key: null, value: Buffer.from(value), timestampMs })),
    )
    const intent = {
      topicId: topic.topicId,
      partitionId: topic.partitionIds[partitionIndex] ?? -1,
      partitionIndex,
      configVersion: topic.configVersion,
      producerId: -1,
      producerEpoch: -1,
      baseSequence: -1,
      offsetCount: values.length,
      maxTimestampMs: timestampMs,
      byteLength: bytes.length,
    }
    return this.process.logs.append(intent, bytes, unpooled)
  }

  /** Every batch of a partition from its log start on, as a reader gets it. */
  async readAll(partitionId: number, from?: number): Promise<Buffer[]> {
    const { logs } = this.process
    const log = logs.index.get(partitionId)
    assert.ok(log !== undefined, 'the partition is known')
    const batches: Buffer[] = []
    for (let offset = from ?? log.logStart; offset < log.logEnd;) {
      const result = await logs.read(log, offset, 20 * kibibyte)
      assert.equal(result.outcome, 'records')
      if (result.outcome !== 'records') break
      assert.ok(result.nextOffset > offset, `progress at ${offset}`)
      for (const chunk of result.chunks) {
        forEachBatch(chunk, (at, size) => {
          batches.push(Buffer.from(chunk.subarray(at, at + size)))
        })
      }
      offset = result.nextOffset
      result.release()
    }
    return batches
  }

  /** Keys of the store, by name. */
  async stored(): Promise<string[]> {
    return (await this.store.list('', undefined, 10_000)).map(({ key }) => key)
  }

  /** Passes time until `work` is done. */
  async within<Result>(work: Promise<Result>, msMax = 60_000): Promise<Result> {
    let isSettled = false
    const settle = (): void => {
      isSettled = true
    }
    work.then(settle, settle)
    for (let passed = 0; !isSettled && passed < msMax; passed += 1) await this.clock.advance(1)
    assert.ok(isSettled, `done within ${msMax} ms`)
    return work
  }

  /** Runs `work` again and again while it fails for reasons that pass. */
  async insist(work: () => Promise<void>): Promise<void> {
    for (let attempt = 0; attempt < 20; attempt++) {
      try {
        return await this.within(work())
      } catch (error) {
        if (!isFailure(error)) throw error
      }
    }
    assert.fail('it never succeeds')
  }
}

export const noSignal: AbortSignal = new AbortController().signal

const packLimits = (objectBytes = 128 * kibibyte): PackLimits => ({
  windowMs: 60_000,
  windowBytes: 1024 * kibibyte,
  objectBytes,
})

function packTopic(topic: KnownTopic | undefined): PackTopic | undefined {
  if (topic === undefined) return undefined
  const { 'retention.ms': retentionMs, 'segment.ms': segmentMs } = topic.effective
  return { name: topic.name, retentionMs, segmentMs }
}

function policyOf({ partitionIds, effective }: KnownTopic): {
  partitionIds: readonly number[]
  retentionMs: number
  retentionBytes: number
} {
  const { 'retention.ms': retentionMs, 'retention.bytes': retentionBytes } = effective
  return { partitionIds, retentionMs, retentionBytes }
}
