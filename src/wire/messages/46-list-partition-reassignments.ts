/**
 * ListPartitionReassignments, version 0: what moves between brokers now (KIP-455). Flexible from
 * the start.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 46,
  name: 'ListPartitionReassignments',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    timeoutMs: 'int32 = 60000',
    topics: { _: 'struct[]? = null', name: 'string', partitionIndexes: 'int32[]' },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string?',
    topics: {
      _: 'struct[]',
      name: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        replicas: 'int32[]',
        addingReplicas: 'int32[]',
        removingReplicas: 'int32[]',
      },
    },
  },
} as const

export const listPartitionReassignments: Api<typeof definition> = api(definition)
export type ListPartitionReassignmentsRequest = RequestOf<typeof definition>
export type ListPartitionReassignmentsResponse = ResponseOf<typeof definition>
export type ListPartitionReassignmentsReply = ReplyOf<typeof definition>
