/**
 * AlterReplicaLogDirs, versions 1 to 2: moves replicas between folders of a broker (KIP-113).
 *
 * - 2: flexible.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 34,
  name: 'AlterReplicaLogDirs',
  versions: [1, 2],
  flexibleFrom: 2,
  request: {
    dirs: {
      _: 'struct[]',
      path: 'string',
      topics: { _: 'struct[]', name: 'string', partitions: 'int32[]' },
    },
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    results: {
      _: 'struct[]',
      topicName: 'string',
      partitions: { _: 'struct[]', partitionIndex: 'int32', errorCode: 'int16' },
    },
  },
} as const

export const alterReplicaLogDirs: Api<typeof definition> = api(definition)
export type AlterReplicaLogDirsRequest = RequestOf<typeof definition>
export type AlterReplicaLogDirsResponse = ResponseOf<typeof definition>
export type AlterReplicaLogDirsReply = ReplyOf<typeof definition>
