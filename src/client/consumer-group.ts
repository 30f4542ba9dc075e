/** A group as an administrator sees it: state, members, committed offsets; and moving those. */
import { isFailure } from '../base/errors.ts'
import { decodeAssignment } from '../wire/consumer-protocol.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { offsetCommit } from '../wire/messages/08-offset-commit.ts'
import { offsetFetch } from '../wire/messages/09-offset-fetch.ts'
import { describeGroups } from '../wire/messages/15-describe-groups.ts'
import { listGroups } from '../wire/messages/16-list-groups.ts'
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
}

export interface GroupInfo {
  readonly groupId: string
  /** Kafka's names: Empty, Stable, PreparingRebalance, CompletingRebalance, Dead (not there). */
  readonly state: string
  readonly protocolType: string
  readonly protocol: string
  readonly members: readonly GroupMemberInfo[]
}

/** A group that is not there is 'Dead', without members. */
export function describeGroup(client: KafkaClient, groupId: string): Promise<GroupInfo> {
  return client.retrying(async () => {
    const coordinator = await client.coordinator(groupId)
    const [group] = (await coordinator.call(describeGroups, { groups: [groupId] })).groups
    const isMissing = group === undefined || group.errorCode === ErrorCode.GROUP_ID_NOT_FOUND
    if (isMissing) return { groupId, state: 'Dead', protocolType: '', protocol: '', members: [] }
    expectNone(`cannot describe group ${groupId}`, group.errorCode, group.errorMessage)
    const members = group.members.map((member) => ({
      memberId: member.memberId,
      instanceId: member.groupInstanceId,
      clientId: member.clientId,
      host: member.clientHost.replace(/^\//, ''),
      partitions: partitionsOf(member.memberAssignment),
    }))
    const { groupState: state, protocolType, protocolData: protocol } = group
    return { groupId, state, protocolType, protocol, members }
  })
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
