/**
 * CreatePartitions, versions 0 to 3: raises the number of a topic's partitions (KIP-195).
 *
 * - 1: as 0. 2: flexible. 3: quotas may refuse it (KIP-599).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 37,
  name: 'CreatePartitions',
  versions: [0, 3],
  flexibleFrom: 2,
  request: {
    topics: {
      _: 'struct[]',
      name: 'string',
      count: 'int32',
      assignments: {
        _: 'struct[]?',
        brokerIds: 'int32[]',
      },
    },
    timeoutMs: 'int32',
    validateOnly: 'boolean',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    results: {
      _: 'struct[]',
      name: 'string',
      errorCode: 'int16',
      errorMessage: 'string? = null',
    },
  },
} as const

export const createPartitions: Api<typeof definition> = api(definition)
export type CreatePartitionsRequest = RequestOf<typeof definition>
export type CreatePartitionsResponse = ResponseOf<typeof definition>
export type CreatePartitionsReply = ReplyOf<typeof definition>
