/**
 * DescribeTopicPartitions, version 0: topics with their partitions, page by page (KIP-966).
 * Flexible from the start.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 75,
  name: 'DescribeTopicPartitions',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    topics: { _: 'struct[]', name: 'string' },
    responsePartitionLimit: 'int32 = 2000',
    cursor: { _: 'struct? = null', topicName: 'string', partitionIndex: 'int32' },
  },
  response: {
    throttleTimeMs: 'int32 = 0 ignorable',
    topics: {
      _: 'struct[]',
      errorCode: 'int16',
      name: 'string?',
      topicId: 'uuid ignorable',
      isInternal: 'boolean = false ignorable',
      partitions: {
        _: 'struct[]',
        errorCode: 'int16',
        partitionIndex: 'int32',
        leaderId: 'int32',
        leaderEpoch: 'int32 = -1 ignorable',
        replicaNodes: 'int32[]',
        isrNodes: 'int32[]',
        eligibleLeaderReplicas: 'int32[]? = null',
        lastKnownElr: 'int32[]? = null',
        offlineReplicas: 'int32[] ignorable',
      },
      topicAuthorizedOperations: 'int32 = -2147483648',
    },
    nextCursor: { _: 'struct? = null', topicName: 'string', partitionIndex: 'int32' },
  },
} as const

export const describeTopicPartitions: Api<typeof definition> = api(definition)
export type DescribeTopicPartitionsRequest = RequestOf<typeof definition>
export type DescribeTopicPartitionsResponse = ResponseOf<typeof definition>
export type DescribeTopicPartitionsReply = ReplyOf<typeof definition>
