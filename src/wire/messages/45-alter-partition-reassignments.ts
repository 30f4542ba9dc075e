/**
 * AlterPartitionReassignments, versions 0 to 1: which brokers hold a partition (KIP-455). Flexible
 * from the start.
 *
 * - 1: whether the count of replicas may change (KIP-860).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 45,
  name: 'AlterPartitionReassignments',
  versions: [0, 1],
  flexibleFrom: 0,
  request: {
    timeoutMs: 'int32 = 60000',
    allowReplicationFactorChange: 'boolean 1+ = true',
    topics: {
      _: 'struct[]',
      name: 'string',
      partitions: { _: 'struct[]', partitionIndex: 'int32', replicas: 'int32[]? = null' },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    allowReplicationFactorChange: 'boolean 1+ = true ignorable',
    errorCode: 'int16',
    errorMessage: 'string?',
    responses: {
      _: 'struct[]',
      name: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        errorMessage: 'string?',
      },
    },
  },
} as const

export const alterPartitionReassignments: Api<typeof definition> = api(definition)
export type AlterPartitionReassignmentsRequest = RequestOf<typeof definition>
export type AlterPartitionReassignmentsResponse = ResponseOf<typeof definition>
export type AlterPartitionReassignmentsReply = ReplyOf<typeof definition>
