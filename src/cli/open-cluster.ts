/**
 * What tools work on that go past the brokers: the catalog and the store of a cluster, by the
 * options that its brokers have.
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import { silentLog } from '../base/log.ts'
import { systemClock } from '../base/system-clock.ts'
import { systemRandom } from '../base/system-random.ts'
import { TaskGroup } from '../base/task-group.ts'
import { readCluster } from '../catalog/cluster.ts'
import type { CatalogDatabase, CatalogReader } from '../catalog/database.ts'
import { openSqliteDatabase } from '../catalog/sqlite-database.ts'
import { openSqliteReader } from '../catalog/sqlite-reader.ts'
import type { Config } from '../config/options.ts'
import { parseStorageUrl } from '../config/storage-url.ts'
import { nodeDisk } from '../disk/node-disk.ts'
import { EmbeddedGroups, FleetGroups } from '../doctor/group-sources.ts'
import type { Patient } from '../doctor/patient.ts'
import { JournalFiles } from '../journal/journal-files.ts'
import { DiskObjectStore } from '../objects/disk-object-store.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { bootstrapVariable } from './client-flags.ts'
import { configFlags, loadConfig } from './config-flags.ts'
import type { CommandIo } from './command.ts'
import type { Flag, Flags } from './flags.ts'

/** Those of the options that say where a cluster is. */
export const clusterFlags: Flags = Object.fromEntries(
  ['storage', 'catalog', 'data', 'config'].map((name) => [name, configFlags[name] as Flag]),
)

export interface OpenedCluster extends Patient {
  /** Where changes were asked for. */
  readonly database: CatalogDatabase | undefined
  /** The database's time, which ages are counted by. */
  readonly databaseMs: () => Promise<number>
}

/**
 * Opens catalog and store for `work`, and closes them. Nothing is founded or changed. Without
 * `mayChange` brokers may run, also on a folder.
 *
 * @throws UsageError the options are wrong. Failure 'invalid': there is no cluster. 'conflict': a
 *   broker uses the folder. 'unavailable'.
 */
export async function withCluster<Result>(
  io: Pick<CommandIo, 'env' | 'readText'>,
  flags: Readonly<Record<string, unknown>>,
  mayChange: boolean,
  work: (cluster: OpenedCluster) => Promise<Result>,
): Promise<Result> {
  const env = { ...io.env, [bootstrapVariable]: undefined }
  const { config } = await loadConfig({ ...flags, name: 'karst-tool' }, { ...io, env })
  const tasks = new TaskGroup()
  try {
    const isFleet = config['storage.url'] !== undefined
    return await work(
      isFleet ? await openFleet(config, tasks) : await openFolder(config, tasks, mayChange),
    )
  } finally {
    await tasks.stop()
  }
}

async function openFleet(config: Config, tasks: TaskGroup): Promise<OpenedCluster> {
  const { openPostgresDatabase } = await import('../catalog/postgres/database.ts')
  const { objects, place } = await openBucket(config)
  tasks.defer('objects', () => objects.close())
  const database = await openPostgresDatabase({
    url: config['catalog.url'] ?? '',
    clock: systemClock,
    log: silentLog,
    mustExist: true,
  })
  tasks.defer('catalog', () => database.close())
  const { clusterId } = await readCluster(database)
  const groups = new FleetGroups(database, objects, clusterId)
  const databaseMs = (): Promise<number> => database.databaseMs()
  const shared = { clusterId, objects, place, groups, clock: systemClock, isFleet: true }
  return { ...shared, catalog: database, database, databaseMs }
}

/** The bucket that the options name; nothing is asked of it yet. */
async function openBucket(
  config: Config,
): Promise<{ readonly objects: ObjectStore; readonly place: string }> {
  const read = parseStorageUrl(config['storage.url'] ?? '')
  assert(read.ok, 'the option was checked when it was read')
  const { openS3ObjectStore } = await import('../objects/s3/open-s3-object-store.ts')
  const place = [read.url.bucket, read.url.prefix].filter((part) => part !== '').join('/')
  const [clock, random] = [systemClock, systemRandom]
  const objects = await openS3ObjectStore({ url: read.url, clock, random, log: silentLog })
  return { objects, place: `s3://${place}` }
}

async function openFolder(
  config: Config,
  tasks: TaskGroup,
  mayChange: boolean,
): Promise<OpenedCluster> {
  const folder = config['data.dir']
  const path = `${folder}/catalog.sqlite`
  if ((await nodeDisk.stat(path)) === undefined) {
    throw new Failure(
      'invalid',
      `${folder} is no data folder of a broker: it has no catalog.sqlite`,
    )
  }
  const clock = systemClock
  const database = mayChange ? await openSqliteDatabase({ path, clock }) : undefined
  const catalog: CatalogReader = database ?? openSqliteReader({ path, clock })
  tasks.defer('catalog', () => catalog.close())
  const objects = new DiskObjectStore({ disk: nodeDisk, folder: `${folder}/objects` })
  tasks.defer('objects', () => objects.close())
  const files = new JournalFiles(nodeDisk, `${folder}/journal`)
  tasks.defer('journal', () => files.close())
  const { clusterId } = await readCluster(catalog)
  const groups = new EmbeddedGroups(files)
  const databaseMs = async (): Promise<number> => clock.nowMs()
  const shared = { clusterId, objects, place: folder, groups, clock, isFleet: false }
  return { ...shared, catalog, database, databaseMs }
}
