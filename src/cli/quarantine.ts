/** `karst quarantine`: the family of commands on records that broke their contract. */
import { type Command, exitCode } from './command.ts'

export const quarantine: Command = {
  name: 'quarantine',
  summary: 'List, show, release and drop records that broke their contract',
  help: '',
  front: {
    name: 'karst quarantine',
    about: [
      'Under a contract with onViolation: quarantine, records that break it are set aside in a',
      'topic of their own. They are looked at, written back once they are right, or dropped.',
    ].join('\n'),
    commands: {
      list: async () => (await import('./quarantine-list.ts')).quarantineList,
      show: async () => (await import('./quarantine-show.ts')).quarantineShow,
      release: async () => (await import('./quarantine-release.ts')).quarantineRelease,
      drop: async () => (await import('./quarantine-drop.ts')).quarantineDrop,
    },
  },
  run: () => Promise.resolve(exitCode.usage),
}
