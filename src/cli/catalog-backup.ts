/** `karst catalog backup`. */
import { backUp, dropOldBackups } from '../backup/catalog-backup.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { backupRow } from './catalog-backups.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { integerOf } from './key-values.ts'
import { clusterFlags, withCluster } from './open-cluster.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const own = {
  keep: { kind: 'value', shape: 'N', doc: 'Delete all but the newest N afterwards (keep all)' },
  ...jsonFlag,
} as const

export const catalogBackup: Command = {
  name: 'backup',
  summary: 'Copy the catalog beside the objects of the cluster',
  help: formatHelp({
    usage: 'catalog backup [--storage URL --catalog URL | --data DIR] [FLAGS]',
    about: [
      'Copies the whole catalog, as of one moment, into the bucket of the fleet, or into the',
      'folder DIR/backups. Brokers may run. Those of a fleet do it by themselves, see',
      'catalog.backup.interval.ms.',
    ].join('\n'),
    flags: { ...own, ...clusterFlags },
    examples: [
      ['catalog backup --data /var/lib/karst', 'the catalog of one broker'],
      [
        'catalog backup --storage s3://lake/karst --catalog postgres://karst@db/karst --keep 24',
        'that of a fleet, and drop older ones',
      ],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags({ ...own, ...clusterFlags }, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    const keep = flags.keep === undefined ? undefined : integerOf('--keep', flags.keep, 1)
    return withCluster(io, flags, false, async ({ catalog, backups, clusterId, databaseMs }) => {
      const place = { objects: backups, clusterId }
      const made = await backUp(catalog, place, await databaseMs())
      const dropped = keep === undefined ? 0 : await dropOldBackups(place, keep)
      if (flags.json) io.out(jsonText({ ...backupRow(made), dropped }))
      else {
        const { backupId, parts, rows, bytes } = backupRow(made)
        io.out(
          tableText(
            ['BACKUP', 'PARTS', 'ROWS', 'BYTES'],
            [[backupId, parts, rows, bytes]],
            io.terminal,
          ),
        )
      }
      return exitCode.ok
    })
  },
}
