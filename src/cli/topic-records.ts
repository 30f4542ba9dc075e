/** `karst topic records`: what is done with the records of topics. */
import { type Command, exitCode } from './command.ts'

export const topicRecords: Command = {
  name: 'records',
  summary: 'Delete the oldest records of topics',
  help: '',
  front: {
    name: 'karst topic records',
    about: 'Records of topics of any Kafka cluster. To read and write: karst consume, produce.',
    commands: {
      delete: async () => (await import('./topic-records-delete.ts')).topicRecordsDelete,
    },
  },
  run: () => Promise.resolve(exitCode.usage),
}
