/**
 * ListOffsets, versions 1 to 11: from a time, or one of Kafka's special times, to an offset.
 *
 * -1 latest, -2 earliest, -3 the record with the largest timestamp (7+, KIP-734), -4 earliest local
 * (8+), -5 latest tiered (9+), -6 earliest pending upload (11+): there is one store, so -4 is -2,
 * and -5 and -6 are unknown (-1). Ends are read from the catalog after the request came (R1).
 */
import { isFailure } from '../../base/errors.ts'
import { findLatestTime, findOffsetByTime } from '../../log/find-offset.ts'
import type { PartitionLog } from '../../log/partition-log.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  listOffsets,
  type ListOffsetsReply,
  type ListOffsetsRequest,
} from '../../wire/messages/02-list-offsets.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'

type Asked = ListOffsetsRequest['topics'][number]['partitions'][number]
type PartitionReply = ListOffsetsReply['topics'][number]['partitions'][number]

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

export function listOffsetsHandler(broker: Broker): Handler {
  return handler(listOffsets, async (request, { header }) => {
    const topics: ListOffsetsReply['topics'][number][] = []
    for (const { name, partitions } of request.topics) {
      const replies = partitions.map((asked) => lookUp(broker, name, asked, header.apiVersion))
      topics.push({ name, partitions: await Promise.all(replies) })
    }
    return { response: { topics } }
  })
}

async function lookUp(
  broker: Broker,
  name: string,
  asked: Asked,
  apiVersion: number,
): Promise<PartitionReply> {
  const { partitionIndex, currentLeaderEpoch: epoch, timestamp } = asked
  const refused = (errorCode: number): PartitionReply => ({ partitionIndex, errorCode })
  try {
    const topic = await broker.topics.find(name)
    const partitionId = topic?.partitionIds[partitionIndex]
    const log = partitionId === undefined ? undefined : broker.logs.index.get(partitionId)
    if (log === undefined) return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    if (epoch > log.leaderEpoch) return refused(ErrorCode.UNKNOWN_LEADER_EPOCH)
    if (epoch >= 0 && epoch < log.leaderEpoch) return refused(ErrorCode.FENCED_LEADER_EPOCH)
    if (timestamp < 0 && apiVersion < (specialFrom[timestamp] ?? Infinity)) {
      return refused(ErrorCode.UNSUPPORTED_VERSION)
    }
    const { leaderEpoch, ...found } = await find(broker, log, timestamp)
    const told = { partitionIndex, errorCode: ErrorCode.NONE, ...found }
    return apiVersion < leaderEpochFrom || leaderEpoch === undefined
      ? told
      : { ...told, leaderEpoch }
  } catch (error) {
    if (!isFailure(error)) throw error
    return refused(failureCode(error))
  }
}

type Found = Pick<PartitionReply, 'offset' | 'timestamp' | 'leaderEpoch'>

async function find(broker: Broker, log: PartitionLog, timestamp: number): Promise<Found> {
  const { leaderEpoch } = log
  switch (timestamp) {
    case latest: {
      const row = await broker.logs.freshPartition(log.partitionId)
      return { offset: row?.logEnd ?? log.logEnd, leaderEpoch }
    }
    case earliest:
    case earliestLocal: {
      const row = await broker.logs.freshPartition(log.partitionId)
      return { offset: row?.logStart ?? log.logStart, leaderEpoch }
    }
    case latestTiered:
    case earliestPendingUpload:
      return {}
    default: {
      const found =
        timestamp === largestTimestamp
          ? await findLatestTime(broker.logs, log)
          : await findOffsetByTime(broker.logs, log, timestamp)
      if (found === undefined) return {}
      return { offset: found.offset, timestamp: found.timestampMs, leaderEpoch }
    }
  }
}
