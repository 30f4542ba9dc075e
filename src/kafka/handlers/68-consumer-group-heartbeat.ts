/**
 * ConsumerGroupHeartbeat, versions 0 and 1 (KIP-848): members of consumer groups join, follow and
 * leave; the broker assigns. The answer has an assignment only where it is news to the member.
 */
import type { ConsumerHeartbeatResult } from '../../group/consumer/consumer-membership.ts'
import { partitionSets } from '../../group/consumer/partition-sets.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import {
  consumerGroupHeartbeat,
  type ConsumerGroupHeartbeatReply,
} from '../../wire/messages/68-consumer-group-heartbeat.ts'
import type { Broker } from '../broker.ts'
import { hostOf } from '../request.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'

const ownMemberIdFrom = 1

export function consumerGroupHeartbeatHandler({ groups }: Broker): Handler {
  return handler(consumerGroupHeartbeat, async (request, { header, peer }) => {
    const { topicPartitions, subscribedTopicNames: topicNames, rebalanceTimeoutMs } = request
    const owned = topicPartitions?.map(({ topicId, partitions }) => [topicId, partitions] as const)
    const result = await groups.consumerHeartbeat({
      groupId: request.groupId,
      memberId: request.memberId,
      memberEpoch: request.memberEpoch,
      instanceId: request.instanceId,
      rackId: request.rackId,
      rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? -1 : rebalanceTimeoutMs,
      topicNames,
      topicPattern: request.subscribedTopicRegex,
      assignor: request.serverAssignor,
      owned: owned === undefined ? null : partitionSets(owned),
      clientId: header.clientId ?? '',
      clientHost: hostOf(peer),
      requireMemberId: header.apiVersion >= ownMemberIdFrom,
    })
    return { response: toReply(result) }
  })
}

function toReply(result: ConsumerHeartbeatResult): ConsumerGroupHeartbeatReply {
  if (result.outcome === 'refused') {
    return {
      throttleTimeMs: 0,
      errorCode: groupRefusalCode(result.reason),
      errorMessage: result.detail,
      memberEpoch: 0,
      heartbeatIntervalMs: 0,
    }
  }
  const { memberId, memberEpoch, heartbeatIntervalMs, assignment } = result
  const reply = {
    throttleTimeMs: 0,
    errorCode: ErrorCode.NONE,
    memberId,
    memberEpoch,
    heartbeatIntervalMs,
  }
  if (assignment === null) return reply
  const topicPartitions = Array.from(assignment, ([topicId, partitions]) => {
    return { topicId, partitions }
  })
  return { ...reply, assignment: { topicPartitions } }
}
