/**
 * DescribeQuorum, versions 0 to 2: who keeps the metadata, and how far each is (KIP-595). Flexible
 * from the start.
 *
 * - 1: times of replicas (KIP-836). 2: messages, folders, listeners (KIP-853).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 55,
  name: 'DescribeQuorum',
  versions: [0, 2],
  flexibleFrom: 0,
  request: {
    topics: {
      _: 'struct[]',
      topicName: 'string',
      partitions: { _: 'struct[]', partitionIndex: 'int32' },
    },
  },
  response: {
    errorCode: 'int16',
    errorMessage: 'string? 2+ ignorable',
    topics: {
      _: 'struct[]',
      topicName: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        errorMessage: 'string? 2+ ignorable',
        leaderId: 'int32',
        leaderEpoch: 'int32',
        highWatermark: 'int64',
        currentVoters: {
          _: 'struct[]',
          replicaId: 'int32',
          replicaDirectoryId: 'uuid 2+',
          logEndOffset: 'int64',
          lastFetchTimestamp: 'int64 1+ = -1 ignorable',
          lastCaughtUpTimestamp: 'int64 1+ = -1 ignorable',
        },
        observers: {
          _: 'struct[]',
          replicaId: 'int32',
          replicaDirectoryId: 'uuid 2+',
          logEndOffset: 'int64',
          lastFetchTimestamp: 'int64 1+ = -1 ignorable',
          lastCaughtUpTimestamp: 'int64 1+ = -1 ignorable',
        },
      },
    },
    nodes: {
      _: 'struct[] 2+',
      nodeId: 'int32',
      listeners: { _: 'struct[]', name: 'string', host: 'string', port: 'uint16' },
    },
  },
} as const

export const describeQuorum: Api<typeof definition> = api(definition)
export type DescribeQuorumRequest = RequestOf<typeof definition>
export type DescribeQuorumResponse = ResponseOf<typeof definition>
export type DescribeQuorumReply = ReplyOf<typeof definition>
