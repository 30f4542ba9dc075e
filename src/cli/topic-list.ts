/** `karst topic list`. */
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  internal: { kind: 'switch', doc: "Also the cluster's own topics" },
  ...jsonFlag,
  ...clientFlags,
} as const

export const topicList: Command = {
  name: 'list',
  summary: 'List topics',
  help: formatHelp({
    usage: 'topic list [FLAGS]',
    about: 'Lists the topics of the cluster with their number of partitions and replicas.',
    flags: flagTable,
    examples: [
      ['topic list', 'all topics'],
      ['topic list --json --bootstrap 127.0.0.1:9092', 'of a certain cluster, for a program'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length > 0) throw new UsageError(`takes no names, got ${words.join(' ')}`)
    return withClient(io, flags.bootstrap, async (client) => {
      const topics = (await client.topics(null))
        .filter(({ isInternal }) => flags.internal || !isInternal)
        .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        .map(({ name, topicId, partitions, isInternal }) => ({
          name,
          topicId,
          partitions: partitions.length,
          replicas: partitions[0]?.replicaNodes.length ?? 0,
          internal: isInternal,
        }))
      const rows = topics.map((each) => [each.name, each.partitions, each.replicas])
      const columns = ['TOPIC', 'PARTITIONS', 'REPLICAS']
      io.out(flags.json ? jsonText(topics) : tableText(columns, rows, io.terminal))
      return exitCode.ok
    })
  },
}
