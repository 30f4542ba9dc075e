/**
 * ConsumerGroupDescribe, versions 0 and 1 (KIP-848, 1099): epochs, members and assignments of
 * consumer groups. A group of the classic protocol is not found here.
 */
import type {
  DescribeConsumerResult,
  DescribedConsumerMember,
} from '../../group/consumer/consumer-views.ts'
import type { PartitionSets } from '../../group/consumer/partition-sets.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  consumerGroupDescribe,
  type ConsumerGroupDescribeReply,
} from '../../wire/messages/69-consumer-group-describe.ts'
import { groupOperations, notAsked } from '../authorized-operations.ts'
import type { Broker } from '../broker.ts'
import { groupStateText } from '../group-state-text.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'

type GroupReply = ConsumerGroupDescribeReply['groups'][number]
type MemberReply = GroupReply['members'][number]

const memberTypes = { classic: 0, consumer: 1 } as const

export function consumerGroupDescribeHandler(broker: Broker): Handler {
  return handler(consumerGroupDescribe, async (request) => {
    // Each once, however often it is named: an answer is not to be larger than what there is.
    const results = await broker.groups.describeConsumer([...new Set(request.groupIds)])
    const authorizedOperations = request.includeAuthorizedOperations ? groupOperations : notAsked
    const groups = results.map((result) => toReply(broker, result, authorizedOperations))
    return { response: { throttleTimeMs: 0, groups } }
  })
}

function toReply(
  broker: Broker,
  result: DescribeConsumerResult,
  authorizedOperations: number,
): GroupReply {
  const { groupId } = result
  if (result.outcome === 'refused') {
    return {
      errorCode: groupRefusalCode(result.reason),
      errorMessage: result.reason === 'invalid-group-id' ? null : result.detail,
      groupId,
      groupState: '',
      groupEpoch: 0,
      assignmentEpoch: 0,
      assignorName: '',
      members: [],
    }
  }
  const { state, epoch, assignmentEpoch, assignor, members } = result
  return {
    errorCode: ErrorCode.NONE,
    groupId,
    groupState: groupStateText(state),
    groupEpoch: epoch,
    assignmentEpoch,
    assignorName: assignor,
    members: members.map((member) => toMember(broker, member)),
    authorizedOperations,
  }
}

function toMember(broker: Broker, member: DescribedConsumerMember): MemberReply {
  const { memberId, instanceId, rackId, epoch, clientId, clientHost, isClassic } = member
  return {
    memberId,
    instanceId,
    rackId,
    memberEpoch: epoch,
    clientId,
    clientHost,
    subscribedTopicNames: member.topicNames,
    subscribedTopicRegex: member.topicPattern ?? '',
    assignment: toAssignment(broker, member.assignment),
    targetAssignment: toAssignment(broker, member.target),
    memberType: isClassic ? memberTypes.classic : memberTypes.consumer,
  }
}

/** Topics that are gone since are left out. */
function toAssignment({ topics }: Broker, sets: PartitionSets): MemberReply['assignment'] {
  const topicPartitions = [...sets].flatMap(([topicId, partitions]) => {
    const topic = topics.byId(topicId)
    return topic === undefined ? [] : [{ topicId, topicName: topic.name, partitions }]
  })
  return { topicPartitions }
}
