/** `karst catalog`: the family of commands on the catalog of a cluster. */
import { type Command, exitCode } from './command.ts'

export const catalog: Command = {
  name: 'catalog',
  summary: 'Back up the catalog of a cluster, and bring it back',
  help: '',
  front: {
    name: 'karst catalog',
    about:
      'The catalog of a fleet (--storage URL --catalog URL), or of a data folder (--data DIR).\n' +
      'docs/runbooks/catalog-backup.md tells what to do when a catalog is lost.',
    commands: {
      backup: async () => (await import('./catalog-backup.ts')).catalogBackup,
      backups: async () => (await import('./catalog-backups.ts')).catalogBackups,
      restore: async () => (await import('./catalog-restore.ts')).catalogRestore,
      rescue: async () => (await import('./catalog-rescue.ts')).catalogRescue,
    },
  },
  run: () => Promise.resolve(exitCode.usage),
}
