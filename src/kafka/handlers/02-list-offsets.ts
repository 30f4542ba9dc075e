/**
 * ListOffsets, versions 1 to 11: from a time, or one of Kafka's special times, to an offset.
 *
 * -1 latest, -2 earliest, -3 the record with the largest timestamp (7+, KIP-734), -4 earliest local
 * (8+), -5 latest tiered (9+), -6 earliest pending upload (11+): there is one store, so -4 is -2,
 * and -5 and -6 are unknown (-1). Ends are read from the catalog after the request came (R1). A
 * partition that is named twice is refused, as Kafka does.
 */
import { Failure, isFailure } from '../../base/errors.ts'
import type { PartitionEnds } from '../../catalog/read-transactions.ts'
import { findLatestTime, findOffsetByTime } from '../../log/find-offset.ts'
import type { Isolation, PartitionLog } from '../../log/partition-log.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  listOffsets,
  type ListOffsetsReply,
  type ListOffsetsRequest,
} from '../../wire/messages/02-list-offsets.ts'
import type { Broker } from '../broker.ts'
import { leaderEpochCode, logOrCode, topicOrCode } from '../partition-look-up.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'
import { repeated } from '../topic-rules.ts'

type AskedTopic = ListOffsetsRequest['topics'][number]
type Asked = AskedTopic['partitions'][number]
type PartitionReply = ListOffsetsReply['topics'][number]['partitions'][number]

/** isolation_level of KIP-98: the end is the last stable offset then. */
const readCommitted = 1

const latest = -1
const earliest = -2
const largestTimestamp = -3
const earliestLocal = -4
const latestTiered = -5
const earliestPendingUpload = -6

const leaderEpochFrom = 4

/** The version in which each special time came. */
const specialFrom: Readonly<Record<number, number>> = {
  [latest]: 1,
  [earliest]: 1,
  [largestTimestamp]: 7,
  [earliestLocal]: 8,
  [latestTiered]: 9,
  [earliestPendingUpload]: 11,
}

/** Lookups of one request under way at once: each may read storage. */
const lookUpsMax = 16

/** Rows asked of the catalog at once: a statement stays short. */
const rowsMax = 1_000

/** One partition of a request, resolved. */
interface Target {
  readonly asked: Asked
  readonly log: PartitionLog | undefined
  /** Why nothing is looked up. */
  readonly fault: number
}

export function listOffsetsHandler(broker: Broker): Handler {
  return handler(listOffsets, async ({ topics, isolationLevel }, { header }) => {
    const { apiVersion } = header
    const isolation = isolationLevel === readCommitted ? 'committed' : 'uncommitted'
    const asking = { broker, apiVersion, isolation } as const
    const resolved: Target[][] = []
    for (const asked of topics) resolved.push(await resolve(broker, asked, apiVersion))
    const targets = resolved.flat()
    const ends = await readEnds(broker, targets)
    const replies = new Map<Asked, PartitionReply>()
    for (let at = 0; at < targets.length; at += lookUpsMax) {
      const some = targets.slice(at, at + lookUpsMax)
      const found = await Promise.all(some.map((target) => lookUp(asking, target, ends)))
      for (const [index, { asked }] of some.entries()) {
        replies.set(asked, found[index] as PartitionReply)
      }
    }
    return {
      response: {
        topics: topics.map(({ name, partitions }) => {
          return { name, partitions: partitions.flatMap((asked) => replies.get(asked) ?? []) }
        }),
      },
    }
  })
}

async function resolve(
  broker: Broker,
  { name, partitions }: AskedTopic,
  apiVersion: number,
): Promise<Target[]> {
  const topic = await topicOrCode(broker, name)
  const twice = repeated(partitions.map(({ partitionIndex }) => partitionIndex))
  return partitions.map((asked) => {
    const log = logOrCode(broker, topic, asked.partitionIndex)
    if (twice.has(asked.partitionIndex)) {
      return { asked, log: undefined, fault: ErrorCode.INVALID_REQUEST }
    }
    if (typeof log === 'number') return { asked, log: undefined, fault: log }
    return { asked, log, fault: faultOf(log, asked, apiVersion) }
  })
}

function faultOf(log: PartitionLog, asked: Asked, apiVersion: number): number {
  const { currentLeaderEpoch, timestamp } = asked
  if (timestamp < 0 && apiVersion < (specialFrom[timestamp] ?? Infinity)) {
    return ErrorCode.UNSUPPORTED_VERSION
  }
  return leaderEpochCode(log, currentLeaderEpoch)
}

const asksForEnd = ({ timestamp }: Asked): boolean =>
  timestamp === latest || timestamp === earliest || timestamp === earliestLocal

type Ends = Map<number, PartitionEnds | undefined> | Failure

/** What holds for every partition of a request. */
interface Asking {
  readonly broker: Broker
  readonly apiVersion: number
  readonly isolation: Isolation
}

/** Where the logs asked for begin and end, read after the request came (R1): few statements. */
async function readEnds(broker: Broker, targets: readonly Target[]): Promise<Ends> {
  const wanted = new Set<number>()
  for (const { asked, log, fault } of targets) {
    if (log !== undefined && fault === ErrorCode.NONE && asksForEnd(asked)) {
      wanted.add(log.partitionId)
    }
  }
  const ids = [...wanted]
  const ends = new Map<number, PartitionEnds | undefined>()
  try {
    for (let at = 0; at < ids.length; at += rowsMax) {
      const some = ids.slice(at, at + rowsMax)
      const rows = await broker.logs.freshEnds(some)
      for (const [index, id] of some.entries()) ends.set(id, rows[index])
    }
    return ends
  } catch (error) {
    if (!isFailure(error)) throw error
    return error
  }
}

async function lookUp(
  asking: Asking,
  { asked, log, fault }: Target,
  ends: Ends,
): Promise<PartitionReply> {
  const { partitionIndex } = asked
  const refused = (errorCode: number): PartitionReply => ({ partitionIndex, errorCode })
  if (log === undefined || fault !== ErrorCode.NONE) return refused(fault)
  try {
    if (asksForEnd(asked) && ends instanceof Failure) throw ends
    const fresh = ends instanceof Failure ? undefined : ends.get(log.partitionId)
    if (asksForEnd(asked) && fresh === undefined) {
      return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    }
    const { leaderEpoch, ...found } = await find(asking, log, fresh, asked.timestamp)
    const told = { partitionIndex, errorCode: ErrorCode.NONE, ...found }
    return asking.apiVersion < leaderEpochFrom || leaderEpoch === undefined
      ? told
      : { ...told, leaderEpoch }
  } catch (error) {
    if (!isFailure(error)) throw error
    return refused(failureCode(error))
  }
}

type Found = Pick<PartitionReply, 'offset' | 'timestamp' | 'leaderEpoch'>

async function find(
  { broker, isolation }: Asking,
  log: PartitionLog,
  fresh: PartitionEnds | undefined,
  timestamp: number,
): Promise<Found> {
  const { leaderEpoch } = log
  switch (timestamp) {
    case latest:
      return { offset: endOf(log, fresh, isolation), leaderEpoch }
    case earliest:
    case earliestLocal:
      return { offset: fresh?.row.logStart ?? log.logStart, leaderEpoch }
    case latestTiered:
    case earliestPendingUpload:
      return {}
    default: {
      const found =
        timestamp === largestTimestamp
          ? await findLatestTime(broker.logs, log)
          : await findOffsetByTime(broker.logs, log, timestamp)
      // What a reader cannot fetch yet is not told, either.
      if (found === undefined || found.offset >= log.endFor(isolation)) return {}
      return { offset: found.offset, timestamp: found.timestampMs, leaderEpoch }
    }
  }
}

function endOf(log: PartitionLog, fresh: PartitionEnds | undefined, isolation: Isolation): number {
  if (fresh === undefined) return log.endFor(isolation)
  return isolation === 'committed' ? fresh.stableEnd : fresh.row.logEnd
}
