/** `karst group list`. */
import { listGroupsOf } from '../client/consumer-group.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = { ...jsonFlag, ...clientFlags } as const

export const groupList: Command = {
  name: 'list',
  summary: 'List consumer groups and their states',
  help: formatHelp({
    usage: 'group list [FLAGS]',
    about: 'Lists the groups of all brokers. An Empty group has offsets and no members.',
    flags: flagTable,
    examples: [
      ['group list', 'all groups'],
      ['group list --json', 'for a program'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    return withClient(io, flags.bootstrap, async (client) => {
      const groups = (await listGroupsOf(client)).toSorted((a, b) =>
        a.groupId < b.groupId ? -1 : 1,
      )
      const rows = groups.map((each) => [
        each.groupId,
        each.state || null,
        each.type || null,
        each.protocolType || null,
      ])
      const columns = ['GROUP', 'STATE', 'TYPE', 'PROTOCOL']
      io.out(flags.json ? jsonText(groups) : tableText(columns, rows, io.terminal))
      return exitCode.ok
    })
  },
}
