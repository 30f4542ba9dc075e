/** `karst group reset`. */
import { Failure } from '../base/errors.ts'
import { committedOffsets, commitOffsets, describeGroup } from '../client/consumer-group.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import type { TopicPartition } from '../client/partition-offsets.ts'
import { isRefusal } from '../client/refusal.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { integerOf } from './key-values.ts'
import { parsePosition, positionHelp, positionShape, resolvePositions } from './start-position.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = {
  to: { kind: 'value', shape: positionShape, doc: 'The new position, of each partition' },
  topic: {
    kind: 'values',
    short: 't',
    shape: 'TOPIC[:P,…]',
    doc: 'A topic, or some of its partitions; may be given more than once',
  },
  'all-topics': { kind: 'switch', doc: 'Every partition that the group has committed' },
  create: { kind: 'switch', doc: 'Also for a group that is not there yet' },
  'dry-run': { kind: 'switch', doc: 'Only print what would be' },
  ...jsonFlag,
  ...clientFlags,
} as const

export const groupReset: Command = {
  name: 'reset',
  summary: 'Move the committed offsets of a group without members',
  help: formatHelp({
    usage: 'group reset GROUP --to POSITION --topic TOPIC [FLAGS]',
    about:
      'Sets where the members of a group go on when they come back. The group must have no\n' +
      `members: stop them first.\n${positionHelp}`,
    flags: flagTable,
    examples: [
      ['group reset readers --to beginning --topic events --dry-run', 'what would be'],
      ['group reset readers --to beginning --topic events', 'read everything again'],
      ['group reset readers --to -100 --topic events:0,2', 'the last 100 of two partitions'],
      ['group reset readers --to 2026-11-20T12:00:00Z --all-topics', 'from noon on'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    const [groupId, ...more] = words
    if (groupId === undefined) throw new UsageError('needs a GROUP')
    if (more.length > 0) throw new UsageError(`takes one GROUP, got ${words.join(' ')}`)
    if (flags.to === undefined) throw new UsageError(`needs --to ${positionShape}`)
    const to = parsePosition('--to', flags.to)
    const topics = flags.topic.map(parseTopic)
    if (topics.length > 0 === flags['all-topics']) {
      throw new UsageError('needs either --topic TOPIC[:P,…] or --all-topics')
    }
    return withClient(io, flags.bootstrap, async (client) => {
      const { state, members } = await describeGroup(client, groupId)
      const before = await committedOffsets(client, groupId)
      if (state === 'Dead' && before.length === 0 && !flags.create) {
        const hint = 'To prepare one that comes later, add --create'
        throw new Failure('not-found', `there is no group ${groupId}. ${hint}`)
      }
      if (members.length > 0) throw notEmpty(groupId, `has ${members.length} members (${state})`)
      const places = flags['all-topics'] ? before : await placesOf(client, topics)
      const after = await resolvePositions(client, places, to)
      for (const { topic, partition, asked, offset } of after) {
        if (asked === undefined) continue
        io.err(`${topic}:${partition} does not hold offset ${asked}: taking ${offset}\n`)
      }
      if (!flags['dry-run']) await commit(client, groupId, after)
      const rows = after.map(({ topic, partition, offset, logEnd }) => {
        const old = before.find((each) => each.topic === topic && each.partition === partition)
        return {
          topic,
          partition,
          before: old?.offset ?? null,
          after: offset,
          lag: logEnd - offset,
        }
      })
      const cells = rows.map((row) => [row.topic, row.partition, row.before, row.after, row.lag])
      const columns = ['TOPIC', 'PARTITION', 'BEFORE', 'AFTER', 'LAG']
      io.out(flags.json ? jsonText(rows) : tableText(columns, cells, io.terminal))
      return exitCode.ok
    })
  },
}

async function commit(
  client: KafkaClient,
  groupId: string,
  offsets: readonly (TopicPartition & { readonly offset: number })[],
): Promise<void> {
  if (offsets.length === 0) return
  try {
    await commitOffsets(client, { groupId, memberId: '', generationId: -1 }, offsets)
  } catch (error) {
    const codes = [
      ErrorCode.UNKNOWN_MEMBER_ID,
      ErrorCode.ILLEGAL_GENERATION,
      ErrorCode.REBALANCE_IN_PROGRESS,
    ]
    if (isRefusal(error, ...codes)) throw notEmpty(groupId, 'got a member meanwhile')
    throw error
  }
}

const notEmpty = (groupId: string, what: string): Failure =>
  new Failure(
    'conflict',
    `group ${groupId} ${what}: stop its members, then reset. See: karst group describe ${groupId}`,
  )

interface ChosenTopic {
  readonly name: string
  /** undefined: all. */
  readonly partitions: readonly number[] | undefined
}

function parseTopic(text: string): ChosenTopic {
  const [name = '', list, ...more] = text.split(':')
  if (name === '' || more.length > 0) throw new UsageError(`--topic ${text}: must be TOPIC[:P,…]`)
  const partitions = list?.split(',').map((each) => integerOf(`--topic ${name}:`, each, 0))
  return { name, partitions }
}

async function placesOf(
  client: KafkaClient,
  chosen: readonly ChosenTopic[],
): Promise<TopicPartition[]> {
  const places = new Map<string, TopicPartition>()
  for (const { name: topic, partitions } of chosen) {
    const all = (await client.topic(topic)).partitions.map((each) => each.partitionIndex)
    const unknown = partitions?.find((partition) => !all.includes(partition))
    if (unknown !== undefined) {
      const range = `${topic} has ${all.length}, from 0`
      throw new UsageError(`--topic ${topic}:${unknown}: there is no such partition, ${range}`)
    }
    for (const partition of partitions ?? all) {
      places.set(`${topic}:${partition}`, { topic, partition })
    }
  }
  return [...places.values()]
}
