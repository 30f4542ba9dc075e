/**
 * OffsetForLeaderEpoch, versions 2 to 4: where the largest leader epoch that is not above the one
 * asked for ends (KIP-101, KIP-320). Ends are read from the catalog after the request came (R1): a
 * consumer that has read more than what it is told would see its log truncated.
 */
import { Failure, isFailure } from '../../base/errors.ts'
import type { PartitionRow } from '../../catalog/schema.ts'
import { findEpochEnd } from '../../log/find-epoch.ts'
import type { PartitionLog } from '../../log/partition-log.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  offsetForLeaderEpoch,
  type OffsetForLeaderEpochReply,
  type OffsetForLeaderEpochRequest,
} from '../../wire/messages/23-offset-for-leader-epoch.ts'
import type { Broker } from '../broker.ts'
import { leaderEpochCode, logOrCode, topicOrCode } from '../partition-look-up.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'

type Asked = OffsetForLeaderEpochRequest['topics'][number]['partitions'][number]
type TopicReply = OffsetForLeaderEpochReply['topics'][number]
type PartitionReply = TopicReply['partitions'][number]

/** Rows asked of the catalog at once: a statement stays short. */
const rowsMax = 1_000

interface Target {
  readonly asked: Asked
  readonly log: PartitionLog | undefined
  readonly fault: number
}

export function offsetForLeaderEpochHandler(broker: Broker): Handler {
  return handler(offsetForLeaderEpoch, async ({ topics }) => {
    const replies: TopicReply[] = []
    for (const { topic: name, partitions } of topics) {
      const topic = await topicOrCode(broker, name)
      const targets = partitions.map((asked): Target => {
        const log = logOrCode(broker, topic, asked.partition)
        if (typeof log === 'number') return { asked, log: undefined, fault: log }
        return { asked, log, fault: leaderEpochCode(log, asked.currentLeaderEpoch) }
      })
      const results: PartitionReply[] = []
      for (let at = 0; at < targets.length; at += rowsMax) {
        results.push(...(await lookUp(broker, targets.slice(at, at + rowsMax))))
      }
      replies.push({ topic: name, partitions: results })
    }
    return { response: { topics: replies } }
  })
}

async function lookUp(broker: Broker, targets: readonly Target[]): Promise<PartitionReply[]> {
  const ids = targets.flatMap(({ log, fault }) => {
    return log === undefined || fault !== ErrorCode.NONE ? [] : [log.partitionId]
  })
  const rows = await freshRows(broker, [...new Set(ids)])
  const replies: PartitionReply[] = []
  for (const target of targets) replies.push(await answer(broker, target, rows))
  return replies
}

type Rows = ReadonlyMap<number, PartitionRow> | Failure

async function freshRows({ logs }: Broker, ids: readonly number[]): Promise<Rows> {
  if (ids.length === 0) return new Map()
  try {
    const rows = await logs.freshPartitions(ids)
    return new Map(rows.flatMap((row) => (row === undefined ? [] : [[row.partitionId, row]])))
  } catch (error) {
    if (!isFailure(error)) throw error
    return error
  }
}

async function answer(
  { logs }: Broker,
  { asked, log, fault }: Target,
  rows: Rows,
): Promise<PartitionReply> {
  const { partition, leaderEpoch } = asked
  if (log === undefined || fault !== ErrorCode.NONE) return { partition, errorCode: fault }
  if (rows instanceof Failure) return { partition, errorCode: failureCode(rows) }
  const row = rows.get(log.partitionId)
  if (row === undefined) return { partition, errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
  try {
    const end = await findEpochEnd(logs.reader, log, row, leaderEpoch)
    return { partition, errorCode: ErrorCode.NONE, ...end }
  } catch (error) {
    if (!isFailure(error)) throw error
    return { partition, errorCode: failureCode(error) }
  }
}
