/**
 * OffsetCommit, versions 2 to 10: stores offsets of a consumer group.
 *
 * - 2: retention by request. 3: as 2. 5: no more retention by request (KIP-211). 6: leader epoch
 *   (KIP-320).
 * - 7: static members (KIP-345). 8: flexible. 9: for the new group protocol, too (KIP-848).
 * - 10: topics by id (KIP-848).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 8,
  name: 'OffsetCommit',
  versions: [2, 10],
  flexibleFrom: 8,
  request: {
    groupId: 'string',
    generationIdOrMemberEpoch: 'int32 = -1',
    memberId: 'string',
    groupInstanceId: 'string? 7+ = null',
    retentionTimeMs: 'int64 2-4 = -1 ignorable',
    topics: {
      _: 'struct[]',
      name: 'string 2-9 ignorable',
      topicId: 'uuid 10+ ignorable',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        committedOffset: 'int64',
        committedLeaderEpoch: 'int32 6+ = -1 ignorable',
        committedMetadata: 'string?',
      },
    },
  },
  response: {
    throttleTimeMs: 'int32 3+ ignorable',
    topics: {
      _: 'struct[]',
      name: 'string 2-9 ignorable',
      topicId: 'uuid 10+ ignorable',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
      },
    },
  },
} as const

export const offsetCommit: Api<typeof definition> = api(definition)
export type OffsetCommitRequest = RequestOf<typeof definition>
export type OffsetCommitResponse = ResponseOf<typeof definition>
export type OffsetCommitReply = ReplyOf<typeof definition>
