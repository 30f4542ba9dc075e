/** `karst topic create`. */
import { isRefusal } from '../client/refusal.ts'
import { createTopicsOf } from '../client/topic-admin.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { integerOf, keyValuesOf } from './key-values.ts'
import { jsonText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  partitions: {
    kind: 'value',
    short: 'p',
    shape: 'N',
    doc: "Number of partitions (the broker's num.partitions)",
  },
  'replication-factor': {
    kind: 'value',
    shape: 'N',
    doc: "Copies of each partition; Karst keeps what the object store keeps (the broker's default)",
  },
  config: {
    kind: 'values',
    short: 'c',
    shape: 'NAME=VALUE',
    doc: 'A config of the topic; may be given more than once',
  },
  'if-not-exists': { kind: 'switch', doc: 'A topic that exists is fine, whatever its configs' },
  'dry-run': { kind: 'switch', doc: 'Only ask whether it could be created' },
  ...jsonFlag,
  ...clientFlags,
} as const

const partitionsMax = 100_000
const replicasMax = 32_767

export const topicCreate: Command = {
  name: 'create',
  summary: 'Create topics',
  help: formatHelp({
    usage: 'topic create NAME… [FLAGS]',
    about:
      'Creates topics, each with the same partitions and configs. Exit code 1 when one of them\n' +
      'could not be created; the others are.',
    flags: flagTable,
    examples: [
      ['topic create events', "a topic with the broker's defaults"],
      ['topic create orders --partitions 12 -c retention.ms=86400000', 'twelve partitions, a day'],
      ['topic create users -c cleanup.policy=compact --if-not-exists', 'the newest value per key'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length === 0) throw new UsageError('needs a NAME')
    const count = flags.partitions
    const factor = flags['replication-factor']
    const shared = {
      partitions: count === undefined ? -1 : integerOf('--partitions', count, 1, partitionsMax),
      replicationFactor:
        factor === undefined ? -1 : integerOf('--replication-factor', factor, 1, replicasMax),
      configs: keyValuesOf('--config', flags.config),
    }
    const topics = words.map((name) => ({ name, ...shared }))
    return withClient(io, flags.bootstrap, async (client) => {
      const created = await createTopicsOf(client, topics, flags['dry-run'])
      const results = created.map(({ name, partitions, refusal }) => {
        const exists = isRefusal(refusal, ErrorCode.TOPIC_ALREADY_EXISTS)
        const isFine = refusal === undefined || (exists && flags['if-not-exists'])
        const outcome = refusal === undefined ? 'created' : exists ? 'exists' : 'refused'
        return { name, partitions, outcome, error: isFine ? null : (refusal?.message ?? null) }
      })
      for (const { error } of results) if (error !== null) io.err(`${error}\n`)
      const verb = flags['dry-run'] ? 'could be created' : 'created'
      if (flags.json) io.out(jsonText(results))
      else {
        for (const { name, partitions, outcome, error } of results) {
          const size = partitions > 0 ? ` with ${partitions} partitions` : ''
          const text = outcome === 'created' ? `${verb} ${name}${size}\n` : `${name} exists\n`
          if (error === null) io.out(text)
        }
      }
      return results.some(({ error }) => error !== null) ? exitCode.failure : exitCode.ok
    })
  },
}
