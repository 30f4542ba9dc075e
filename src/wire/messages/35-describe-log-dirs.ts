/**
 * DescribeLogDirs, versions 1 to 5: where partitions lie, and how large they are (KIP-113).
 *
 * - 2: flexible. 3: an error of the whole. 4: size of the volume (KIP-827). 5: cordoned folders
 *   (KIP-1066).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 35,
  name: 'DescribeLogDirs',
  versions: [1, 5],
  flexibleFrom: 2,
  request: {
    topics: { _: 'struct[]?', topic: 'string', partitions: 'int32[]' },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16 3+ ignorable',
    results: {
      _: 'struct[]',
      errorCode: 'int16',
      logDir: 'string',
      topics: {
        _: 'struct[]',
        name: 'string',
        partitions: {
          _: 'struct[]',
          partitionIndex: 'int32',
          partitionSize: 'int64',
          offsetLag: 'int64',
          isFutureKey: 'boolean',
        },
      },
      totalBytes: 'int64 4+ = -1 ignorable',
      usableBytes: 'int64 4+ = -1 ignorable',
      isCordoned: 'boolean 5+ ignorable',
    },
  },
} as const

export const describeLogDirs: Api<typeof definition> = api(definition)
export type DescribeLogDirsRequest = RequestOf<typeof definition>
export type DescribeLogDirsResponse = ResponseOf<typeof definition>
export type DescribeLogDirsReply = ReplyOf<typeof definition>
