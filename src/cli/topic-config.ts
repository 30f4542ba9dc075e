/** `karst topic config`. */
import { isRefusal } from '../client/refusal.ts'
import { unknownTopic } from '../client/kafka-client.ts'
import { alterTopicConfigs, topicConfigs } from '../client/topic-admin.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { keyValuesOf } from './key-values.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  set: {
    kind: 'values',
    shape: 'NAME=VALUE',
    doc: 'Set a config; may be given more than once',
  },
  delete: {
    kind: 'values',
    shape: 'NAME',
    doc: "Give a config back to the broker's default; may be given more than once",
  },
  'dry-run': { kind: 'switch', doc: 'Only ask whether the change would be accepted' },
  ...jsonFlag,
  ...clientFlags,
} as const

export const topicConfig: Command = {
  name: 'config',
  summary: "Show a topic's configs and where each comes from, or change them",
  help: formatHelp({
    usage: 'topic config NAME [FLAGS]',
    about:
      'Without --set and --delete: every config of the topic, its value, and whether the topic,\n' +
      'the broker or a default gives it. With them: all changes are made, or none is.',
    flags: flagTable,
    examples: [
      ['topic config events', 'what is in force'],
      ['topic config events --set retention.ms=3600000', 'keep an hour'],
      ['topic config events --delete retention.ms', 'as long as the broker says'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const [name, ...more] = words
    if (name === undefined) throw new UsageError('needs a NAME')
    if (more.length > 0) throw new UsageError(`takes one NAME, got ${words.join(' ')}`)
    const set = keyValuesOf('--set', flags.set)
    const both = flags.delete.filter((key) => Object.hasOwn(set, key))
    if (both.length > 0) throw new UsageError(`both set and deleted: ${both.join(', ')}`)
    const isChange = flags.set.length + flags.delete.length > 0
    if (flags['dry-run'] && !isChange) throw new UsageError('--dry-run needs --set or --delete')
    return withClient(io, flags.bootstrap, async (client) => {
      try {
        if (isChange) {
          await alterTopicConfigs(client, name, { set, remove: flags.delete }, flags['dry-run'])
        }
        if (isChange && !flags.json) {
          io.out(flags['dry-run'] ? `could change ${name}\n` : `changed ${name}\n`)
          return exitCode.ok
        }
        const configs = (await topicConfigs(client, name)).toSorted((a, b) =>
          a.name < b.name ? -1 : 1,
        )
        const rows = configs.map((each) => [each.name, each.value, each.source])
        const shown = configs.map(({ name: key, value, source }) => [key, { value, source }])
        const columns = ['CONFIG', 'VALUE', 'SOURCE']
        const table = (): string => tableText(columns, rows, io.terminal)
        io.out(flags.json ? jsonText(Object.fromEntries(shown)) : table())
        return exitCode.ok
      } catch (error) {
        throw isRefusal(error, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION) ? unknownTopic(name) : error
      }
    })
  },
}
