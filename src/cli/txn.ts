/** `karst txn`: the family of commands on transactions. */
import { type Command, exitCode } from './command.ts'

export const txn: Command = {
  name: 'txn',
  summary: 'List, describe and abort transactions',
  help: '',
  front: {
    name: 'karst txn',
    about: 'Transactions of any Kafka cluster, by default of a broker on 127.0.0.1:9092.',
    commands: {
      list: async () => (await import('./txn-list.ts')).txnList,
      describe: async () => (await import('./txn-describe.ts')).txnDescribe,
      abort: async () => (await import('./txn-abort.ts')).txnAbort,
    },
  },
  run: () => Promise.resolve(exitCode.usage),
}
