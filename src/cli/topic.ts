/** `karst topic`: the family of commands on topics. */
import { type Command, exitCode } from './command.ts'

export const topic: Command = {
  name: 'topic',
  summary: 'Create, list, describe, configure and delete topics and their records',
  help: '',
  front: {
    name: 'karst topic',
    about: 'Topics of any Kafka cluster, by default of a broker on 127.0.0.1:9092.',
    commands: {
      create: async () => (await import('./topic-create.ts')).topicCreate,
      list: async () => (await import('./topic-list.ts')).topicList,
      describe: async () => (await import('./topic-describe.ts')).topicDescribe,
      config: async () => (await import('./topic-config.ts')).topicConfig,
      records: async () => (await import('./topic-records.ts')).topicRecords,
      delete: async () => (await import('./topic-delete.ts')).topicDelete,
    },
  },
  run: () => Promise.resolve(exitCode.usage),
}
