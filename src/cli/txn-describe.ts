/** `karst txn describe`. */
import { formatIsoTime } from '../base/iso-time.ts'
import { describeTransaction, type TransactionInfo } from '../client/transaction-admin.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = { ...jsonFlag, ...clientFlags } as const

export const txnDescribe: Command = {
  name: 'describe',
  summary: 'Show the transaction of a transactional id: producer, state, since when, where',
  help: formatHelp({
    usage: 'txn describe TRANSACTIONAL-ID… [FLAGS]',
    about:
      'Shows who uses a transactional id, and what its transaction has written to. Exit code 1\n' +
      'when there is no such id.',
    flags: flagTable,
    examples: [
      ['txn describe orders-1', 'one of them'],
      ['txn describe orders-1 orders-2 --json', 'two, for a program'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length === 0) throw new UsageError('needs a TRANSACTIONAL-ID')
    return withClient(io, flags.bootstrap, async (client) => {
      const found: TransactionInfo[] = []
      for (const id of words) found.push(await describeTransaction(client, id))
      const columns = ['TRANSACTIONAL-ID', 'PRODUCER', 'EPOCH', 'STATE', 'TIMEOUT-MS', 'SINCE']
      const rows = found.map((each) => [
        each.transactionalId,
        each.producerId,
        each.producerEpoch,
        each.state,
        each.timeoutMs,
        each.startedMs === null ? null : formatIsoTime(each.startedMs),
        each.partitions.map(({ topic, partition }) => `${topic}:${partition}`).join(',') || null,
      ])
      const table = (): string => tableText([...columns, 'PARTITIONS'], rows, io.terminal)
      io.out(flags.json ? jsonText(found) : table())
      return exitCode.ok
    })
  },
}
