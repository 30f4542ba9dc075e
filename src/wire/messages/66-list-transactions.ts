/**
 * ListTransactions, versions 0 to 2: transactional ids with their states (KIP-664).
 *
 * 1: of transactions that are open for so long (KIP-994). 2: by a pattern (KIP-1152).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 66,
  name: 'ListTransactions',
  versions: [0, 2],
  flexibleFrom: 0,
  request: {
    stateFilters: 'string[]',
    producerIdFilters: 'int64[]',
    durationFilter: 'int64 1+ = -1',
    transactionalIdPattern: 'string?2+ 2+ = null',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    unknownStateFilters: 'string[]',
    transactionStates: {
      _: 'struct[]',
      transactionalId: 'string',
      producerId: 'int64',
      transactionState: 'string',
    },
  },
} as const

export const listTransactions: Api<typeof definition> = api(definition)
export type ListTransactionsRequest = RequestOf<typeof definition>
export type ListTransactionsResponse = ResponseOf<typeof definition>
export type ListTransactionsReply = ReplyOf<typeof definition>
