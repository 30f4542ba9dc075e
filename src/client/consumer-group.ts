/** A group as an administrator sees it: state, members, committed offsets; and moving those. */
import { isFailure } from '../base/errors.ts'
import { decodeAssignment } from '../wire/consumer-protocol.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { offsetCommit } from '../wire/messages/08-offset-commit.ts'
import { offsetFetch } from '../wire/messages/09-offset-fetch.ts'
import { describeGroups } from '../wire/messages/15-describe-groups.ts'
import { listGroups } from '../wire/messages/16-list-groups.ts'
import { consumerGroupDescribe } from '../wire/messages/69-consumer-group-describe.ts'
import type { BrokerConnection } from './broker-connection.ts'
import type { KafkaClient } from './kafka-client.ts'
import type { TopicPartition } from './partition-offsets.ts'
import { expectNone } from './refusal.ts'

export interface ListedGroup {
  readonly groupId: string
  readonly protocolType: string
  /** '' where the broker does not tell. */
  readonly state: string
  readonly type: string
}

/** The groups of all brokers. */
export function listGroupsOf(client: KafkaClient): Promise<ListedGroup[]> {
  return client.retrying(async () => {
    const answers = await Promise.all(
      (await client.all()).map((broker) => broker.call(listGroups, {})),
    )
    return answers.flatMap(({ errorCode, groups }) => {
      expectNone('cannot list groups', errorCode)
      return groups.map(({ groupId, protocolType, groupState: state, groupType: type }) => {
        return { groupId, protocolType, state, type }
      })
    })
  })
}

export interface GroupMemberInfo {
  readonly memberId: string
  readonly instanceId: string | null
  readonly clientId: string
  readonly host: string
  readonly partitions: readonly TopicPartition[]
  /** Of the consumer protocol (KIP-848); null in classic groups. */
  readonly epoch: number | null
  /** What it is to have; other than `partitions` while partitions move. */
  readonly target: readonly TopicPartition[]
}

export interface GroupInfo {
  readonly groupId: string
  /** Who assigns partitions: a member (classic), or the broker (consumer, KIP-848). */
  readonly type: 'classic' | 'consumer'
  /** Of a consumer group; null in classic ones. */
  readonly epoch: number | null
  /** Kafka's names: Empty, Stable, PreparingRebalance, CompletingRebalance, Dead (not there). */
  readonly state: string
  readonly protocolType: string
  /** Of a consumer group the broker's assignor. */
  readonly protocol: string
  readonly members: readonly GroupMemberInfo[]
}

/** A group that is not there is 'Dead', without members. */
export function describeGroup(client: KafkaClient, groupId: string): Promise<GroupInfo> {
  return client.retrying(async () => {
    const coordinator = await client.coordinator(groupId)
    const modern = await describeConsumerGroup(coordinator, groupId)
    if (modern !== undefined) return modern
    const [group] = (await coordinator.call(describeGroups, { groups: [groupId] })).groups
    const isMissing = group === undefined || group.errorCode === ErrorCode.GROUP_ID_NOT_FOUND
    const shape = { groupId, type: 'classic', epoch: null } as const
    if (isMissing) {
      return { ...shape, state: 'Dead', protocolType: '', protocol: '', members: [] }
    }
    expectNone(`cannot describe group ${groupId}`, group.errorCode, group.errorMessage)
    const members = group.members.map((member) => {
      const partitions = partitionsOf(member.memberAssignment)
      return {
        memberId: member.memberId,
        instanceId: member.groupInstanceId,
        clientId: member.clientId,
        host: member.clientHost.replace(/^\//, ''),
        partitions,
        epoch: null,
        target: partitions,
      }
    })
    const { groupState: state, protocolType, protocolData: protocol } = group
    return { ...shape, state, protocolType, protocol, members }
  })
}

/** Undefined where the broker is too old for such groups, or there is none of this id. */
async function describeConsumerGroup(
  coordinator: BrokerConnection,
  groupId: string,
): Promise<GroupInfo | undefined> {
  if (!coordinator.speaks(consumerGroupDescribe)) return undefined
  const request = { groupIds: [groupId], includeAuthorizedOperations: false }
  const [group] = (await coordinator.call(consumerGroupDescribe, request)).groups
  const isMissing = group === undefined || group.errorCode === ErrorCode.GROUP_ID_NOT_FOUND
  if (isMissing) return undefined
  expectNone(`cannot describe group ${groupId}`, group.errorCode, group.errorMessage)
  const { groupState: state, groupEpoch: epoch, assignorName: protocol } = group
  const members = group.members.map((member) => ({
    memberId: member.memberId,
    instanceId: member.instanceId,
    clientId: member.clientId,
    host: member.clientHost.replace(/^\//, ''),
    partitions: placesIn(member.assignment),
    epoch: member.memberEpoch,
    target: placesIn(member.targetAssignment),
  }))
  return { groupId, type: 'consumer', epoch, state, protocolType: 'consumer', protocol, members }
}

function placesIn({
  topicPartitions,
}: {
  readonly topicPartitions: readonly {
    readonly topicName: string
    readonly partitions: readonly number[]
  }[]
}): TopicPartition[] {
  return topicPartitions.flatMap(({ topicName: topic, partitions }) =>
    partitions.map((partition) => ({ topic, partition })),
  )
}

/** Groups of other protocols than consumers' have assignments that only they can read. */
function partitionsOf(assignment: Uint8Array): TopicPartition[] {
  try {
    return decodeAssignment(assignment).assignedPartitions.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    )
  } catch (error) {
    if (isFailure(error, 'corrupt')) return []
    throw error
  }
}

export interface CommittedOffset extends TopicPartition {
  readonly offset: number
}

/** From 10 on topics are named by id. */
const namedVersionMax = 9
const severalGroupsFrom = 8

/** Every offset that the group has committed. */
export function committedOffsets(client: KafkaClient, groupId: string): Promise<CommittedOffset[]> {
  return client.retrying(async () => {
    const coordinator = await client.coordinator(groupId)
    const answer = await coordinator.call(
      offsetFetch,
      (version) =>
        version < severalGroupsFrom
          ? { groupId, topics: null }
          : { groups: [{ groupId, topics: null }] },
      { versionMax: namedVersionMax },
    )
    const group = answer.groups[0] ?? answer
    expectNone(`cannot read the offsets of group ${groupId}`, group.errorCode)
    const topics: readonly FetchedTopic[] = group.topics
    return topics.flatMap(({ name, partitions }) =>
      partitions.flatMap(({ partitionIndex: partition, committedOffset: offset, errorCode }) => {
        expectNone(`cannot read the offset of ${name}:${partition}`, errorCode)
        return offset < 0 ? [] : [{ topic: name, partition, offset }]
      }),
    )
  })
}

interface FetchedTopic {
  readonly name: string
  readonly partitions: readonly {
    readonly partitionIndex: number
    readonly committedOffset: number
    readonly errorCode: number
  }[]
}

/** Who commits: a member of a generation, or an administrator of an empty group. */
export interface Committer {
  readonly groupId: string
  readonly memberId: string
  readonly generationId: number
}

/** @throws Refusal one of the offsets was not taken: says which, others may have been. */
export function commitOffsets(
  client: KafkaClient,
  { groupId, memberId, generationId }: Committer,
  offsets: readonly CommittedOffset[],
): Promise<void> {
  return client.retrying(async () => {
    const coordinator = await client.coordinator(groupId)
    const topics = [...Map.groupBy(offsets, ({ topic }) => topic)]
    const answer = await coordinator.call(
      offsetCommit,
      {
        groupId,
        memberId,
        generationIdOrMemberEpoch: generationId,
        topics: topics.map(([name, own]) => ({
          name,
          partitions: own.map(({ partition, offset }) => ({
            partitionIndex: partition,
            committedOffset: offset,
            committedMetadata: null,
          })),
        })),
      },
      { versionMax: namedVersionMax },
    )
    for (const { name, partitions } of answer.topics) {
      for (const { partitionIndex, errorCode } of partitions) {
        expectNone(`cannot commit the offset of ${name}:${partitionIndex}`, errorCode)
      }
    }
  })
}
