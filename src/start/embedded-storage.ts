/** Storage of one machine: a folder with a journal, objects, and the catalog in SQLite. */
import type { BrokerMetrics } from '../admin/metrics.ts'
import { randomUuid } from '../base/random.ts'
import type { TaskGroup } from '../base/task-group.ts'
import { openCluster } from '../catalog/cluster.ts'
import { drawNumbers } from '../catalog/counters.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { observedDatabase } from '../catalog/observed-database.ts'
import { groupsWithBytes, readTail, type Tail } from '../catalog/tail.ts'
import { timedDatabase } from '../catalog/timed-database.ts'
import type { Config } from '../config/options.ts'
import { DiskSpace } from '../disk/disk-space.ts'
import { openDiskJournal } from '../journal/disk-journal.ts'
import { guardedJournal } from '../journal/guarded-journal.ts'
import type { Journal } from '../journal/journal.ts'
import { BrokerLog } from '../log/broker-log.ts'
import { StoredRuns } from '../log/stored-runs.ts'
import { DiskObjectStore } from '../objects/disk-object-store.ts'
import type { Storage } from './storage.ts'
import type { World } from './world.ts'

const mebibyte = 1024 * 1024

/**
 * Below it a group's judgement takes as long as a part of its write; of larger ones the write takes
 * so long that other transactions would wait for it.
 */
const earlyGroupBytesMax = mebibyte / 2

/** @throws Failure 'conflict': the folder is in use. 'invalid': written by a newer release. */
export async function openEmbeddedStorage(
  config: Config,
  world: World,
  metrics: BrokerMetrics,
  tasks: TaskGroup,
): Promise<Storage> {
  const { clock, random, disk } = world
  const folder = config['data.dir']
  await disk.makeFolder(folder)
  const space = diskSpace(config, world)
  await space.makeRoom()
  const opened = await world.openDatabase(folder)
  tasks.defer('catalog', () => opened.close())
  const timed = timedDatabase(opened, clock, (name, kind, ms) =>
    metrics.catalogTook(name, kind, ms),
  )
  // What fails there may fail for want of space.
  const database = observedDatabase(timed, (error) => space.failed(error, 'catalog'))
  const freshId = Buffer.from(randomUuid(random)).toString('base64url')
  const { clusterId, leaderEpoch } = await openCluster(database, freshId)
  const incarnation = await drawNumbers(database, 'broker.incarnation', 1)
  const tail = await readTail(database)
  const known = { database, clusterId, incarnation, tail, space, metrics }
  const journal = await openJournal(config, world, known)
  tasks.defer('journal', () => journal.close())
  const objects = new DiskObjectStore({ disk, folder: `${folder}/objects` })
  tasks.defer('objects', () => objects.close())
  const logs = new BrokerLog({
    incarnation,
    database,
    journal,
    blockSource: new StoredRuns({ journal, objects, clusterId }),
    clock,
    log: world.log.child({ part: 'log' }),
    laneLimits: {
      groupBytesMax: config['journal.group.bytes'],
      groupBatchesMax: config['journal.group.batches'],
      flightsMax: 1,
      earlyBytesMax: earlyGroupBytesMax,
      writeDeadlineMs: 10_000,
      queuedBytesMax: 2 * config['produce.memory.bytes'],
    },
    tailCacheBytes: config['tail.cache.bytes'],
    blockCacheBytes: config['block.cache.bytes'],
    storageReadsMax: 16,
  })
  logs.load(tail)
  tasks.defer('logs', () => logs.close())
  space.start()
  tasks.defer('disk space', () => space.close())
  const volume = (): ReturnType<Storage['volume']> => disk.volume(folder)
  const parts = { clusterId, leaderEpoch, incarnation, database, journal, objects, logs }
  return { ...parts, space, volume, lack: () => space.full, samples: () => [] }
}

function diskSpace(config: Config, { disk, clock, log }: World): DiskSpace {
  return new DiskSpace({
    disk,
    folder: config['data.dir'],
    clock,
    log: log.child({ part: 'disk' }),
    reserveBytes: config['disk.reserve.bytes'],
    resumeBytes: config['disk.free.min.bytes'] + config['journal.file.bytes'],
  })
}

/** As the catalog knows it. */
async function openJournal(
  config: Config,
  { clock, disk, log }: World,
  parts: {
    readonly database: CatalogDatabase
    readonly clusterId: string
    readonly incarnation: number
    readonly tail: Tail
    readonly space: DiskSpace
    readonly metrics: BrokerMetrics
  },
): Promise<Journal> {
  const { database, clusterId, incarnation, tail, space, metrics } = parts
  const opened = await openDiskJournal({
    disk,
    folder: `${config['data.dir']}/journal`,
    clusterId: Buffer.from(clusterId, 'base64url'),
    known: groupsWithBytes(tail).map(({ groupNumber, incarnation: by, ...place }) => {
      return { ...place, id: { incarnation: by, groupNumber } }
    }),
    liveObjects: tail.journalObjects,
    brokerIncarnation: incarnation,
    nextIncarnation: async () => (await drawNumbers(database, 'journal.file', 1)) + 1,
    log: log.child({ part: 'journal' }),
    fileBytes: config['journal.file.bytes'],
    freeBytesMin: config['disk.free.min.bytes'],
    // A group that is not full yet takes one more batch, of at most a file.
    groupBytesMax: config['journal.group.bytes'] + config['journal.file.bytes'] + 16 * mebibyte,
  })
  const guard = {
    check: () => space.check(),
    failed: (error: unknown) => {
      metrics.journalFailed()
      return space.failed(error, 'journal')
    },
    written: ({ byteLength, runs }: { byteLength: number; runs: readonly unknown[] }, ms: number) =>
      metrics.journalWritten(ms, byteLength, runs.length),
  }
  return guardedJournal(opened, guard, clock)
}
