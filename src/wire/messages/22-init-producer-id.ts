/**
 * InitProducerId, versions 0 to 5: gives a producer its id and epoch, and fences older ones.
 *
 * - 1: as 0. 2: flexible. 3: the producer tells the id and epoch that it has (KIP-360). 4:
 *   PRODUCER_FENCED is an answer (KIP-588). 5: transaction errors that may be aborted (KIP-890).
 *
 * Version 6 (two-phase commit, KIP-939) is unstable in Kafka 4.3 and not advertised.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 22,
  name: 'InitProducerId',
  versions: [0, 5],
  flexibleFrom: 2,
  request: {
    transactionalId: 'string?',
    transactionTimeoutMs: 'int32',
    producerId: 'int64 3+ = -1',
    producerEpoch: 'int16 3+ = -1',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    producerId: 'int64 = -1',
    producerEpoch: 'int16',
  },
} as const

export const initProducerId: Api<typeof definition> = api(definition)
export type InitProducerIdRequest = RequestOf<typeof definition>
export type InitProducerIdResponse = ResponseOf<typeof definition>
export type InitProducerIdReply = ReplyOf<typeof definition>
