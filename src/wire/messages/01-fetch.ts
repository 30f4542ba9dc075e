/**
 * Fetch, versions 4 to 18: reads record batches, and waits for them.
 *
 * - 4: isolation level, aborted transactions (KIP-98). 5: log start offset. 6: as 5.
 * - 7: fetch sessions (KIP-227). 8: as 7. 9: current leader epoch (KIP-320). 10: zstd (KIP-110).
 * - 11: reading from a follower (KIP-392). 12: flexible, diverging epoch (KIP-595).
 * - 13: topics by id (KIP-516). 14: as 13; tiered storage errors (KIP-405). 15: replica state
 *   (KIP-903).
 * - 16: addresses of leaders, tagged (KIP-951). 17: directory of a replica (KIP-853).
 * - 18: high watermark known to a replica (KIP-1166).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 1,
  name: 'Fetch',
  versions: [4, 18],
  flexibleFrom: 12,
  request: {
    clusterId: 'string? 12+ tag 0 = null ignorable',
    replicaId: 'int32 4-14 = -1',
    replicaState: {
      _: 'struct 15+ tag 1',
      replicaId: 'int32 = -1',
      replicaEpoch: 'int64 = -1',
    },
    maxWaitMs: 'int32',
    minBytes: 'int32',
    maxBytes: 'int32 = 2147483647',
    isolationLevel: 'int8 = 0',
    sessionId: 'int32 7+ = 0 ignorable',
    sessionEpoch: 'int32 7+ = -1 ignorable',
    topics: {
      _: 'struct[]',
      topic: 'string 4-12 ignorable',
      topicId: 'uuid 13+ ignorable',
      partitions: {
        _: 'struct[]',
        partition: 'int32',
        currentLeaderEpoch: 'int32 9+ = -1 ignorable',
        fetchOffset: 'int64',
        lastFetchedEpoch: 'int32 12+ = -1',
        logStartOffset: 'int64 5+ = -1 ignorable',
        partitionMaxBytes: 'int32',
        replicaDirectoryId: 'uuid 17+ tag 0 ignorable',
        highWatermark: 'int64 18+ tag 1 = 9223372036854775807 ignorable',
      },
    },
    forgottenTopicsData: {
      _: 'struct[] 7+',
      topic: 'string 7-12 ignorable',
      topicId: 'uuid 13+ ignorable',
      partitions: 'int32[]',
    },
    rackId: 'string 11+ ignorable',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16 7+ ignorable',
    sessionId: 'int32 7+ = 0',
    responses: {
      _: 'struct[]',
      topic: 'string 4-12 ignorable',
      topicId: 'uuid 13+ ignorable',
      partitions: {
        _: 'struct[]',
        partitionIndex: 'int32',
        errorCode: 'int16',
        highWatermark: 'int64',
        lastStableOffset: 'int64 = -1',
        logStartOffset: 'int64 5+ = -1 ignorable',
        divergingEpoch: {
          _: 'struct 12+ tag 0',
          epoch: 'int32 = -1',
          endOffset: 'int64 = -1',
        },
        currentLeader: {
          _: 'struct 12+ tag 1',
          leaderId: 'int32 = -1',
          leaderEpoch: 'int32 = -1',
        },
        snapshotId: {
          _: 'struct 12+ tag 2',
          endOffset: 'int64 = -1',
          epoch: 'int32 = -1',
        },
        abortedTransactions: {
          _: 'struct[]?',
          producerId: 'int64',
          firstOffset: 'int64',
        },
        preferredReadReplica: 'int32 11+ = -1',
        records: 'records?',
      },
    },
    nodeEndpoints: {
      _: 'struct[] 16+ tag 0',
      nodeId: 'int32',
      host: 'string',
      port: 'int32',
      rack: 'string? = null',
    },
  },
} as const

export const fetch: Api<typeof definition> = api(definition)
export type FetchRequest = RequestOf<typeof definition>
export type FetchResponse = ResponseOf<typeof definition>
export type FetchReply = ReplyOf<typeof definition>
