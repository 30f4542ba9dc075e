/**
 * DescribeCluster, versions 0 to 2: brokers, controller and cluster id (KIP-700). Flexible from the
 * start.
 *
 * - 1: brokers or controllers (KIP-919). 2: fenced brokers on demand (KIP-1073).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 60,
  name: 'DescribeCluster',
  versions: [0, 2],
  flexibleFrom: 0,
  request: {
    includeClusterAuthorizedOperations: 'boolean',
    endpointType: 'int8 1+ = 1',
    includeFencedBrokers: 'boolean 2+',
  },
  response: {
    throttleTimeMs: 'int32 = 0',
    errorCode: 'int16',
    errorMessage: 'string? = null',
    endpointType: 'int8 1+ = 1',
    clusterId: 'string',
    controllerId: 'int32 = -1',
    brokers: {
      _: 'struct[]',
      brokerId: 'int32',
      host: 'string',
      port: 'int32',
      rack: 'string? = null',
      isFenced: 'boolean 2+',
    },
    clusterAuthorizedOperations: 'int32 = -2147483648',
  },
} as const

export const describeCluster: Api<typeof definition> = api(definition)
export type DescribeClusterRequest = RequestOf<typeof definition>
export type DescribeClusterResponse = ResponseOf<typeof definition>
export type DescribeClusterReply = ReplyOf<typeof definition>
