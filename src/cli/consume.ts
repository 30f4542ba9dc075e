/** `karst consume`: records of a topic as lines, alone or as a member of a group. */
import type { KafkaClient } from '../client/kafka-client.ts'
import type { TopicPartition } from '../client/partition-offsets.ts'
import { clientFlags, withClient } from './client-flags.ts'
import { type Command, type CommandIo, exitCode } from './command.ts'
import { consumeInGroup } from './consume-in-group.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { integerOf } from './key-values.ts'
import { type Format, RecordPrinter } from './record-printer.ts'
import {
  parsePosition,
  positionHelp,
  positionShape,
  resolvePositions,
  type StartPosition,
} from './start-position.ts'
import { readerFor } from './topic-reader.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  from: {
    kind: 'value',
    short: 'f',
    shape: positionShape,
    doc: 'Where to begin (beginning); in a group where it has committed nothing',
  },
  partition: {
    kind: 'values',
    short: 'p',
    shape: 'N',
    doc: 'Only this partition; may be given more than once (all)',
  },
  group: {
    kind: 'value',
    short: 'g',
    shape: 'GROUP',
    doc: 'As a member of this group: share partitions, commit what was printed',
  },
  max: { kind: 'value', short: 'n', shape: 'N', doc: 'Stop after so many records' },
  'until-end': { kind: 'switch', short: 'e', doc: 'Stop at the ends as they are at the start' },
  json: { kind: 'switch', doc: 'One JSON object per line; bytes that are no text as {"base64":…}' },
  values: { kind: 'switch', doc: 'Only the values, as they were sent' },
  ...clientFlags,
} as const

export const consumeCommand: Command = {
  name: 'consume',
  summary: 'Print the records of a topic, and wait for more',
  help: formatHelp({
    usage: 'consume TOPIC [FLAGS]',
    about:
      'Prints records as they come: partition:offset, time, key, value and headers, between\n' +
      `tabs. Ctrl-C, --max and --until-end stop it with exit code 0.\n${positionHelp}`,
    flags: flagTable,
    examples: [
      ['consume events', 'everything, then what comes'],
      ['consume events --from end', 'only what comes'],
      ['consume events --from -10 --until-end', 'the last ten of each partition'],
      ['consume events --from 2026-11-20T12:00:00Z --json --max 100', 'a hundred from noon on'],
      ['consume events --group readers --until-end', 'what the group has not read yet'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const [topic, ...more] = words
    if (topic === undefined) throw new UsageError('needs a TOPIC')
    if (more.length > 0) throw new UsageError(`takes one TOPIC, got ${words.join(' ')}`)
    if (flags.json && flags.values) throw new UsageError('--json and --values: one of them')
    const { group } = flags
    if (group === '') throw new UsageError('--group must not be empty')
    if (group !== undefined && flags.partition.length > 0) {
      throw new UsageError('--group and --partition: the group decides who reads which')
    }
    const format: Format = flags.json ? 'json' : flags.values ? 'values' : 'text'
    const from = parsePosition('--from', flags.from ?? 'beginning')
    const asked = flags.partition.map((text) => integerOf('--partition', text, 0))
    const max = flags.max === undefined ? Infinity : integerOf('--max', flags.max, 1)
    return withClient(io, flags.bootstrap, async (client) => {
      const all = (await client.topic(topic)).partitions.map((each) => each.partitionIndex)
      const printer = new RecordPrinter(io, format, max)
      const untilEnd = flags['until-end']
      if (group !== undefined) {
        const task = { client, io, topic, from, printer, untilEnd, groupId: group }
        await consumeInGroup(task, all)
        return exitCode.ok
      }
      const unknown = asked.find((partition) => !all.includes(partition))
      if (unknown !== undefined) {
        const range = `${topic} has ${all.length}, from 0`
        throw new UsageError(`--partition ${unknown}: there is no such partition, ${range}`)
      }
      const chosen = asked.length > 0 ? [...new Set(asked)] : all
      const partitions = chosen.map((partition) => ({ topic, partition }))
      await consumeAlone(client, io, partitions, from, printer, untilEnd)
      return exitCode.ok
    })
  },
}

async function consumeAlone(
  client: KafkaClient,
  io: CommandIo,
  partitions: readonly TopicPartition[],
  from: StartPosition,
  printer: RecordPrinter,
  untilEnd: boolean,
): Promise<void> {
  const positions = await resolvePositions(client, partitions, from)
  for (const { topic, partition, asked, offset } of positions) {
    if (asked === undefined) continue
    io.err(`${topic}:${partition} does not hold offset ${asked}: beginning at ${offset}\n`)
  }
  const reader = readerFor(client, io, positions)
  const ends = new Map<number, number>()
  if (untilEnd) {
    for (const position of positions) {
      ends.set(position.partition, position.logEnd)
      if (position.offset >= position.logEnd) reader.drop(position)
    }
  }
  while (!io.signal.aborted && reader.count > 0) {
    for (const chunk of await reader.next()) {
      const end = ends.get(chunk.partition) ?? Infinity
      await printer.print(chunk, end)
      if (printer.isFull) return
      if (chunk.nextOffset >= end) reader.drop(chunk)
    }
  }
}
