/** `karst topic records delete`. */
import { Failure } from '../base/errors.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { deleteRecordsOf } from '../client/records-admin.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { integerOf } from './key-values.ts'
import {
  parsePosition,
  positionHelp,
  positionShape,
  type ResolvedPosition,
  resolvePositions,
  type StartPosition,
} from './start-position.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  before: { kind: 'value', shape: positionShape, doc: 'Where the first record is that stays' },
  partition: {
    kind: 'values',
    short: 'p',
    shape: 'N',
    doc: 'Only this partition; may be given more than once (all)',
  },
  'dry-run': { kind: 'switch', doc: 'Only show what would be deleted' },
  ...jsonFlag,
  ...clientFlags,
} as const

const partitionMax = 2_147_483_647

export const topicRecordsDelete: Command = {
  name: 'delete',
  summary: 'Delete the oldest records of a topic, up to an offset or a time',
  help: formatHelp({
    usage: 'topic records delete NAME --before POSITION [FLAGS]',
    about:
      'Deletes all records before a position, at once and for good. Groups that were to read\n' +
      `them go on at the first that is left.\n\n${positionHelp}\n\n` +
      'Exit code 1 when a partition refuses; the others are done.',
    flags: flagTable,
    examples: [
      ['topic records delete events --before end', 'empty the topic'],
      ['topic records delete events --before 1200 -p 3', 'one partition, up to an offset'],
      ['topic records delete events --before 2026-11-20 --dry-run', 'what is older than a day'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const [name, ...more] = words
    if (name === undefined) throw new UsageError('needs a NAME')
    if (more.length > 0) throw new UsageError(`takes one NAME, got ${words.join(' ')}`)
    if (flags.before === undefined) throw new UsageError(`needs --before ${positionShape}`)
    const position = parsePosition('--before', flags.before)
    const chosen = flags.partition.map((text) => integerOf('--partition', text, 0, partitionMax))
    return withClient(io, flags.bootstrap, async (client) => {
      const places = await placesOf(client, name, chosen, position)
      const rows = flags['dry-run'] ? places.map(planned) : await done(client, places)
      const cells = rows.map((row) => [name, row.partition, row.deleted, row.logStart])
      const columns = ['TOPIC', 'PARTITION', 'DELETED', 'START']
      io.out(flags.json ? jsonText(rows) : tableText(columns, cells, io.terminal))
      for (const { error } of rows) if (error !== null) io.err(`${error}\n`)
      return rows.some(({ error }) => error !== null) ? exitCode.failure : exitCode.ok
    })
  },
}

interface Row {
  readonly partition: number
  /** Offsets, not all of which need to have had a record; null where it was refused. */
  readonly deleted: number | null
  readonly logStart: number | null
  readonly error: string | null
}

async function placesOf(
  client: KafkaClient,
  topic: string,
  chosen: readonly number[],
  position: StartPosition,
): Promise<ResolvedPosition[]> {
  const all = (await client.topic(topic)).partitions.map(({ partitionIndex }) => partitionIndex)
  const none = chosen.find((partition) => !all.includes(partition))
  if (none !== undefined) throw new Failure('not-found', `topic ${topic} has no partition ${none}`)
  const wanted = all.filter((partition) => chosen.length === 0 || chosen.includes(partition))
  const places = wanted.map((partition) => ({ topic, partition }))
  return resolvePositions(client, places, position)
}

const planned = ({ partition, offset, logStart }: ResolvedPosition): Row => {
  return { partition, deleted: offset - logStart, logStart: offset, error: null }
}

async function done(client: KafkaClient, places: readonly ResolvedPosition[]): Promise<Row[]> {
  // An offset behind the end is no mistake to be smoothed over: the broker says what it thinks.
  const wanted = places.map(({ topic, partition, offset, asked = offset }) => {
    return { topic, partition, offset: Math.max(asked, offset) }
  })
  const results = await deleteRecordsOf(client, wanted)
  return results.map(({ partition, logStart, refusal }, index): Row => {
    if (refusal !== undefined) {
      return { partition, deleted: null, logStart: null, error: refusal.message }
    }
    const before = places[index]?.logStart ?? logStart
    return { partition, deleted: Math.max(logStart - before, 0), logStart, error: null }
  })
}
