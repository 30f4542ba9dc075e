/** DeleteRecords, versions 0 to 2: raises log starts (KIP-107). 1: as 0. 2: flexible. */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 21,
  name: 'DeleteRecords',
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    topics: {
      _: 'struct[]',
      name: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        offset: 'int64',
      },
    },
    timeoutMs: 'int32',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    topics: {
      _: 'struct[]',
      name: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        lowWatermark: 'int64',
        errorCode: 'int16',
      },
    },
  },
} as const

export const deleteRecords: Api<typeof definition> = api(definition)
export type DeleteRecordsRequest = RequestOf<typeof definition>
export type DeleteRecordsResponse = ResponseOf<typeof definition>
export type DeleteRecordsReply = ReplyOf<typeof definition>
