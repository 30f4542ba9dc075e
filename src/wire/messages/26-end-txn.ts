/**
 * EndTxn, versions 0 to 5: commits or aborts a transaction (KIP-98).
 *
 * 1: as 0. 2: PRODUCER_FENCED is an answer (KIP-588). 3: flexible. 4: TRANSACTION_ABORTABLE. 5: the
 * epoch rises with every transaction, and the answer tells it (KIP-890).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 26,
  name: 'EndTxn',
  versions: [0, 5],
  flexibleFrom: 3,
  request: {
    transactionalId: 'string',
    producerId: 'int64',
    producerEpoch: 'int16',
    committed: 'boolean',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    producerId: 'int64 5+ = -1 ignorable',
    producerEpoch: 'int16 5+ = -1 ignorable',
  },
} as const

export const endTxn: Api<typeof definition> = api(definition)
export type EndTxnRequest = RequestOf<typeof definition>
export type EndTxnResponse = ResponseOf<typeof definition>
export type EndTxnReply = ReplyOf<typeof definition>
