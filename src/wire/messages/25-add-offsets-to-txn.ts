/**
 * AddOffsetsToTxn, versions 0 to 4: registers a consumer group whose offsets a transaction will
 * commit (KIP-98).
 *
 * 1: as 0. 2: PRODUCER_FENCED is an answer (KIP-588). 3: flexible. 4: TRANSACTION_ABORTABLE
 * (KIP-890).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 25,
  name: 'AddOffsetsToTxn',
  versions: [0, 4],
  flexibleFrom: 3,
  request: {
    transactionalId: 'string',
    producerId: 'int64',
    producerEpoch: 'int16',
    groupId: 'string',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
  },
} as const

export const addOffsetsToTxn: Api<typeof definition> = api(definition)
export type AddOffsetsToTxnRequest = RequestOf<typeof definition>
export type AddOffsetsToTxnResponse = ResponseOf<typeof definition>
export type AddOffsetsToTxnReply = ReplyOf<typeof definition>
