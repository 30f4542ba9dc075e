/** `karst catalog restore`. */
import { newestBackup, readManifest } from '../backup/catalog-backup.ts'
import { restore } from '../backup/catalog-restore.ts'
import { Failure } from '../base/errors.ts'
import { formatIsoTime } from '../base/iso-time.ts'
import { systemClock } from '../base/system-clock.ts'
import { rescueIn } from './catalog-rescue.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { clusterFlags, withNewCatalog } from './open-cluster.ts'
import { Progress } from './progress.ts'
import { UsageError } from './usage-error.ts'

export const catalogRestore: Command = {
  name: 'restore',
  summary: 'Bring a catalog back from a backup, and rescue what happened after it',
  help: formatHelp({
    usage: 'catalog restore [BACKUP] [--storage URL --catalog URL | --data DIR] [FLAGS]',
    about: [
      'Fills an empty catalog from a backup, the newest unless one is named, and then rescues it',
      'as karst catalog rescue does. Stop the brokers first. A restore that was cut off is begun',
      'again by the same command; until all of it is done no broker starts.',
      '',
      'An empty catalog is a database, or a schema of it (?schema=…), that holds nothing; or a',
      'data folder without its catalog.sqlite.',
    ].join('\n'),
    flags: { ...jsonFlag, ...clusterFlags },
    examples: [
      [
        'catalog restore --storage s3://lake/karst --catalog postgres://karst@db/karst',
        'the newest backup of the cluster in that bucket',
      ],
      ['catalog restore 20261129-084200-123 --data /var/lib/karst', 'an older one'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags({ ...jsonFlag, ...clusterFlags }, argv)
    const [wanted, ...others] = words
    if (others.length > 0) throw new UsageError(`takes one backup, got ${words.join(' ')}`)
    return withNewCatalog(io, flags, async (cluster) => {
      const { database, backups, clusterId, databaseMs } = cluster
      const place = { objects: backups, clusterId }
      const backupId = wanted ?? (await newestBackup(place))
      if (backupId === undefined) {
        throw new Failure('not-found', `cluster ${clusterId} has no backup in ${cluster.place}`)
      }
      const manifest = await readManifest(place, backupId)
      const made = formatIsoTime(manifest.createdMs)
      io.err(`restoring backup ${manifest.backupId}, made ${made}\n`)
      const progress = new Progress(systemClock, (text) => io.err(text))
      const { rows } = await restore(database, place, manifest, await databaseMs(), (text) =>
        progress.tell(text),
      )
      io.err(`${rows} rows restored\n`)
      await rescueIn(io, cluster, flags.json)
      return exitCode.ok
    })
  },
}
