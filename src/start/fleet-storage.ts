/** Storage of a fleet: a bucket and a database that brokers share. The machine keeps nothing. */
import type { Sample, Samples } from '../admin/exposition.ts'
import type { BrokerMetrics } from '../admin/metrics.ts'
import { ObjectStoreMetrics } from '../admin/object-store-metrics.ts'
import { Failure } from '../base/errors.ts'
import { sleep } from '../base/clock.ts'
import { Outage } from '../base/outage.ts'
import { randomUuid } from '../base/random.ts'
import type { TaskGroup } from '../base/task-group.ts'
import { nodeIdOf } from '../catalog/brokers.ts'
import { openCluster } from '../catalog/cluster.ts'
import { drawNumbers } from '../catalog/counters.ts'
import type { FleetDatabase } from '../catalog/fleet-database.ts'
import { groupsOfObjects, readTail, type Tail } from '../catalog/tail.ts'
import { timedDatabase } from '../catalog/timed-database.ts'
import type { Config } from '../config/options.ts'
import { DatabaseClock } from '../fleet/database-clock.ts'
import { guardedJournal } from '../journal/guarded-journal.ts'
import { ObjectJournal } from '../journal/object-journal.ts'
import { BrokerLog } from '../log/broker-log.ts'
import { FeedFollower } from '../log/feed-follower.ts'
import { InlineBudget, type InlineLimits } from '../log/inline-budget.ts'
import type { LowDeps } from '../log/open-lanes.ts'
import { StoredRuns } from '../log/stored-runs.ts'
import { BucketHealth } from './bucket-health.ts'
import { CatalogWitness } from './catalog-witness.ts'
import { claimPrefix } from './claim-prefix.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { Storage } from './storage.ts'
import { bucketTry } from './try-bucket.ts'
import type { FleetWorld, World } from './world.ts'

export interface FleetStorage extends Storage {
  /** The database's, for all that brokers write for one another. */
  readonly clock: DatabaseClock
  readonly database: FleetDatabase
  readonly follower: FeedFollower
  readonly bucket: BucketHealth
  /** The journal as the feed tells it of others' groups. */
  readonly objectJournal: ObjectJournal
  /** Of what travels in commits. */
  readonly inlineBudget: InlineBudget
  /** The id that the broker's name keeps. */
  readonly nodeId: number
}

/** A put and its retries; past it the group is refused, and its claim makes that certain. */
const writeDeadlineMs = 10_000
/** Groups that are stored, or being stored, and not committed: far more than a slow put holds back. */
const sealedGroupsMax = 1_000
/** Their bytes, at 100 MB/s behind a put that takes two seconds. */
const sealedBytesMax = 256 * 1024 * 1024
/** Far more than a packer that works leaves at 8 MB/s, and what a database carries without trouble. */
const unpackedInlineBytesMax = 256 * 1024 * 1024
/** From one look at the feed to the next, while something happens and while nothing does. */
const pollMs = 25
const idlePollMs = 200

/**
 * @throws Failure 'conflict': the bucket's prefix is another cluster's. 'invalid': a URL or a right;
 *   the message says which. 'unavailable': bucket or database do not answer.
 */
export async function openFleetStorage(
  config: Config,
  machine: World,
  fleet: FleetWorld,
  metrics: BrokerMetrics,
  tasks: TaskGroup,
): Promise<FleetStorage> {
  const { random, log } = machine
  const clock = new DatabaseClock(machine.clock, log.child({ part: 'clock' }))
  const world = { ...machine, clock }
  const witness = new CatalogWitness({
    ...{ clock, log: log.child({ part: 'catalog' }) },
    openDatabase: () => fleet.openDatabase(),
    ended: (failure) => tasks.fail('catalog', failure),
  })
  const opened = await fleet.openDatabase((tx) => witness.accept(tx))
  tasks.defer('catalog', () => opened.close())
  const commits = new Outage(clock, 'the catalog takes nothing', commitOutageMs)
  const database = timedFleet(opened, clock, metrics, commits)
  await database.databaseMs() // from here on the clock is the database's
  const objectMetrics = new ObjectStoreMetrics()
  const objects = await fleet.openObjects((operation) => objectMetrics.seen(operation))
  tasks.defer('objects', () => objects.close())
  const freshId = Buffer.from(randomUuid(random)).toString('base64url')
  const { clusterId, leaderEpoch } = await openCluster(database, freshId)
  await claimPrefix(objects, clusterId, fleet.place)
  const name = config['broker.name']
  if (name === undefined) throw new Failure('invalid', 'a broker of a fleet needs --name')
  const nodeId = await nodeIdOf(database, name)
  // One of the process and its standard lane, and one of the lane `low`.
  const incarnation = await drawNumbers(database, 'broker.incarnation', 2)
  await witness.refuseReused(objects, clusterId, incarnation)
  const follower = new FeedFollower({
    ...{ database, clock, pollMs, idlePollMs },
    log: log.child({ part: 'feed' }),
  })
  await follower.begin()
  const tail = await readTail(database)
  const bucket = new BucketHealth(clock, bucketTry(objects, nodeId))
  const held = { database, objects, clusterId, incarnation, nodeId, tail, follower, bucket }
  const { objectJournal, journal, logs, inlineBudget } = openLogs(config, world, held, metrics)
  tasks.defer('journal', () => journal.close())
  tasks.defer('logs', () => logs.close())
  witness.watch({ clusterId, leaderEpoch, incarnation, index: logs.index })
  return {
    ...{ clusterId, leaderEpoch, incarnation, database, journal, objectJournal, objects, logs },
    ...{ clock, bucket, follower, nodeId, inlineBudget },
    samples: () => [
      ...objectMetrics.samples(),
      ...feedSamples(follower),
      ...inlineSamples(inlineBudget),
      ['karst_clock_difference_seconds', [[[], clock.differenceMs() / 1_000]]],
    ],
    space: { full: undefined },
    lack: () => lackOf(commits.told(), bucket.told(), clock.told()),
    volume: async () => ({ folder: fleet.place, totalBytes: -1, freeBytes: -1 }),
  }
}

function lackOf(...told: readonly (string | undefined)[]): string | undefined {
  const all = told.filter((each) => each !== undefined)
  return all.length === 0 ? undefined : all.join('; ')
}

/** What is written and read, over the bucket and the catalog. */
function openLogs(
  config: Config,
  { clock, log }: World,
  held: {
    readonly database: FleetDatabase
    readonly objects: ObjectStore
    readonly clusterId: string
    readonly incarnation: number
    readonly nodeId: number
    readonly tail: Tail
    readonly follower: FeedFollower
    readonly bucket: BucketHealth
  },
  metrics: BrokerMetrics,
): Pick<FleetStorage, 'objectJournal' | 'journal' | 'logs' | 'inlineBudget'> {
  const { database, objects, clusterId, incarnation, nodeId, tail, follower, bucket } = held
  const objectJournal = new ObjectJournal({
    ...{ objects, clusterId, clock, database, brokerId: nodeId },
    writeTimeoutMs: writeDeadlineMs,
    known: groupsOfObjects(tail.groups),
    cacheBytes: config['journal.cache.bytes'],
  })
  const journal = guardedJournal(
    objectJournal,
    {
      check: () => bucket.began(),
      failed: async (error) => {
        bucket.failed(error)
        metrics.journalFailed()
      },
      written: ({ byteLength, runs }, ms) => {
        bucket.written()
        metrics.journalWritten(ms, byteLength, runs.length)
      },
    },
    clock,
  )
  const inlineBudget = new InlineBudget(
    clock,
    inlineLimits(config),
    () => objectJournal.inlineBytes,
  )
  const low = lowLane(config, incarnation + 1, () => database.announce())
  const groupBytesMax = config['journal.inline.max.bytes']
  const logs = new BrokerLog({
    ...{ incarnation, database, journal, clock },
    blockSource: new StoredRuns({ journal, objects, clusterId }),
    log: log.child({ part: 'log' }),
    laneLimits: {
      groupBytesMax: config['journal.group.bytes'],
      groupBatchesMax: config['journal.group.batches'],
      flightsMax: sealedGroupsMax,
      writesMax: config['journal.put.inflight'],
      sealedBytesMax,
      lingerMs: config['journal.linger.ms.max'],
      earlyBytesMax: 0,
      writeDeadlineMs,
      queuedBytesMax: 2 * config['produce.memory.bytes'],
    },
    inline: { budget: inlineBudget, groupBytesMax, low },
    tailCacheBytes: config['tail.cache.bytes'],
    blockCacheBytes: config['block.cache.bytes'],
    storageReadsMax: 64,
    catchUp: () => follower.catchUp(),
    decided: (group) => objectJournal.decided(group),
  })
  logs.load(tail)
  return { objectJournal, journal, logs, inlineBudget }
}

function inlineLimits(config: Config): InlineLimits {
  return {
    bytesPerSecond: config['journal.inline.bytes.per.second'],
    totalBytesPerSecond: config['journal.inline.total.bytes.per.second'],
    unpackedBytesMax: unpackedInlineBytesMax,
  }
}

const lowLane = (config: Config, incarnation: number, announce: () => void): LowDeps => ({
  ...{ incarnation, announce },
  lingerMs: config['journal.inline.linger.ms'],
  groupBytesMax: config['journal.inline.low.max.bytes'],
})

/** What people do to the cluster: they ask another broker next, which shall know. */
const announced: ReadonlySet<string> = new Set([
  'create topic',
  'delete topic',
  'grow topic',
  'configure topic',
  'change resource configs',
  'change client quotas',
  'delete records',
])

/** Until others have mostly heard of an announcement, with their look at the feed. */
const heardMs = 40

function feedSamples({ stats }: FeedFollower): Samples[] {
  const one = (value: number): Sample[] => [[[], value]]
  return [
    ['karst_feed_polls_total', one(stats.polls)],
    ['karst_feed_groups_total', one(stats.groups)],
    ['karst_feed_changes_total', one(stats.changes)],
    ['karst_feed_resets_total', one(stats.resets)],
    ['karst_feed_last_poll_seconds', one(stats.lastMs / 1_000)],
  ]
}

function inlineSamples(budget: InlineBudget): Samples[] {
  const { stats, unpackedBytes } = budget
  const one = (value: number): Sample[] => [[[], value]]
  return [
    ['karst_inline_groups_total', one(stats.groups)],
    ['karst_inline_bytes_total', one(stats.bytes)],
    ['karst_inline_refused_total', one(stats.refused)],
    ['karst_inline_unpacked_bytes', one(unpackedBytes)],
  ]
}

const commitNames: ReadonlySet<string> = new Set(['commit-groups', 'commit-low'])
/** Rows that others hold make single commits fail. */
const commitOutageMs = 1_000

async function watched<Result>(commit: Promise<Result>, commits: Outage): Promise<Result> {
  try {
    const result = await commit
    commits.ended()
    return result
  } catch (error) {
    commits.failed(error)
    throw error
  }
}

function timedFleet(
  database: FleetDatabase,
  clock: DatabaseClock,
  metrics: BrokerMetrics,
  commits: Outage,
): FleetDatabase {
  const timed = timedDatabase(database, clock, (name, kind, ms) =>
    metrics.catalogTook(name, kind, ms),
  )
  return {
    async transaction(name, body) {
      const running = timed.transaction(name, body)
      const result = await (commitNames.has(name) ? watched(running, commits) : running)
      if (announced.has(name)) {
        database.announce()
        await sleep(clock, heardMs)
      }
      return result
    },
    snapshot: (name, body) => timed.snapshot(name, body),
    changes: (since, tables, limit) => database.changes(since, tables, limit),
    announce: () => database.announce(),
    onAnnounced: (listener) => database.onAnnounced(listener),
    databaseMs: () => clock.asking(() => database.databaseMs()),
    close: () => database.close(),
  }
}
