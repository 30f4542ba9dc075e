/**
 * LeaveGroup, versions 0 to 5: members leave a classic group.
 *
 * - 1: throttle time. 2: as 1. 3: several members at once, also static ones (KIP-345): `memberId`
 *   gives way to `members`. 4: flexible. 5: reason (KIP-800).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 13,
  name: 'LeaveGroup',
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: 'string',
    memberId: 'string 0-2',
    members: {
      _: 'struct[] 3+',
      memberId: 'string',
      groupInstanceId: 'string? = null',
      reason: 'string? 5+ = null ignorable',
    },
  },
  response: {
    throttleTimeMs: 'int32 1+ ignorable',
    errorCode: 'int16',
    members: {
      _: 'struct[] 3+',
      memberId: 'string',
      groupInstanceId: 'string?',
      errorCode: 'int16',
    },
  },
} as const

export const leaveGroup: Api<typeof definition> = api(definition)
export type LeaveGroupRequest = RequestOf<typeof definition>
export type LeaveGroupResponse = ResponseOf<typeof definition>
export type LeaveGroupReply = ReplyOf<typeof definition>
