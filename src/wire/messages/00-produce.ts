/**
 * Produce, versions 3 to 13: appends record batches; acks=0 has no response.
 *
 * - 3: batches of format 2, transactional id (KIP-98). 4: as 3. 5: log start offset.
 * - 6: as 5. 7: zstd is allowed (KIP-110). 8: errors of single records (KIP-467).
 * - 9: flexible (KIP-482). 10: the current leader and its address, tagged (KIP-951).
 * - 11: as 10; transaction errors that may be aborted (KIP-890). 12: a transactional append joins its
 *   transaction without AddPartitionsToTxn (KIP-890). 13: topics by id (KIP-516).
 *
 * Versions 0 to 2 carry older record formats; they are advertised but not read, as by Kafka 4.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 0,
  name: 'Produce',
  versions: [3, 13],
  flexibleFrom: 9,
  // librdkafka before 2 looks for version 0 to find out what a broker can do (KAFKA-18659).
  advertisedMin: 0,
  request: {
    transactionalId: 'string? = null',
    acks: 'int16',
    timeoutMs: 'int32',
    topicData: {
      _: 'struct[]',
      name: 'string 3-12 ignorable',
      topicId: 'uuid 13+ ignorable',
      partitionData: {
        _: 'struct[]',
        index: 'int32',
        records: 'records?',
      },
    },
  },
  response: {
    responses: {
      _: 'struct[]',
      name: 'string 3-12 ignorable',
      topicId: 'uuid 13+ ignorable',
      partitionResponses: {
        _: 'struct[]',
        index: 'int32',
        errorCode: 'int16',
        baseOffset: 'int64',
        logAppendTimeMs: 'int64 = -1',
        logStartOffset: 'int64 5+ = -1 ignorable',
        recordErrors: {
          _: 'struct[] 8+ ignorable',
          batchIndex: 'int32',
          batchIndexErrorMessage: 'string? = null',
        },
        errorMessage: 'string? 8+ = null ignorable',
        currentLeader: {
          _: 'struct 10+ tag 0',
          leaderId: 'int32 = -1',
          leaderEpoch: 'int32 = -1',
        },
      },
    },
    throttleTimeMs: 'int32 = 0',
    nodeEndpoints: {
      _: 'struct[] 10+ tag 0',
      nodeId: 'int32',
      host: 'string',
      port: 'int32',
      rack: 'string? = null',
    },
  },
} as const

export const produce: Api<typeof definition> = api(definition)
export type ProduceRequest = RequestOf<typeof definition>
export type ProduceResponse = ResponseOf<typeof definition>
export type ProduceReply = ReplyOf<typeof definition>
