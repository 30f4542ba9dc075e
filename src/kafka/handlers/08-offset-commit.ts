/**
 * OffsetCommit, versions 2 to 10: answered when the offsets are durable.
 *
 * - A topic or partition that does not exist is refused alone; a refusal of the group is told for
 *   every other partition, because the answer has no other place for it.
 * - Versions 2 to 4 may say how long the offsets are kept. Topics by id: 10+ (KIP-848).
 */
import type { OffsetToCommit } from '../../group/offsets.ts'
import type { GroupRefusal } from '../../group/refusal.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { offsetCommit, type OffsetCommitRequest } from '../../wire/messages/08-offset-commit.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'
import { hasPartition, lookUpTopic } from '../topic-look-up.ts'

/** One partition of the request: either with a fault already, or the next of those committed. */
interface Target {
  readonly partitionIndex: number
  readonly offset: OffsetToCommit | undefined
  readonly fault: number
}

const topicIdsFrom = 10
/** Before it, a group that is not there is a generation that is not current (KIP-848). */
const groupNotFoundFrom = 9
const memberEpochsFrom = 9

export function offsetCommitHandler(broker: Broker): Handler {
  return handler(offsetCommit, async (request, { header }) => {
    const { apiVersion } = header
    const targets: Target[][] = []
    for (const topic of request.topics) targets.push(await resolve(broker, topic, apiVersion))
    const offsets = targets.flat().flatMap(({ offset }) => (offset === undefined ? [] : [offset]))
    const codes = (await commit(broker, request, offsets, apiVersion)).values()
    const asked = request.topics.map((topic, at) => ({
      ...named(topic, apiVersion),
      partitions: (targets[at] ?? []).map(({ partitionIndex, offset, fault }) => ({
        partitionIndex,
        errorCode: offset === undefined ? fault : (codes.next().value ?? ErrorCode.NONE),
      })),
    }))
    // As Kafka: a topic of which nothing was asked is not in the answer.
    const topics = asked.filter(({ partitions }) => partitions.length > 0)
    return { response: { topics } }
  })
}

type AskedTopic = OffsetCommitRequest['topics'][number]

const named = ({ name, topicId }: AskedTopic, apiVersion: number): object =>
  apiVersion >= topicIdsFrom ? { topicId } : { name }

async function resolve(broker: Broker, asked: AskedTopic, apiVersion: number): Promise<Target[]> {
  const found = await lookUpTopic(broker, asked, apiVersion >= topicIdsFrom ? 'id' : 'name')
  return asked.partitions.map((partition) => {
    const { partitionIndex, committedOffset, committedLeaderEpoch, committedMetadata } = partition
    if (typeof found === 'number') return { partitionIndex, offset: undefined, fault: found }
    if (!hasPartition(found, partitionIndex)) {
      const fault = ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
      return { partitionIndex, offset: undefined, fault }
    }
    const offset = {
      topicId: found.topicId,
      partitionIndex,
      offset: committedOffset,
      leaderEpoch: committedLeaderEpoch,
      metadata: committedMetadata ?? '',
    }
    return { partitionIndex, offset, fault: ErrorCode.NONE }
  })
}

/** One code per offset. */
async function commit(
  { groups }: Broker,
  request: OffsetCommitRequest,
  offsets: readonly OffsetToCommit[],
  apiVersion: number,
): Promise<number[]> {
  if (offsets.length === 0) return []
  const { groupId, memberId, groupInstanceId: instanceId, retentionTimeMs } = request
  const result = await groups.commitOffsets({
    groupId,
    memberId,
    instanceId,
    generation: request.generationIdOrMemberEpoch,
    understandsEpochs: apiVersion >= memberEpochsFrom,
    retentionMs: retentionTimeMs < 0 ? null : retentionTimeMs,
    offsets,
  })
  const code = (refusal: GroupRefusal | null): number =>
    refusal === null ? ErrorCode.NONE : refusalCode(refusal, apiVersion)
  if (result.outcome === 'committed') return result.refusals.map(code)
  return offsets.map(() => code(result.reason))
}

function refusalCode(refusal: GroupRefusal, apiVersion: number): number {
  if (refusal === 'group-not-found' && apiVersion < groupNotFoundFrom) {
    return ErrorCode.ILLEGAL_GENERATION
  }
  if (refusal === 'unknown-topic' && apiVersion >= topicIdsFrom) return ErrorCode.UNKNOWN_TOPIC_ID
  return groupRefusalCode(refusal)
}
