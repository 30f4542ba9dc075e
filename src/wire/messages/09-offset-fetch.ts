/**
 * OffsetFetch, versions 1 to 10: the committed offsets of groups.
 *
 * - 2: null means all topics; an error for the group. 3: as 2. 5: leader epoch (KIP-320). 6:
 *   flexible.
 * - 7: only stable offsets (KIP-447). 8: several groups at once (KIP-709): the older fields give way
 *   to `groups`.
 * - 9: member id and epoch (KIP-848). 10: topics by id (KIP-848).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 9,
  name: 'OffsetFetch',
  versions: [1, 10],
  flexibleFrom: 6,
  request: {
    groupId: 'string 1-7',
    topics: {
      _: 'struct[]?2+ 1-7',
      name: 'string',
      partitionIndexes: 'int32[]',
    },
    groups: {
      _: 'struct[] 8+',
      groupId: 'string',
      memberId: 'string? 9+ = null ignorable',
      memberEpoch: 'int32 9+ = -1 ignorable',
      topics: {
        _: 'struct[]?',
        name: 'string 8-9 ignorable',
        topicId: 'uuid 10+ ignorable',
        partitionIndexes: 'int32[]',
      },
    },
    requireStable: 'boolean 7+ = false',
  },
  response: {
    throttleTimeMs: 'int32 3+ ignorable',
    topics: {
      _: 'struct[] 1-7',
      name: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        committedOffset: 'int64',
        committedLeaderEpoch: 'int32 5-7 = -1 ignorable',
        metadata: 'string?',
        errorCode: 'int16',
      },
    },
    errorCode: 'int16 2-7 = 0 ignorable',
    groups: {
      _: 'struct[] 8+',
      groupId: 'string',
      topics: {
        _: 'struct[]',
        name: 'string 8-9 ignorable',
        topicId: 'uuid 10+ ignorable',
        partitions: {
          _: 'struct[]',
          partitionIndex: 'int32',
          committedOffset: 'int64',
          committedLeaderEpoch: 'int32 = -1',
          metadata: 'string?',
          errorCode: 'int16',
        },
      },
      errorCode: 'int16 = 0',
    },
  },
} as const

export const offsetFetch: Api<typeof definition> = api(definition)
export type OffsetFetchRequest = RequestOf<typeof definition>
export type OffsetFetchResponse = ResponseOf<typeof definition>
export type OffsetFetchReply = ReplyOf<typeof definition>
