/**
 * ElectLeaders, versions 0 to 2: lets partitions elect their leader anew (KIP-183).
 *
 * - 1: the kind of election, an error for the whole answer (KIP-460). 2: flexible.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 43,
  name: 'ElectLeaders',
  versions: [0, 2],
  flexibleFrom: 2,
  request: {
    electionType: 'int8 1+',
    topicPartitions: { _: 'struct[]?', topic: 'string', partitions: 'int32[]' },
    timeoutMs: 'int32 = 60000',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16 1+',
    replicaElectionResults: {
      _: 'struct[]',
      topic: 'string',
      partitionResult: {
        _: 'struct[]',
        partitionId: 'int32',
        errorCode: 'int16',
        errorMessage: 'string?',
      },
    },
  },
} as const

export const electLeaders: Api<typeof definition> = api(definition)
export type ElectLeadersRequest = RequestOf<typeof definition>
export type ElectLeadersResponse = ResponseOf<typeof definition>
export type ElectLeadersReply = ReplyOf<typeof definition>
