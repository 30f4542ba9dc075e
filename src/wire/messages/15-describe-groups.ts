/**
 * DescribeGroups, versions 0 to 6: state and members of classic groups.
 *
 * - 1: throttle time. 2: as 1. 3: authorized operations (KIP-430). 4: static members (KIP-345). 5:
 *   flexible.
 * - 6: an error message; unknown groups are an error (KIP-1043).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 15,
  name: 'DescribeGroups',
  versions: [0, 6],
  flexibleFrom: 5,
  request: {
    groups: 'string[]',
    includeAuthorizedOperations: 'boolean 3+',
  },
  response: {
    throttleTimeMs: 'int32 1+ ignorable',
    groups: {
      _: 'struct[]',
      errorCode: 'int16',
      errorMessage: 'string? 6+ = null',
      groupId: 'string',
      groupState: 'string',
      protocolType: 'string',
      protocolData: 'string',
      members: {
        _: 'struct[]',
        memberId: 'string',
        groupInstanceId: 'string? 4+ = null ignorable',
        clientId: 'string',
        clientHost: 'string',
        memberMetadata: 'bytes',
        memberAssignment: 'bytes',
      },
      authorizedOperations: 'int32 3+ = -2147483648',
    },
  },
} as const

export const describeGroups: Api<typeof definition> = api(definition)
export type DescribeGroupsRequest = RequestOf<typeof definition>
export type DescribeGroupsResponse = ResponseOf<typeof definition>
export type DescribeGroupsReply = ReplyOf<typeof definition>
