/**
 * AddPartitionsToTxn, versions 0 to 5: registers partitions with a transaction before they are
 * written to (KIP-98).
 *
 * - 1: as 0. 2: PRODUCER_FENCED is an answer (KIP-588). 3: flexible.
 * - 4: many transactions at once, and looking without adding (KIP-890); meant for brokers. 5: as 4,
 *   with TRANSACTION_ABORTABLE.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 24,
  name: 'AddPartitionsToTxn',
  versions: [0, 5],
  flexibleFrom: 3,
  request: {
    transactions: {
      _: 'struct[] 4+',
      transactionalId: 'string',
      producerId: 'int64',
      producerEpoch: 'int16',
      verifyOnly: 'boolean = false',
      topics: { _: 'struct[]', name: 'string', partitions: 'int32[]' },
    },
    v3AndBelowTransactionalId: 'string 0-3',
    v3AndBelowProducerId: 'int64 0-3',
    v3AndBelowProducerEpoch: 'int16 0-3',
    v3AndBelowTopics: { _: 'struct[] 0-3', name: 'string', partitions: 'int32[]' },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16 4+ ignorable',
    resultsByTransaction: {
      _: 'struct[] 4+',
      transactionalId: 'string',
      topicResults: {
        _: 'struct[]',
        name: 'string',
        resultsByPartition: {
          _: 'struct[]',
          partitionIndex: 'int32',
          partitionErrorCode: 'int16',
        },
      },
    },
    resultsByTopicV3AndBelow: {
      _: 'struct[] 0-3',
      name: 'string',
      resultsByPartition: {
        _: 'struct[]',
        partitionIndex: 'int32',
        partitionErrorCode: 'int16',
      },
    },
  },
} as const

export const addPartitionsToTxn: Api<typeof definition> = api(definition)
export type AddPartitionsToTxnRequest = RequestOf<typeof definition>
export type AddPartitionsToTxnResponse = ResponseOf<typeof definition>
export type AddPartitionsToTxnReply = ReplyOf<typeof definition>
