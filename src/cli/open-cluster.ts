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
import { readOwner } from '../start/claim-prefix.ts'
import { DiskObjectStore } from '../objects/disk-object-store.ts'
import type { ObjectStore } from '../objects/object-store.ts'
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
  /** Where backups of the catalog are: beside the objects of a fleet, else in a folder of their own. */
  readonly backups: ObjectStore
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
export function withCluster<Result>(
  io: Pick<CommandIo, 'env' | 'readText'>,
  flags: Readonly<Record<string, unknown>>,
  mayChange: boolean,
  work: (cluster: OpenedCluster) => Promise<Result>,
): Promise<Result> {
  return withOpened(io, flags, mayChange ? 'change' : 'look', work)
}

/**
 * As `withCluster`, with a catalog that may be empty and is made where there is none. Whose cluster
 * it is, the store tells.
 *
 * @throws Failure 'not-found': the store is nobody's, or has no backup.
 */
export function withNewCatalog<Result>(
  io: Pick<CommandIo, 'env' | 'readText'>,
  flags: Readonly<Record<string, unknown>>,
  work: (cluster: OpenedCluster & { readonly database: CatalogDatabase }) => Promise<Result>,
): Promise<Result> {
  return withOpened(io, flags, 'found', (cluster) => {
    const { database } = cluster
    assert(database !== undefined, 'a catalog that may be made may be changed')
    return work({ ...cluster, database })
  })
}

/** To look only, to change what is there, or to make a catalog for a store that has lost its own. */
type Intent = 'look' | 'change' | 'found'

async function withOpened<Result>(
  io: Pick<CommandIo, 'env' | 'readText'>,
  flags: Readonly<Record<string, unknown>>,
  intent: Intent,
  work: (cluster: OpenedCluster) => Promise<Result>,
): Promise<Result> {
  const config = await configOf(io, flags)
  const tasks = new TaskGroup()
  try {
    const isFleet = config['storage.url'] !== undefined
    const open = isFleet ? openFleet : openFolder
    return await work(await open(config, tasks, intent))
  } finally {
    await tasks.stop()
  }
}

/** As brokers read it, but for what only they need. */
async function configOf(
  io: Pick<CommandIo, 'env' | 'readText'>,
  flags: Readonly<Record<string, unknown>>,
): Promise<Config> {
  return (await loadConfig({ ...flags, name: 'karst-tool' }, io)).config
}

async function openFleet(config: Config, tasks: TaskGroup, intent: Intent): Promise<OpenedCluster> {
  const { openPostgresDatabase } = await import('../catalog/postgres/database.ts')
  const { objects, place } = await openBucket(config)
  tasks.defer('objects', () => objects.close())
  const database = await openPostgresDatabase({
    url: config['catalog.url'] ?? '',
    clock: systemClock,
    log: silentLog,
    mustExist: intent !== 'found',
  })
  tasks.defer('catalog', () => database.close())
  const clusterId =
    intent === 'found'
      ? ownerOf(await readOwner(objects), place)
      : (await readCluster(database)).clusterId
  const groups = new FleetGroups(database, objects, clusterId)
  const databaseMs = (): Promise<number> => database.databaseMs()
  const shared = { clusterId, objects, place, groups, clock: systemClock, isFleet: true }
  return { ...shared, catalog: database, database, backups: objects, databaseMs }
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
  intent: Intent,
): Promise<OpenedCluster> {
  const folder = config['data.dir']
  const path = `${folder}/catalog.sqlite`
  if (intent !== 'found' && (await nodeDisk.stat(path)) === undefined) {
    throw new Failure(
      'invalid',
      `${folder} is no data folder of a broker: it has no catalog.sqlite`,
    )
  }
  const clock = systemClock
  const database = intent !== 'look' ? await openSqliteDatabase({ path, clock }) : undefined
  const catalog: CatalogReader = database ?? openSqliteReader({ path, clock })
  tasks.defer('catalog', () => catalog.close())
  const objects = new DiskObjectStore({ disk: nodeDisk, folder: `${folder}/objects` })
  tasks.defer('objects', () => objects.close())
  const files = new JournalFiles(nodeDisk, `${folder}/journal`)
  tasks.defer('journal', () => files.close())
  const backups = backupFolder(folder)
  tasks.defer('backups', () => backups.close())
  const clusterId =
    intent === 'found'
      ? ownerOf(await clusterOfBackups(backups), folder)
      : (await readCluster(catalog)).clusterId
  const groups = new EmbeddedGroups(files)
  const databaseMs = async (): Promise<number> => clock.nowMs()
  const shared = { clusterId, objects, place: folder, groups, clock, isFleet: false }
  return { ...shared, catalog, database, backups, databaseMs }
}

/** Apart from the objects, among which the broker alone writes. */
const backupFolder = (folder: string): ObjectStore =>
  new DiskObjectStore({ disk: nodeDisk, folder: `${folder}/backups` })

/** A folder has no marker; every key of a backup begins with the cluster's id. */
async function clusterOfBackups(backups: ObjectStore): Promise<string | undefined> {
  const [first] = await backups.list('', undefined, 1)
  return first?.key.split('/')[0]
}

function ownerOf(clusterId: string | undefined, place: string): string {
  if (clusterId !== undefined) return clusterId
  throw new Failure('not-found', `${place} holds nothing of any cluster: is it the right place?`)
}

/**
 * Backups alone, of a cluster whose catalog may be lost.
 *
 * @throws Failure 'not-found': the store is nobody's, or has no backup.
 */
export async function withBackups<Result>(
  io: Pick<CommandIo, 'env' | 'readText'>,
  flags: Readonly<Record<string, unknown>>,
  work: (opened: Pick<OpenedCluster, 'backups' | 'clusterId'>) => Promise<Result>,
): Promise<Result> {
  const config = await configOf(io, flags)
  const isFleet = config['storage.url'] !== undefined
  const folder = config['data.dir']
  const { objects: backups, place } = isFleet
    ? await openBucket(config)
    : { objects: backupFolder(folder), place: folder }
  try {
    const owner = isFleet ? await readOwner(backups) : await clusterOfBackups(backups)
    return await work({ backups, clusterId: ownerOf(owner, place) })
  } finally {
    await backups.close()
  }
}
