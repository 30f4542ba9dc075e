/** `karst group`: the family of commands on consumer groups. */
import { type Command, exitCode } from './command.ts'

export const group: Command = {
  name: 'group',
  summary: 'List, describe and reset consumer groups',
  help: '',
  front: {
    name: 'karst group',
    about: 'Consumer groups of any Kafka cluster, by default of a broker on 127.0.0.1:9092.',
    commands: {
      list: async () => (await import('./group-list.ts')).groupList,
      describe: async () => (await import('./group-describe.ts')).groupDescribe,
      reset: async () => (await import('./group-reset.ts')).groupReset,
    },
  },
  run: () => Promise.resolve(exitCode.usage),
}
