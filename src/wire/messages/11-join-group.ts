/**
 * JoinGroup, versions 0 to 9: a member enters a classic group, and waits for the others.
 *
 * - 1: rebalance timeout apart from the session's (KIP-62). 2, 3: as 1. 4: the member id is given
 *   first (KIP-394).
 * - 5: static members (KIP-345). 6: flexible. 7: protocol type in the answer (KIP-559). 8: reason
 *   (KIP-800).
 * - 9: a static leader may skip the assignment (KIP-814).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 11,
  name: 'JoinGroup',
  versions: [0, 9],
  flexibleFrom: 6,
  request: {
    groupId: 'string',
    sessionTimeoutMs: 'int32',
    rebalanceTimeoutMs: 'int32 1+ = -1 ignorable',
    memberId: 'string',
    groupInstanceId: 'string? 5+ = null',
    protocolType: 'string',
    protocols: {
      _: 'struct[]',
      name: 'string',
      metadata: 'bytes',
    },
    reason: 'string? 8+ = null ignorable',
  },
  response: {
    throttleTimeMs: 'int32 2+ ignorable',
    errorCode: 'int16',
    generationId: 'int32 = -1',
    protocolType: 'string? 7+ = null ignorable',
    protocolName: 'string?7+',
    leader: 'string',
    skipAssignment: 'boolean 9+ = false',
    memberId: 'string',
    members: {
      _: 'struct[]',
      memberId: 'string',
      groupInstanceId: 'string? 5+ = null ignorable',
      metadata: 'bytes',
    },
  },
} as const

export const joinGroup: Api<typeof definition> = api(definition)
export type JoinGroupRequest = RequestOf<typeof definition>
export type JoinGroupResponse = ResponseOf<typeof definition>
export type JoinGroupReply = ReplyOf<typeof definition>
