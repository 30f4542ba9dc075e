/**
 * WriteTxnMarkers, versions 1 to 2: ends a transaction in single partitions (KIP-98). Brokers of
 * Kafka tell each other so; of clients, Admin.abortTransaction uses it (KIP-664).
 *
 * 2: the version of the transaction (KIP-1228).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 27,
  name: 'WriteTxnMarkers',
  versions: [1, 2],
  flexibleFrom: 1,
  request: {
    markers: {
      _: 'struct[]',
      producerId: 'int64',
      producerEpoch: 'int16',
      transactionResult: 'boolean',
      topics: { _: 'struct[]', name: 'string', partitionIndexes: 'int32[]' },
      coordinatorEpoch: 'int32',
      transactionVersion: 'int8 2+ ignorable',
    },
  },
  response: {
    markers: {
      _: 'struct[]',
      producerId: 'int64',
      topics: {
        _: 'struct[]',
        name: 'string',
        partitions: { _: 'struct[]', partitionIndex: 'int32', errorCode: 'int16' },
      },
    },
  },
} as const

export const writeTxnMarkers: Api<typeof definition> = api(definition)
export type WriteTxnMarkersRequest = RequestOf<typeof definition>
export type WriteTxnMarkersResponse = ResponseOf<typeof definition>
export type WriteTxnMarkersReply = ReplyOf<typeof definition>
