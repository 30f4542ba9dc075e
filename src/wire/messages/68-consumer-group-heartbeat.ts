/**
 * ConsumerGroupHeartbeat, versions 0 and 1: joining, following and leaving a consumer group
 * (KIP-848).
 *
 * - 1: subscription by regular expression; the member chooses its id (KIP-1082).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 68,
  name: 'ConsumerGroupHeartbeat',
  versions: [0, 1],
  flexibleFrom: 0,
  request: {
    groupId: 'string',
    memberId: 'string',
    memberEpoch: 'int32',
    instanceId: 'string? = null',
    rackId: 'string? = null',
    rebalanceTimeoutMs: 'int32 = -1',
    subscribedTopicNames: 'string[]? = null',
    subscribedTopicRegex: 'string? 1+ = null',
    serverAssignor: 'string? = null',
    topicPartitions: { _: 'struct[]? = null', topicId: 'uuid', partitions: 'int32[]' },
  },
  response: {
    throttleTimeMs: 'int32',
    errorCode: 'int16',
    errorMessage: 'string? = null',
    memberId: 'string? = null',
    memberEpoch: 'int32',
    heartbeatIntervalMs: 'int32',
    assignment: {
      _: 'struct? = null',
      topicPartitions: { _: 'struct[]', topicId: 'uuid', partitions: 'int32[]' },
    },
  },
} as const

export const consumerGroupHeartbeat: Api<typeof definition> = api(definition)
export type ConsumerGroupHeartbeatRequest = RequestOf<typeof definition>
export type ConsumerGroupHeartbeatResponse = ResponseOf<typeof definition>
export type ConsumerGroupHeartbeatReply = ReplyOf<typeof definition>
