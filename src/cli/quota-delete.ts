/** `karst quota delete`. */
import { Failure } from '../base/errors.ts'
import { alterQuotasOf, quotasOf } from '../client/quota-admin.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { checkQuota, entityFlags, entityName, neededEntity } from './quota-entity-flags.ts'
import { jsonText } from './table-text.ts'

const flagTable = {
  ...entityFlags,
  'dry-run': { kind: 'switch', doc: 'Only show what would be deleted' },
  ...jsonFlag,
  ...clientFlags,
} as const

export const quotaDelete: Command = {
  name: 'delete',
  summary: 'Delete quotas of a user, a client id or an address',
  help: formatHelp({
    usage: 'quota delete [NAME…] [FLAGS]',
    about:
      'Deletes the quotas that are named, or all of the entity. A default may hold in their\n' +
      'place. Exit code 1 when there is none of them.',
    flags: flagTable,
    examples: [
      ['quota delete producer_byte_rate --client-id loader', 'one quota'],
      ['quota delete --default-user', 'all that is set on each user'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const entity = neededEntity(flags)
    for (const name of words) checkQuota(entity, name, undefined)
    return withClient(io, flags.bootstrap, async (client) => {
      const [found] = await quotasOf(client, entity, true)
      const set = Object.keys(found?.quotas ?? {})
      const deleted = words.length === 0 ? set : set.filter((name) => words.includes(name))
      if (deleted.length === 0) {
        const what = words.length === 0 ? 'quotas' : words.join(', ')
        throw new Failure('not-found', `there are no ${what} of ${entityName(entity)}`)
      }
      const isDry = flags['dry-run']
      const change = Object.fromEntries(deleted.map((name) => [name, undefined]))
      await alterQuotasOf(client, entity, change, isDry)
      const done = isDry ? 'would delete' : 'deleted'
      const text = `${done} ${deleted.join(', ')} of ${entityName(entity)}\n`
      io.out(flags.json ? jsonText({ entity, deleted, dryRun: isDry }) : text)
      return exitCode.ok
    })
  },
}
