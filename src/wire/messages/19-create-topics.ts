/**
 * CreateTopics, versions 2 to 7.
 *
 * - 3: as 2. 4: -1 partitions or replicas mean the default (KIP-464). 5: flexible, the topic's
 *   configs are in the answer (KIP-525). 6: quotas may refuse it (KIP-599). 7: topic id (KIP-516).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 19,
  name: 'CreateTopics',
  versions: [2, 7],
  flexibleFrom: 5,
  request: {
    topics: {
      _: 'struct[]',
      name: 'string',
      numPartitions: 'int32',
      replicationFactor: 'int16',
      assignments: {
        _: 'struct[]',
        partitionIndex: 'int32',
        brokerIds: 'int32[]',
      },
      configs: {
        _: 'struct[]',
        name: 'string',
        value: 'string?',
      },
    },
    timeoutMs: 'int32 = 60000',
    validateOnly: 'boolean = false',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    topics: {
      _: 'struct[]',
      name: 'string',
      topicId: 'uuid 7+ ignorable',
      errorCode: 'int16',
      errorMessage: 'string?',
      topicConfigErrorCode: 'int16 5+ tag 0 ignorable',
      numPartitions: 'int32 5+ = -1 ignorable',
      replicationFactor: 'int16 5+ = -1 ignorable',
      configs: {
        _: 'struct[]? 5+ ignorable',
        name: 'string',
        value: 'string?',
        readOnly: 'boolean',
        configSource: 'int8 = -1',
        isSensitive: 'boolean',
      },
    },
  },
} as const

export const createTopics: Api<typeof definition> = api(definition)
export type CreateTopicsRequest = RequestOf<typeof definition>
export type CreateTopicsResponse = ResponseOf<typeof definition>
export type CreateTopicsReply = ReplyOf<typeof definition>
