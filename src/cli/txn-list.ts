/** `karst txn list`. */
import { listTransactionsOf } from '../client/transaction-admin.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { integerOf } from './key-values.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  state: {
    kind: 'values',
    shape: 'STATE',
    doc: 'Only in this state, such as Ongoing; may be given more than once',
  },
  'producer-id': {
    kind: 'values',
    shape: 'N',
    doc: 'Only of this producer; may be given more than once',
  },
  'older-than-ms': { kind: 'value', shape: 'N', doc: 'Only open for longer, in milliseconds' },
  ...jsonFlag,
  ...clientFlags,
} as const

export const txnList: Command = {
  name: 'list',
  summary: 'List transactional ids and the states of their transactions',
  help: formatHelp({
    usage: 'txn list [FLAGS]',
    about:
      'Lists the transactional ids that all brokers know. Ongoing is a transaction that is\n' +
      'open: readers of committed records wait behind it.',
    flags: flagTable,
    examples: [
      ['txn list', 'all of them'],
      ['txn list --state Ongoing --older-than-ms 60000', 'open for more than a minute'],
      ['txn list --json', 'for a program'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    const older = flags['older-than-ms']
    const filter = {
      states: flags.state,
      producerIds: flags['producer-id'].map((text) => integerOf('--producer-id', text, 0)),
      olderThanMs: older === undefined ? -1 : integerOf('--older-than-ms', older, 0),
    }
    return withClient(io, flags.bootstrap, async (client) => {
      const found = (await listTransactionsOf(client, filter)).toSorted((a, b) =>
        a.transactionalId < b.transactionalId ? -1 : 1,
      )
      const rows = found.map((each) => [each.transactionalId, each.producerId, each.state])
      const columns = ['TRANSACTIONAL-ID', 'PRODUCER', 'STATE']
      io.out(flags.json ? jsonText(found) : tableText(columns, rows, io.terminal))
      return exitCode.ok
    })
  },
}
