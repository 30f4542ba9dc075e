/**
 * ConsumerGroupDescribe, versions 0 and 1: state, members and assignments of consumer groups
 * (KIP-848).
 *
 * - 1: which protocol a member speaks (KIP-1099).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 69,
  name: 'ConsumerGroupDescribe',
  versions: [0, 1],
  flexibleFrom: 0,
  request: {
    groupIds: 'string[]',
    includeAuthorizedOperations: 'boolean',
  },
  response: {
    throttleTimeMs: 'int32',
    groups: {
      _: 'struct[]',
      errorCode: 'int16',
      errorMessage: 'string? = null',
      groupId: 'string',
      groupState: 'string',
      groupEpoch: 'int32',
      assignmentEpoch: 'int32',
      assignorName: 'string',
      members: {
        _: 'struct[]',
        memberId: 'string',
        instanceId: 'string? = null',
        rackId: 'string? = null',
        memberEpoch: 'int32',
        clientId: 'string',
        clientHost: 'string',
        subscribedTopicNames: 'string[]',
        subscribedTopicRegex: 'string? = null',
        assignment: {
          _: 'struct',
          topicPartitions: {
            _: 'struct[]',
            topicId: 'uuid',
            topicName: 'string',
            partitions: 'int32[]',
          },
        },
        targetAssignment: {
          _: 'struct',
          topicPartitions: {
            _: 'struct[]',
            topicId: 'uuid',
            topicName: 'string',
            partitions: 'int32[]',
          },
        },
        memberType: 'int8 1+ = -1 ignorable',
      },
      authorizedOperations: 'int32 = -2147483648',
    },
  },
} as const

export const consumerGroupDescribe: Api<typeof definition> = api(definition)
export type ConsumerGroupDescribeRequest = RequestOf<typeof definition>
export type ConsumerGroupDescribeResponse = ResponseOf<typeof definition>
export type ConsumerGroupDescribeReply = ReplyOf<typeof definition>
