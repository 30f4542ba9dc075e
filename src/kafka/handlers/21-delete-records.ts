/**
 * DeleteRecords, versions 0 to 2: raises log starts, for ever, and answers with where they are now
 * (KIP-107). -1 means the high watermark. One transaction per partition: each has its own result.
 */
import { isFailure } from '../../base/errors.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  deleteRecords,
  type DeleteRecordsReply,
  type DeleteRecordsRequest,
} from '../../wire/messages/21-delete-records.ts'
import type { Broker } from '../broker.ts'
import { logOrCode, topicOrCode } from '../partition-look-up.ts'
import { type Handler, handler } from '../router.ts'
import { failureCode } from '../to-error-code.ts'

type TopicReply = DeleteRecordsReply['topics'][number]
type Asked = DeleteRecordsRequest['topics'][number]['partitions'][number]
type PartitionReply = TopicReply['partitions'][number]

const highWatermark = -1

/** Less than this nobody can mean; what is not begun when it is over is not done. */
const timeoutMsMin = 1_000

export function deleteRecordsHandler(broker: Broker): Handler {
  return handler(deleteRecords, async ({ topics, timeoutMs }, { signal }) => {
    const { clock } = broker
    const deadlineMs = clock.monotonicMs() + Math.max(timeoutMs, timeoutMsMin)
    const isLate = (): boolean => signal.aborted || clock.monotonicMs() > deadlineMs
    const replies: TopicReply[] = []
    for (const { name, partitions } of topics) {
      const topic = await topicOrCode(broker, name)
      const results: PartitionReply[] = []
      for (const asked of partitions) {
        const { partitionIndex } = asked
        const late = { partitionIndex, lowWatermark: -1, errorCode: ErrorCode.REQUEST_TIMED_OUT }
        results.push(isLate() ? late : await deleteIn(broker, topic, asked))
      }
      replies.push({ name, partitions: results })
    }
    return { response: { topics: replies } }
  })
}

async function deleteIn(
  broker: Broker,
  topic: KnownTopic | number,
  { partitionIndex, offset }: Asked,
): Promise<PartitionReply> {
  const refused = (errorCode: number): PartitionReply => {
    return { partitionIndex, lowWatermark: -1, errorCode }
  }
  const log = logOrCode(broker, topic, partitionIndex)
  if (typeof log === 'number' || typeof topic === 'number') return refused(Number(log))
  const policy = topic.effective['cleanup.policy']
  if (policy.includes('compact') && !policy.includes('delete')) {
    return refused(ErrorCode.POLICY_VIOLATION)
  }
  try {
    const before = offset === highWatermark ? 'log-end' : offset
    const result = await broker.logs.deleteRecords(log, before)
    switch (result.outcome) {
      case 'deleted':
        return { partitionIndex, lowWatermark: result.logStart, errorCode: ErrorCode.NONE }
      case 'out-of-range':
        return refused(ErrorCode.OFFSET_OUT_OF_RANGE)
      case 'unknown-partition':
        return refused(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    }
  } catch (error) {
    if (!isFailure(error)) throw error
    return refused(failureCode(error))
  }
}
