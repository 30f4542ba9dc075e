/**
 * SyncGroup, versions 0 to 5: the leader of a classic group hands out assignments, the others get
 * theirs.
 *
 * - 1: throttle time. 2: as 1. 3: static members (KIP-345). 4: flexible. 5: protocol type and name
 *   (KIP-559).
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 14,
  name: 'SyncGroup',
  versions: [0, 5],
  flexibleFrom: 4,
  request: {
    groupId: 'string',
    generationId: 'int32',
    memberId: 'string',
    groupInstanceId: 'string? 3+ = null',
    protocolType: 'string? 5+ = null ignorable',
    protocolName: 'string? 5+ = null ignorable',
    assignments: {
      _: 'struct[]',
      memberId: 'string',
      assignment: 'bytes',
    },
  },
  response: {
    throttleTimeMs: 'int32 1+ ignorable',
    errorCode: 'int16',
    protocolType: 'string? 5+ = null ignorable',
    protocolName: 'string? 5+ = null ignorable',
    assignment: 'bytes',
  },
} as const

export const syncGroup: Api<typeof definition> = api(definition)
export type SyncGroupRequest = RequestOf<typeof definition>
export type SyncGroupResponse = ResponseOf<typeof definition>
export type SyncGroupReply = ReplyOf<typeof definition>
