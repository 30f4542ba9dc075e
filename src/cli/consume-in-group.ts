/** `karst consume --group`: joins, reads its partitions, commits what was printed, leaves. */
import { committedOffsets, type CommittedOffset } from '../client/consumer-group.ts'
import { GroupMember } from '../client/group-member.ts'
import type { KafkaClient } from '../client/kafka-client.ts'
import { offsetTimes, readOffsets, type TopicPartition } from '../client/partition-offsets.ts'
import { isFailure } from '../base/errors.ts'
import type { CommandIo } from './command.ts'
import type { RecordPrinter } from './record-printer.ts'
import { resolvePositions, type StartPosition } from './start-position.ts'
import { readerFor } from './topic-reader.ts'

export interface GroupTask {
  readonly client: KafkaClient
  readonly io: CommandIo
  readonly topic: string
  readonly groupId: string
  /** Where nothing is committed. */
  readonly from: StartPosition
  readonly printer: RecordPrinter
  readonly untilEnd: boolean
}

/** What was printed and not committed may come again after a crash: not more than this. */
const commitEveryMs = 1_000

/** Resolves when all is printed that was asked for, or the command is told to stop. */
export async function consumeInGroup(task: GroupTask, all: readonly number[]): Promise<void> {
  const { client, io, topic, groupId, untilEnd, printer } = task
  const places = all.map((partition) => ({ topic, partition }))
  const ends = new Map<number, number>()
  if (untilEnd) {
    const latest = places.map((place) => ({ ...place, timeMs: offsetTimes.latest }))
    const found = await readOffsets(client, latest)
    for (const [index, partition] of all.entries()) ends.set(partition, found[index] ?? 0)
  }
  const member = new GroupMember(client, groupId, [topic])
  try {
    let isDone = false
    while (!isDone && !io.signal.aborted && !printer.isFull) {
      const assigned = await orAborted(member.join(io.signal), io.signal)
      if (assigned === undefined) return
      isDone = await readAssigned(task, member, assigned, ends)
    }
  } finally {
    // Whatever becomes of this: without it the others wait for the session to end, no more.
    await member.leave().catch((error: unknown) => {
      if (!isFailure(error)) throw error
    })
  }
}

/** True when there is no more to read; false when the group rebalances. */
async function readAssigned(
  task: GroupTask,
  member: GroupMember,
  assigned: readonly TopicPartition[],
  ends: ReadonlyMap<number, number>,
): Promise<boolean> {
  const { client, io, printer, untilEnd } = task
  const positions = await startOf(task, assigned)
  const reader = readerFor(client, io, positions)
  for (const position of positions) {
    if (untilEnd && position.offset >= (ends.get(position.partition) ?? 0)) reader.drop(position)
  }
  const printed = new Map<number, CommittedOffset>()
  const commit = async (): Promise<void> => {
    const offsets = [...printed.values()]
    printed.clear()
    await member.commit(offsets)
  }
  const { clock } = client
  let committedMs = clock.monotonicMs()
  while (!io.signal.aborted && !member.mustRejoin && !printer.isFull) {
    if (untilEnd && reader.count === 0) break
    for (const chunk of await reader.next()) {
      const { topic, partition } = chunk
      const end = ends.get(partition) ?? Infinity
      const offset = await printer.print(chunk, end)
      printed.set(partition, { topic, partition, offset })
      if (chunk.nextOffset >= end) reader.drop(chunk)
      if (printer.isFull) break
    }
    if (clock.monotonicMs() - committedMs < commitEveryMs) continue
    await commit()
    committedMs = clock.monotonicMs()
  }
  await commit()
  return !member.mustRejoin
}

/** Where the group stopped, or where `--from` says. */
async function startOf(
  { client, groupId, from }: GroupTask,
  assigned: readonly TopicPartition[],
): Promise<CommittedOffset[]> {
  const known = await committedOffsets(client, groupId)
  const found = (place: TopicPartition): CommittedOffset | undefined =>
    known.find((each) => each.topic === place.topic && each.partition === place.partition)
  const fresh = assigned.filter((place) => found(place) === undefined)
  const resolved = fresh.length === 0 ? [] : await resolvePositions(client, fresh, from)
  return [...assigned.flatMap((place) => found(place) ?? []), ...resolved]
}

/** A group may take a minute to agree; whoever wants to stop does not wait for that. */
function orAborted<Value>(work: Promise<Value>, signal: AbortSignal): Promise<Value | undefined> {
  const { promise, resolve } = Promise.withResolvers<undefined>()
  if (signal.aborted) resolve(undefined)
  signal.addEventListener('abort', () => resolve(undefined), { once: true })
  work.catch(() => undefined)
  return Promise.race([work, promise])
}
