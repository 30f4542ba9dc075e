/** What no member may say in a ConsumerGroupHeartbeat, whatever the group: Kafka's rules and words. */
import { groupLimits } from '../config.ts'
import type { GroupConfig } from '../config.ts'
import { refused } from '../refusal.ts'
import type { Refused } from '../refusal.ts'
import type { ConsumerHeartbeat } from './consumer-membership.ts'
import { goneForNow } from './consumer-state.ts'
import { countOf } from './partition-sets.ts'

export function flawOfHeartbeat(
  request: ConsumerHeartbeat,
  { consumerAssignors }: GroupConfig,
): Refused | undefined {
  const flaw = flawOfFields(request) ?? flawOfEpoch(request) ?? flawOfSizes(request)
  if (flaw !== undefined) return refused('invalid-request', flaw)
  const { assignor } = request
  if (assignor === null || consumerAssignors.some((name) => name === assignor)) return undefined
  const supported = consumerAssignors.toSorted().join(', ')
  const detail = `ServerAssignor ${assignor} is not supported. Supported assignors: ${supported}.`
  return refused('unsupported-assignor', detail)
}

function flawOfFields(request: ConsumerHeartbeat): string | undefined {
  const { memberId, memberEpoch, groupId, instanceId, rackId, requireMemberId } = request
  const mustHaveId = requireMemberId || memberEpoch > 0 || memberEpoch === -1
  if (mustHaveId && memberId.trim() === '') return "MemberId can't be empty."
  if (groupId.trim() === '') return "GroupId can't be empty."
  if (instanceId?.trim() === '') return "InstanceId can't be empty."
  if (rackId?.trim() === '') return "RackId can't be empty."
  return undefined
}

function flawOfEpoch(request: ConsumerHeartbeat): string | undefined {
  const { memberEpoch, rebalanceTimeoutMs, owned, topicNames, topicPattern } = request
  if (memberEpoch < goneForNow) return 'MemberEpoch is invalid.'
  if (memberEpoch === goneForNow && request.instanceId === null) return "InstanceId can't be null."
  if (memberEpoch !== 0) return undefined
  if (rebalanceTimeoutMs === -1) return 'RebalanceTimeoutMs must be provided in first request.'
  if (owned === null || owned.size > 0) return 'TopicPartitions must be empty when (re-)joining.'
  if (topicNames !== null || topicPattern !== null) return undefined
  const either = 'Either SubscribedTopicNames or SubscribedTopicRegex'
  return `${either} must be non-null when (re-)joining.`
}

/** Ours: a frame may hold more than a group should. */
function flawOfSizes({ topicNames, owned }: ConsumerHeartbeat): string | undefined {
  const { subscribedTopicsMax, offsetsPerCommitMax } = groupLimits
  if ((topicNames?.length ?? 0) > subscribedTopicsMax) {
    return `A member subscribes to at most ${subscribedTopicsMax} topics.`
  }
  if (owned === null || countOf(owned) <= offsetsPerCommitMax) return undefined
  return `A member has at most ${offsetsPerCommitMax} partitions.`
}
