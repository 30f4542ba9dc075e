/** OffsetDelete, version 0: deletes committed offsets of a group (KIP-496). */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 47,
  name: 'OffsetDelete',
  versions: [0, 0],
  request: {
    groupId: 'string',
    topics: {
      _: 'struct[]',
      name: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
      },
    },
  },
  response: {
    errorCode: 'int16',
    throttleTimeMs: 'int32 = 0',
    topics: {
      _: 'struct[]',
      name: 'string',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
      },
    },
  },
} as const

export const offsetDelete: Api<typeof definition> = api(definition)
export type OffsetDeleteRequest = RequestOf<typeof definition>
export type OffsetDeleteResponse = ResponseOf<typeof definition>
export type OffsetDeleteReply = ReplyOf<typeof definition>
