/** `karst group describe`. */
import { Failure, isFailure } from '../base/errors.ts'
import {
  committedOffsets,
  describeGroup,
  type GroupInfo,
  type GroupMemberInfo,
} from '../client/consumer-group.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { offsetTimes, readOffsets, type TopicPartition } from '../client/partition-offsets.ts'
import { clientFlags, jsonFlag, withClient } from './client-flags.ts'
import { type Command, exitCode } from './command.ts'
import { formatHelp, parseFlags } from './flags.ts'
import { jsonText, tableText } from './table-text.ts'
import { UsageError } from './usage-error.ts'

const flagTable = { ...jsonFlag, ...clientFlags } as const

export const groupDescribe: Command = {
  name: 'describe',
  summary: "Show a group's members, their partitions, committed offsets and lag",
  help: formatHelp({
    usage: 'group describe GROUP… [FLAGS]',
    about:
      'Shows each partition that the group has committed or that a member reads: the committed\n' +
      'offset, the end, the lag between them, and who reads it. Exit code 1 when there is no\n' +
      'such group. Of groups of the consumer protocol (KIP-848) also epochs, and who is to have\n' +
      'a partition next.',
    flags: flagTable,
    examples: [
      ['group describe readers', 'one group'],
      ['group describe readers --json', 'for a program'],
    ],
  }),
  async run(argv, io) {
    const { flags, words } = parseFlags(flagTable, argv)
    if (words.length === 0) throw new UsageError('needs a GROUP')
    return withClient(io, flags.bootstrap, async (client) => {
      const described: Described[] = []
      for (const groupId of words) described.push(await describe(client, groupId))
      io.out(
        flags.json
          ? jsonText(described.map(toJson))
          : described.map((each) => text(each, io.terminal)).join('\n'),
      )
      return exitCode.ok
    })
  },
}

interface Row extends TopicPartition {
  /** null: nothing is committed. */
  readonly committed: number | null
  /** null: the topic is deleted. */
  readonly end: number | null
  readonly lag: number | null
  readonly member: GroupMemberInfo | undefined
}

interface Described {
  readonly group: GroupInfo
  readonly rows: readonly Row[]
}

async function describe(client: KafkaClient, groupId: string): Promise<Described> {
  const [group, committed] = await Promise.all([
    describeGroup(client, groupId),
    committedOffsets(client, groupId),
  ])
  if (group.state === 'Dead' && committed.length === 0) {
    throw new Failure('not-found', `there is no group ${groupId}. See: karst group list`)
  }
  const offsets = new Map(committed.map((each) => [keyOf(each), each.offset]))
  const members = new Map(
    group.members.flatMap((member) => member.partitions.map((each) => [keyOf(each), member])),
  )
  const all = new Map<string, TopicPartition>()
  for (const each of [...committed, ...group.members.flatMap((member) => member.partitions)]) {
    all.set(keyOf(each), { topic: each.topic, partition: each.partition })
  }
  const ends = await endsOf(client, [...all.values()])
  const rows = [...all].map(([key, place]): Row => {
    const offset = offsets.get(key) ?? null
    const end = ends.get(key) ?? null
    const lag = offset === null || end === null ? null : Math.max(end - offset, 0)
    return { ...place, committed: offset, end, lag, member: members.get(key) }
  })
  return { group, rows: rows.toSorted(byPlace) }
}

/** Topic by topic: one that was deleted has no ends, the others do. */
async function endsOf(
  client: KafkaClient,
  places: readonly TopicPartition[],
): Promise<Map<string, number>> {
  const ends = new Map<string, number>()
  for (const [, own] of Map.groupBy(places, ({ topic }) => topic)) {
    try {
      const queries = own.map((place) => ({ ...place, timeMs: offsetTimes.latest }))
      const found = await readOffsets(client, queries)
      for (const [index, place] of own.entries()) ends.set(keyOf(place), found[index] ?? 0)
    } catch (error) {
      if (!isFailure(error, 'not-found')) throw error
    }
  }
  return ends
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}:${partition}`

const byPlace = (a: Row, b: Row): number =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1

/** Who is to have the partition next, where that is another member (KIP-848). */
function movesTo(
  { members }: GroupInfo,
  place: TopicPartition,
  member: GroupMemberInfo | undefined,
): string | null {
  const next = members.find(({ target }) => target.some((each) => keyOf(each) === keyOf(place)))
  return next === undefined || next === member ? null : (next.instanceId ?? next.memberId)
}

function toJson({ group, rows }: Described): object {
  return {
    ...group,
    partitions: rows.map(({ member, ...row }) => ({ ...row, memberId: member?.memberId ?? null })),
  }
}

function text({ group, rows }: Described, isTerminal: boolean): string {
  const isConsumer = group.type === 'consumer'
  const places = ['TOPIC', 'PARTITION', 'COMMITTED', 'END', 'LAG', 'MEMBER', 'HOST', 'CLIENT']
  const columns = isConsumer ? [...places, 'EPOCH', 'MOVES-TO'] : places
  const cells = rows.map(({ topic, partition, committed, end, lag, member }) => [
    topic,
    partition,
    committed,
    end,
    lag,
    member?.instanceId ?? member?.memberId ?? null,
    member?.host ?? null,
    member?.clientId ?? null,
    ...(isConsumer ? [member?.epoch ?? null, movesTo(group, { topic, partition }, member)] : []),
  ])
  const table = tableText(columns, cells, isTerminal)
  if (!isTerminal) return table
  const idle = group.members.filter(({ partitions }) => partitions.length === 0)
  const names = idle.map(({ memberId, host }) => `${memberId} on ${host}`)
  const protocol = group.protocol === '' ? '' : `, ${group.protocol}`
  const epoch = group.epoch === null ? '' : `, epoch ${group.epoch}`
  const state =
    `state    ${group.state}${protocol}\ntype     ${group.type}${epoch}\n` +
    `members  ${group.members.length}\n`
  const waiting = idle.length > 0 ? `idle     ${names.join(', ')}\n` : ''
  return `group    ${group.groupId}\n${state}${waiting}\n${table}`
}
