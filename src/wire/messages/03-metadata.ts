/**
 * Metadata, versions 0 to 13: brokers, and the leaders of topics' partitions.
 *
 * - 0: no topics asked means all. 1: null means all; racks, controller. 2: cluster id (KIP-78). 3: as 2.
 * - 4: whether topics may be made (KIP-204). 5: offline replicas (KIP-112). 6: as 5. 7: leader epoch
 *   (KIP-320).
 * - 8: authorized operations (KIP-430). 9: flexible. 10: topic ids (KIP-516). 11: no more operations
 *   of the cluster (KIP-700). 12: topics by id alone. 13: an error for the whole answer
 *   (KIP-1102).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 3,
  name: 'Metadata',
  versions: [0, 13],
  flexibleFrom: 9,
  request: {
    topics: {
      _: 'struct[]?1+',
      topicId: 'uuid 10+ ignorable',
      name: 'string?10+',
    },
    allowAutoTopicCreation: 'boolean 4+ = true',
    includeClusterAuthorizedOperations: 'boolean 8-10',
    includeTopicAuthorizedOperations: 'boolean 8+',
  },
  response: {
    throttleTimeMs: 'int32 3+ ignorable',
    brokers: {
      _: 'struct[]',
      nodeId: 'int32',
      host: 'string',
      port: 'int32',
      rack: 'string? 1+ = null ignorable',
    },
    clusterId: 'string? 2+ = null ignorable',
    controllerId: 'int32 1+ = -1 ignorable',
    topics: {
      _: 'struct[]',
      errorCode: 'int16',
      name: 'string?12+',
      topicId: 'uuid 10+ ignorable',
      isInternal: 'boolean 1+ = false ignorable',
      partitions: {
        _: 'struct[]',
        errorCode: 'int16',
        partitionIndex: 'int32',
        leaderId: 'int32',
        leaderEpoch: 'int32 7+ = -1 ignorable',
        replicaNodes: 'int32[]',
        isrNodes: 'int32[]',
        offlineReplicas: 'int32[] 5+ ignorable',
      },
      topicAuthorizedOperations: 'int32 8+ = -2147483648',
    },
    clusterAuthorizedOperations: 'int32 8-10 = -2147483648',
    errorCode: 'int16 13+ ignorable',
  },
} as const

export const metadata: Api<typeof definition> = api(definition)
export type MetadataRequest = RequestOf<typeof definition>
export type MetadataResponse = ResponseOf<typeof definition>
export type MetadataReply = ReplyOf<typeof definition>
