/** `karst topic delete`. */
import { isRefusal } from '../client/refusal.ts'
import { deleteTopicsOf } from '../client/topic-admin.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { jsonText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  'if-exists': { kind: 'switch', doc: 'A topic that is not there is fine' },
  ...jsonFlag,
  ...clientFlags,
} as const

export const topicDelete: Command = {
  name: 'delete',
  summary: 'Delete topics with all their records',
  help: formatHelp({
    usage: 'topic delete NAME… [FLAGS]',
    about:
      'Deletes topics with all their records, at once and for good. Exit code 1 when one of\n' +
      'them could not be deleted; the others are.',
    flags: flagTable,
    examples: [
      ['topic delete events', 'one topic'],
      ['topic delete events orders --if-exists', 'two, wherever they are'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length === 0) throw new UsageError('needs a NAME')
    return withClient(io, flags.bootstrap, async (client) => {
      const results = (await deleteTopicsOf(client, words)).map(({ name, refusal }) => {
        const isMissing = isRefusal(refusal, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
        const outcome = refusal === undefined ? 'deleted' : isMissing ? 'missing' : 'refused'
        const isFine = refusal === undefined || (isMissing && flags['if-exists'])
        const why = isMissing ? `there is no topic ${name}` : (refusal?.message ?? '')
        return { name, outcome, error: isFine ? null : why }
      })
      for (const { name, outcome, error } of results) {
        if (error !== null) io.err(`${error}\n`)
        else if (!flags.json) io.out(outcome === 'deleted' ? `deleted ${name}\n` : `no ${name}\n`)
      }
      if (flags.json) io.out(jsonText(results))
      return results.some(({ error }) => error !== null) ? exitCode.failure : exitCode.ok
    })
  },
}
