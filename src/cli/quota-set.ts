/** `karst quota set`. */
import { alterQuotasOf } from '../client/quota-admin.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { keyValuesOf } from './key-values.ts'
import {
  checkQuota,
  entityFlags,
  entityName,
  neededEntity,
  quotaHelp,
} from './quota-entity-flags.ts'
import { jsonText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  ...entityFlags,
  'dry-run': { kind: 'switch', doc: 'Only ask whether the change would be accepted' },
  ...jsonFlag,
  ...clientFlags,
} as const

export const quotaSet: Command = {
  name: 'set',
  summary: 'Set quotas of a user, a client id or an address',
  help: formatHelp({
    usage: 'quota set NAME=VALUE… [FLAGS]',
    about:
      'Sets quotas, at once and also for clients that are connected; others that the entity has\n' +
      `stay. Each broker counts for itself. Bytes may end in KiB, MiB or GiB.\n\n${quotaHelp}`,
    flags: flagTable,
    examples: [
      ['quota set producer_byte_rate=10MiB --client-id loader', 'what loader may send'],
      ['quota set consumer_byte_rate=1MiB request_percentage=20 --default-client-id', 'for all'],
      ['quota set connection_creation_rate=10 --ip 10.0.0.7', 'connections a second'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length === 0) throw new UsageError('needs a NAME=VALUE')
    const entity = neededEntity(flags)
    const given = Object.entries(keyValuesOf('quota', words))
    const quotas = Object.fromEntries(given.map(([name, text]) => [name, numberOf(name, text)]))
    for (const [name, value] of Object.entries(quotas)) checkQuota(entity, name, value)
    return withClient(io, flags.bootstrap, async (client) => {
      const isDry = flags['dry-run']
      await alterQuotasOf(client, entity, quotas, isDry)
      const done = isDry ? 'could set' : 'set'
      const text = `${done} ${Object.keys(quotas).join(', ')} of ${entityName(entity)}\n`
      io.out(flags.json ? jsonText({ entity, quotas, dryRun: isDry }) : text)
      return exitCode.ok
    })
  },
}

const factors: Readonly<Record<string, number>> = {
  '': 1,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}

function numberOf(name: string, text: string): number {
  const [, digits, suffix = ''] = /^(\d+(?:\.\d+)?)(KiB|MiB|GiB)?$/.exec(text) ?? []
  const isBytes = name.endsWith('_byte_rate')
  if (digits === undefined || (suffix !== '' && !isBytes)) {
    throw new UsageError(`${name}=${text}: must be a number${isBytes ? ', such as 10MiB' : ''}`)
  }
  return Number(digits) * (factors[suffix] ?? 1)
}
