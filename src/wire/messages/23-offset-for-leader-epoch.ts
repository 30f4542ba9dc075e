/**
 * OffsetForLeaderEpoch, versions 2 to 4: where a leader epoch ends (KIP-101, KIP-279, KIP-320).
 *
 * - 2: the client's leader epoch. 3: who asks. 4: flexible.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 23,
  name: 'OffsetForLeaderEpoch',
  versions: [2, 4],
  flexibleFrom: 4,
  request: {
    replicaId: 'int32 3+ = -2 ignorable',
    topics: {
      _: 'struct[]',
      topic: 'string',
      partitions: {
        _: 'struct[]',
        partition: 'int32',
        currentLeaderEpoch: 'int32 = -1',
        leaderEpoch: 'int32',
      },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    topics: {
      _: 'struct[]',
      topic: 'string',
      partitions: {
        _: 'struct[]',
        errorCode: 'int16',
        partition: 'int32',
        leaderEpoch: 'int32 = -1',
        endOffset: 'int64 = -1',
      },
    },
  },
} as const

export const offsetForLeaderEpoch: Api<typeof definition> = api(definition)
export type OffsetForLeaderEpochRequest = RequestOf<typeof definition>
export type OffsetForLeaderEpochResponse = ResponseOf<typeof definition>
export type OffsetForLeaderEpochReply = ReplyOf<typeof definition>
