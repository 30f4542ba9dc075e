/** DescribeProducers, version 0: who produces to partitions (KIP-664). Flexible from the start. */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 61,
  name: 'DescribeProducers',
  versions: [0, 0],
  flexibleFrom: 0,
  request: {
    topics: {
      _: 'struct[]',
      name: 'string',
      partitionIndexes: 'int32[]',
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    topics: {
      _: 'struct[]',
      name: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        errorMessage: 'string? = null',
        activeProducers: {
          _: 'struct[]',
          producerId: 'int64',
          producerEpoch: 'int32',
          lastSequence: 'int32 = -1',
          lastTimestamp: 'int64 = -1',
          coordinatorEpoch: 'int32',
          currentTxnStartOffset: 'int64 = -1',
        },
      },
    },
  },
} as const

export const describeProducers: Api<typeof definition> = api(definition)
export type DescribeProducersRequest = RequestOf<typeof definition>
export type DescribeProducersResponse = ResponseOf<typeof definition>
export type DescribeProducersReply = ReplyOf<typeof definition>
