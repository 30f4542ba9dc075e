/** `karst catalog backups`. */
import type { BackupManifest } from '../backup/backup-manifest.ts'
import { listBackups } from '../backup/catalog-backup.ts'
import { formatIsoTime } from '../base/iso-time.ts'
import { jsonFlag } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { clusterFlags, withBackups } from './open-cluster.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

interface BackupRow {
  readonly backupId: string
  readonly made: string
  readonly parts: number
  readonly rows: number
  readonly bytes: number
}

export function backupRow({ backupId, createdMs, parts }: BackupManifest): BackupRow {
  const rows = parts.reduce((sum, part) => sum + part.rows, 0)
  const bytes = parts.reduce((sum, part) => sum + part.bytes, 0)
  return { backupId, made: formatIsoTime(createdMs), parts: parts.length, rows, bytes }
}

export const catalogBackups: Command = {
  name: 'backups',
  summary: 'List backups of the catalog, the newest first',
  help: formatHelp({
    usage: 'catalog backups [--storage URL --catalog URL | --data DIR] [FLAGS]',
    about: [
      'Lists the backups that are whole. The catalog itself may be lost. Where one cannot be read',
      'it says so, and exits with 1.',
    ].join('\n'),
    flags: { ...jsonFlag, ...clusterFlags },
    examples: [['catalog backups --data /var/lib/karst', 'those of one broker']],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags({ ...jsonFlag, ...clusterFlags }, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    return withBackups(io, flags, async ({ backups, clusterId }) => {
      const { whole, unreadable } = await listBackups({ objects: backups, clusterId })
      const found = whole.map(backupRow)
      const rows = found.map((each) => [
        each.backupId,
        each.made,
        each.parts,
        each.rows,
        each.bytes,
      ])
      const columns = ['BACKUP', 'MADE', 'PARTS', 'ROWS', 'BYTES']
      io.out(flags.json ? jsonText(found) : tableText(columns, rows, io.terminal))
      for (const { message } of unreadable) io.err(`${message}\n`)
      return unreadable.length === 0 ? exitCode.ok : exitCode.failure
    })
  },
}
