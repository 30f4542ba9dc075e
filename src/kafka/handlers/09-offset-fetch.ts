/**
 * OffsetFetch, versions 1 to 10: what groups have committed, read from the catalog after the
 * request came (R1).
 *
 * - No topics at all (null, 2+) means all that the group has committed, of topics that exist.
 * - Several groups at once: 8+ (KIP-709). Topics by id: 10+ (KIP-848).
 * - A group, topic or partition that is not there has committed nothing: offset -1, no error. Only an
 *   unknown topic id is an error.
 * - `requireStable` (7+, KIP-447): a partition for which a transaction has an offset is
 *   UNSTABLE_OFFSET_COMMIT, alone, until that ends.
 * - Member id and epoch (9+, KIP-848) must be a present member's, if the group is a consumer group.
 */
import type { FetchedOffset, FetchOffsetsRequest, TopicPartitions } from '../../group/offsets.ts'
import type { GroupRefusal } from '../../group/refusal.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  offsetFetch,
  type OffsetFetchReply,
  type OffsetFetchRequest,
} from '../../wire/messages/09-offset-fetch.ts'
import type { KnownTopic } from '../../log/topic-directory.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'
import { hasPartition, lookUpTopic, type TopicReference } from '../topic-look-up.ts'

type GroupReply = NonNullable<OffsetFetchReply['groups']>[number]
type TopicReply = GroupReply['topics'][number]
type PartitionReply = TopicReply['partitions'][number]

interface AskedTopic extends TopicReference {
  readonly partitionIndexes: readonly number[]
}

interface GroupAnswer {
  readonly errorCode: number
  readonly topics: readonly (TopicReference & { readonly partitions: PartitionReply[] })[]
}

/**
 * Offsets in one answer, about 50 bytes each: groups beyond are to be asked for in another request,
 * so that a small request cannot ask for the same offsets a million times.
 */
const offsetsMax = 1_000_000

const groupErrorFrom = 2
const severalGroupsFrom = 8
const topicIdsFrom = 10

export function offsetFetchHandler(broker: Broker): Handler {
  return handler(offsetFetch, async (request, { header }) => {
    const { apiVersion } = header
    if (apiVersion < severalGroupsFrom) return { response: await one(broker, request, apiVersion) }
    const by = apiVersion >= topicIdsFrom ? 'id' : 'name'
    const groups: GroupReply[] = []
    let told = 0
    for (const { groupId, memberId, memberEpoch, topics: asked } of request.groups) {
      if (told >= offsetsMax) {
        groups.push({ groupId, topics: [], errorCode: ErrorCode.INVALID_REQUEST })
        continue
      }
      const { errorCode, topics } = await fetchGroup(
        broker,
        { groupId, ...whoOf(memberId, memberEpoch) },
        asked,
        by,
        request.requireStable,
      )
      for (const { partitions } of topics) told += partitions.length
      const shown = topics.map(({ name, topicId, partitions }): TopicReply => {
        return by === 'id' ? { topicId, partitions } : { name, partitions }
      })
      groups.push({ groupId, topics: shown, errorCode })
    }
    return { response: { groups } }
  })
}

/** Versions 1 to 7: one group, whose error version 1 can tell at each partition only. */
async function one(
  broker: Broker,
  { groupId, topics: wanted, requireStable }: OffsetFetchRequest,
  apiVersion: number,
): Promise<OffsetFetchReply> {
  const asked = wanted?.map((topic) => ({ ...topic, topicId: '' })) ?? null
  const { errorCode, topics } = await fetchGroup(broker, { groupId }, asked, 'name', requireStable)
  if (apiVersion < groupErrorFrom && errorCode !== ErrorCode.NONE) {
    const failed = (asked ?? []).map(({ name, partitionIndexes }) => ({
      name,
      partitions: partitionIndexes.map((index) => olderReply(nothing(index, errorCode))),
    }))
    return { topics: failed }
  }
  const shown = topics.map(({ name, partitions }) => {
    return { name, partitions: partitions.map((reply) => olderReply(reply)) }
  })
  return { topics: shown, errorCode }
}

type OlderReply = NonNullable<OffsetFetchReply['topics']>[number]['partitions'][number]

function olderReply(reply: PartitionReply): OlderReply {
  const { partitionIndex, committedOffset, committedLeaderEpoch, metadata, errorCode } = reply
  const epoch = committedLeaderEpoch ?? -1
  return { partitionIndex, committedOffset, committedLeaderEpoch: epoch, metadata, errorCode }
}

/** Who asks, where it says so: administrators do not. */
function whoOf(memberId: string | null, generation: number): Pick<FetchOffsetsRequest, 'member'> {
  if (memberId === null && generation < 0) return {}
  return { member: { memberId: memberId ?? '', generation } }
}

async function fetchGroup(
  broker: Broker,
  who: Pick<FetchOffsetsRequest, 'groupId' | 'member'>,
  asked: readonly AskedTopic[] | null,
  by: 'name' | 'id',
  isStable: boolean,
): Promise<GroupAnswer> {
  const found = new Map<AskedTopic, KnownTopic | number>()
  for (const topic of asked ?? []) found.set(topic, await lookUpTopic(broker, topic, by))
  if ([...found.values()].includes(ErrorCode.COORDINATOR_NOT_AVAILABLE)) {
    return { errorCode: refusalCode('unavailable'), topics: [] }
  }
  const known: TopicPartitions[] = []
  for (const [{ partitionIndexes }, topic] of found) {
    if (typeof topic === 'number') continue
    // Each once, and those there are: the catalog is not asked a million times for nothing.
    const partitions = [...new Set(partitionIndexes)].filter((index) => hasPartition(topic, index))
    known.push({ topicId: topic.topicId, partitions })
  }
  const topics = asked === null ? null : known
  const result = await broker.groups.fetchOffsets({ ...who, topics, isStable })
  if (result.outcome === 'refused') return { errorCode: refusalCode(result.reason), topics: [] }
  const { offsets } = result
  const all = asked === null ? allOf(broker, offsets) : inOrder(asked, found, offsets)
  return { errorCode: ErrorCode.NONE, topics: all }
}

/** Java before 4.0 gives up on COORDINATOR_NOT_AVAILABLE here; this code makes everyone ask again. */
function refusalCode(refusal: GroupRefusal): number {
  const isPassing = refusal === 'unavailable'
  return isPassing ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : groupRefusalCode(refusal)
}

/** All that was committed, of the topics that still exist. */
function allOf({ topics }: Broker, offsets: readonly FetchedOffset[]): GroupAnswer['topics'] {
  const byTopic = Map.groupBy(offsets, ({ topicId }) => topicId)
  return [...byTopic].flatMap(([topicId, own]) => {
    const topic = topics.byId(topicId)
    return topic === undefined ? [] : [{ name: topic.name, topicId, partitions: own.map(toReply) }]
  })
}

function inOrder(
  asked: readonly AskedTopic[],
  found: ReadonlyMap<AskedTopic, KnownTopic | number>,
  offsets: readonly FetchedOffset[],
): GroupAnswer['topics'] {
  const key = (topicId: string, index: number): string => `${topicId} ${index}`
  const committed = new Map(
    offsets.map((offset) => [key(offset.topicId, offset.partitionIndex), offset]),
  )
  return asked.map((topic) => {
    const { name, topicId, partitionIndexes } = topic
    const known = found.get(topic)
    const fault = known === ErrorCode.UNKNOWN_TOPIC_ID ? known : ErrorCode.NONE
    const partitions = partitionIndexes.map((index) => {
      const id = typeof known === 'object' ? known.topicId : ''
      const offset = committed.get(key(id, index))
      return offset === undefined ? nothing(index, fault) : toReply(offset)
    })
    return { name, topicId, partitions }
  })
}

function toReply(fetched: FetchedOffset): PartitionReply {
  const { partitionIndex, offset, leaderEpoch, metadata, isPending } = fetched
  if (isPending) return nothing(partitionIndex, ErrorCode.UNSTABLE_OFFSET_COMMIT)
  return {
    partitionIndex,
    committedOffset: offset,
    committedLeaderEpoch: leaderEpoch,
    metadata,
    errorCode: ErrorCode.NONE,
  }
}

function nothing(partitionIndex: number, errorCode: number): PartitionReply {
  return {
    partitionIndex,
    committedOffset: -1,
    committedLeaderEpoch: -1,
    metadata: '',
    errorCode,
  }
}
