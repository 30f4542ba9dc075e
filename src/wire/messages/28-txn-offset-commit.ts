/**
 * TxnOffsetCommit, versions 0 to 5: offsets that a consumer group has committed once the
 * transaction has (KIP-98).
 *
 * - 1: as 0. 2: leader epochs (KIP-320). 3: flexible; the member and its generation (KIP-447).
 * - 4: TRANSACTION_ABORTABLE (KIP-890). 5: joins the transaction without AddOffsetsToTxn.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 28,
  name: 'TxnOffsetCommit',
  versions: [0, 5],
  flexibleFrom: 3,
  request: {
    transactionalId: 'string',
    groupId: 'string',
    producerId: 'int64',
    producerEpoch: 'int16',
    generationId: 'int32 3+ = -1',
    memberId: 'string 3+',
    groupInstanceId: 'string?3+ 3+ = null',
    topics: {
      _: 'struct[]',
      name: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        committedOffset: 'int64',
        committedLeaderEpoch: 'int32 2+ = -1 ignorable',
        committedMetadata: 'string?',
      },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    topics: {
      _: 'struct[]',
      name: 'string',
      partitions: { _: 'struct[]', partitionIndex: 'int32', errorCode: 'int16' },
    },
  },
} as const

export const txnOffsetCommit: Api<typeof definition> = api(definition)
export type TxnOffsetCommitRequest = RequestOf<typeof definition>
export type TxnOffsetCommitResponse = ResponseOf<typeof definition>
export type TxnOffsetCommitReply = ReplyOf<typeof definition>
