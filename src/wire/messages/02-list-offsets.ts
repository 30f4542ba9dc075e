/**
 * ListOffsets, versions 1 to 11: the offset for a timestamp, or for a special one.
 *
 * - 1: one offset per partition. 2: isolation level (KIP-98). 3: as 2. 4: leader epochs (KIP-320). 5:
 *   as 4.
 * - 6: flexible. 7: -3, the record with the highest timestamp (KIP-734). 8: -4, the earliest local
 *   one (KIP-405).
 * - 9: -5, the latest tiered one (KIP-1005). 10: timeout (KIP-1075). 11: -6, the earliest not yet
 *   tiered (KIP-1023).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 2,
  name: 'ListOffsets',
  versions: [1, 11],
  flexibleFrom: 6,
  request: {
    replicaId: 'int32',
    isolationLevel: 'int8 2+',
    topics: {
      _: 'struct[]',
      name: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        currentLeaderEpoch: 'int32 4+ = -1 ignorable',
        timestamp: 'int64',
      },
    },
    timeoutMs: 'int32 10+ ignorable',
  },
  response: {
    throttleTimeMs: 'int32 2+ ignorable',
    topics: {
      _: 'struct[]',
      name: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        timestamp: 'int64 = -1',
        offset: 'int64 = -1',
        leaderEpoch: 'int32 4+ = -1',
      },
    },
  },
} as const

export const listOffsets: Api<typeof definition> = api(definition)
export type ListOffsetsRequest = RequestOf<typeof definition>
export type ListOffsetsResponse = ResponseOf<typeof definition>
export type ListOffsetsReply = ReplyOf<typeof definition>
