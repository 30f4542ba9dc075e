/** `karst quota list`. */
import { quotasOf } from '../client/quota-admin.ts'
import { entityTypes } from '../quota/quota-entity.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { entityFlags, entityOfFlags, quotaHelp } from './quota-entity-flags.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = { ...entityFlags, ...jsonFlag, ...clientFlags } as const

/** In place of a name. */
const defaultMark = '<default>'

export const quotaList: Command = {
  name: 'list',
  summary: 'List quotas, of all or of some',
  help: formatHelp({
    usage: 'quota list [FLAGS]',
    about:
      'Lists what is set, and on whom; with flags, only entities that have these parts. What\n' +
      `holds for a client is the most specific: its user before its client id.\n\n${quotaHelp}`,
    flags: flagTable,
    examples: [
      ['quota list', 'all quotas'],
      ['quota list --client-id loader', 'what is set on this client id, alone or with a user'],
      ['quota list --default-client-id --json', 'for a program'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    const filter = entityOfFlags(flags) ?? {}
    return withClient(io, flags.bootstrap, async (client) => {
      const found = await quotasOf(client, filter, false)
      const rows = found.flatMap(({ entity, quotas }) =>
        Object.entries(quotas).map(([name, value]) => [
          ...entityTypes.map((type) => (entity[type] === null ? defaultMark : entity[type])),
          name,
          value,
        ]),
      )
      const cells = rows.map((row) => row.map((cell) => cell ?? null))
      const columns = ['USER', 'CLIENT-ID', 'IP', 'QUOTA', 'VALUE']
      io.out(flags.json ? jsonText(found) : tableText(columns, cells, io.terminal))
      return exitCode.ok
    })
  },
}
