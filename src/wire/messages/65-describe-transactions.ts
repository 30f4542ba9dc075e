/**
 * DescribeTransactions, version 0: the state of transactional ids (KIP-664).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 65,
  name: 'DescribeTransactions',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    transactionalIds: 'string[]',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    transactionStates: {
      _: 'struct[]',
      errorCode: 'int16',
      transactionalId: 'string',
      transactionState: 'string',
      transactionTimeoutMs: 'int32',
      transactionStartTimeMs: 'int64',
      producerId: 'int64',
      producerEpoch: 'int16',
      topics: { _: 'struct[]', topic: 'string', partitions: 'int32[]' },
    },
  },
} as const

export const describeTransactions: Api<typeof definition> = api(definition)
export type DescribeTransactionsRequest = RequestOf<typeof definition>
export type DescribeTransactionsResponse = ResponseOf<typeof definition>
export type DescribeTransactionsReply = ReplyOf<typeof definition>
