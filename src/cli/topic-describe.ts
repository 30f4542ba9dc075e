/** `karst topic describe`. */
import type { KafkaClient } from '../client/kafka-client.ts'
import { offsetTimes, readOffsets } from '../client/partition-offsets.ts'
import { partitionSizes } from '../client/records-admin.ts'
import { topicConfigs } from '../client/topic-admin.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = { ...jsonFlag, ...clientFlags } as const

export const topicDescribe: Command = {
  name: 'describe',
  summary: "Show a topic's partitions, where they begin and end, and its own configs",
  help: formatHelp({
    usage: 'topic describe NAME… [FLAGS]',
    about:
      'Shows each partition with its leader, log start and log end. OFFSETS is the room between\n' +
      'them: at most as many records, fewer in compacted topics. BYTES is what they take as\n' +
      'they are stored. `karst topic config` shows all configs, here are those of the topic.',
    flags: flagTable,
    examples: [
      ['topic describe events', 'one topic'],
      ['topic describe events orders --json', 'two, for a program'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length === 0) throw new UsageError('needs a NAME')
    return withClient(io, flags.bootstrap, async (client) => {
      const described: Described[] = []
      for (const name of words) described.push(await describe(client, name))
      io.out(
        flags.json ? jsonText(described) : described.map((d) => text(d, io.terminal)).join('\n'),
      )
      return exitCode.ok
    })
  },
}

interface Described {
  readonly name: string
  readonly topicId: string
  readonly configs: Readonly<Record<string, string | null>>
  readonly partitions: readonly {
    readonly partition: number
    readonly leader: number
    readonly replicas: readonly number[]
    readonly inSync: readonly number[]
    readonly logStart: number
    readonly logEnd: number
    /** null: the brokers do not tell. */
    readonly sizeBytes: number | null
  }[]
}

async function describe(client: KafkaClient, name: string): Promise<Described> {
  const { topicId, partitions } = await client.topic(name)
  const at = (timeMs: number): Promise<number[]> =>
    readOffsets(
      client,
      partitions.map(({ partitionIndex: partition }) => ({ topic: name, partition, timeMs })),
    )
  const indexes = partitions.map(({ partitionIndex }) => partitionIndex)
  const [starts, ends, configs, sizes] = await Promise.all([
    at(offsetTimes.earliest),
    at(offsetTimes.latest),
    topicConfigs(client, name),
    partitionSizes(client, name, indexes),
  ])
  const own = configs.filter(({ source }) => source === 'topic')
  return {
    name,
    topicId,
    configs: Object.fromEntries(own.map((config) => [config.name, config.value])),
    partitions: partitions.map((each, index) => ({
      partition: each.partitionIndex,
      leader: each.leaderId,
      replicas: each.replicaNodes,
      inSync: each.isrNodes,
      logStart: starts[index] ?? -1,
      logEnd: ends[index] ?? -1,
      sizeBytes: sizes.get(each.partitionIndex) ?? null,
    })),
  }
}

function text({ name, topicId, configs, partitions }: Described, isTerminal: boolean): string {
  const own = Object.entries(configs).map(([key, value]) => `${key}=${value ?? '********'}`)
  const rows = partitions.map((each) => [
    name,
    each.partition,
    each.leader,
    each.replicas.join(','),
    each.inSync.join(','),
    each.logStart,
    each.logEnd,
    each.logEnd - each.logStart,
    each.sizeBytes,
  ])
  const places = ['TOPIC', 'PARTITION', 'LEADER', 'REPLICAS', 'IN-SYNC']
  const columns = [...places, 'START', 'END', 'OFFSETS', 'BYTES']
  const table = tableText(columns, rows, isTerminal)
  if (!isTerminal) return table
  const configText = own.length === 0 ? 'all as the broker sets them' : own.join(', ')
  return `topic    ${name}\nid       ${topicId}\nconfigs  ${configText}\n\n${table}`
}
