/** Consumer groups as administrators see them (ConsumerGroupDescribe, KIP-848). */
import type { AnyGroupState } from '../decision.ts'
import type { RefusedGroup } from '../listing.ts'
import { refused } from '../refusal.ts'
import { consumerStateName } from './consumer-state.ts'
import type { ConsumerGroupState, ConsumerGroupStateName } from './consumer-state.ts'
import type { AssignorName } from './assignor.ts'
import { noPartitions, type PartitionSets, union } from './partition-sets.ts'

export interface DescribedConsumerMember {
  readonly memberId: string
  readonly instanceId: string | null
  readonly rackId: string | null
  readonly epoch: number
  readonly clientId: string
  readonly clientHost: string
  readonly topicNames: readonly string[]
  readonly topicPattern: string | null
  readonly assignment: PartitionSets
  readonly target: PartitionSets
  readonly isClassic: boolean
}

export interface DescribedConsumerGroup {
  readonly outcome: 'described'
  readonly groupId: string
  readonly state: ConsumerGroupStateName
  readonly epoch: number
  readonly assignmentEpoch: number
  readonly assignor: AssignorName
  readonly members: readonly DescribedConsumerMember[]
}

/** `group-not-found`: not there, or of the classic protocol. */
export type DescribeConsumerResult = DescribedConsumerGroup | RefusedGroup

export function describeConsumer(state: AnyGroupState): DescribeConsumerResult {
  if (state.type === 'consumer') return describeGroup(state)
  const { groupId } = state
  return { ...refused('group-not-found', `Group ${groupId} is not a consumer group.`), groupId }
}

function describeGroup(state: ConsumerGroupState): DescribedConsumerGroup {
  const { groupId, epoch, assignmentEpoch, assignor } = state
  return {
    outcome: 'described',
    groupId,
    state: consumerStateName(state),
    epoch,
    assignmentEpoch,
    assignor,
    members: Array.from(state.members.values(), (member) => ({
      memberId: member.memberId,
      instanceId: member.instanceId,
      rackId: member.rackId,
      epoch: member.epoch,
      clientId: member.clientId,
      clientHost: member.clientHost,
      topicNames: member.topicNames,
      topicPattern: member.topicPattern,
      assignment: union(member.assigned, member.revoking),
      target: state.target.get(member.memberId) ?? noPartitions,
      isClassic: member.classic !== null,
    })),
  }
}
