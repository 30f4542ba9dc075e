/** `karst quota`: the family of commands on quotas of clients. */
import { type Command, exitCode } from './command.ts'

export const quota: Command = {
  name: 'quota',
  summary: 'List, set and delete quotas of clients',
  help: '',
  front: {
    name: 'karst quota',
    about: 'Quotas of clients of any Kafka cluster, by default of a broker on 127.0.0.1:9092.',
    commands: {
      list: async () => (await import('./quota-list.ts')).quotaList,
      set: async () => (await import('./quota-set.ts')).quotaSet,
      delete: async () => (await import('./quota-delete.ts')).quotaDelete,
    },
  },
  run: () => Promise.resolve(exitCode.usage),
}
