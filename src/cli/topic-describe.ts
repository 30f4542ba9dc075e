/** `karst topic describe`. */
import type { KafkaClient } from '../client/kafka-client.ts'
import { offsetTimes, readOffsets } from '../client/partition-offsets.ts'
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
      'them: at most as many records, fewer in compacted topics. `karst topic config` shows all\n' +
      'configs, here are those that the topic sets itself.',
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
  }[]
}

async function describe(client: KafkaClient, name: string): Promise<Described> {
  const { topicId, partitions } = await client.topic(name)
  const at = (timeMs: number): Promise<number[]> =>
    readOffsets(
      client,
      partitions.map(({ partitionIndex: partition }) => ({ topic: name, partition, timeMs })),
    )
  const [starts, ends, configs] = await Promise.all([
    at(offsetTimes.earliest),
    at(offsetTimes.latest),
    topicConfigs(client, name),
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
    })),
  }
}

function text({ name, topicId, configs, partitions }: Described, isTerminal: boolean): string {
  const own = Object.entries(configs).map(([key, value]) => `${key}=${value ?? '********'}`)
  const rows = partitions.map(({ partition, leader, replicas, inSync, logStart, logEnd }) => [
    name,
    partition,
    leader,
    replicas.join(','),
    inSync.join(','),
    logStart,
    logEnd,
    logEnd - logStart,
  ])
  const columns = ['TOPIC', 'PARTITION', 'LEADER', 'REPLICAS', 'IN-SYNC', 'START', 'END', 'OFFSETS']
  const table = tableText(columns, rows, isTerminal)
  if (!isTerminal) return table
  const configText = own.length === 0 ? 'all as the broker sets them' : own.join(', ')
  return `topic    ${name}\nid       ${topicId}\nconfigs  ${configText}\n\n${table}`
}
