/**
 * Heartbeat, versions 0 to 4: keeps a member of a classic group alive, and tells it of rebalances.
 *
 * - 1: throttle time. 2: as 1. 3: static members (KIP-345). 4: flexible.
 */
import { api } from '../message.ts'
import type { Api, ReplyOf, RequestOf, ResponseOf } from '../message.ts'

const definition = {
  key: 12,
  name: 'Heartbeat',
  versions: [0, 4],
  flexibleFrom: 4,
  request: {
    groupId: 'string',
    generationId: 'int32',
    memberId: 'string',
    groupInstanceId: 'string? 3+ = null',
  },
  response: {
    throttleTimeMs: 'int32 1+ ignorable',
    errorCode: 'int16',
  },
} as const

export const heartbeat: Api<typeof definition> = api(definition)
export type HeartbeatRequest = RequestOf<typeof definition>
export type HeartbeatResponse = ResponseOf<typeof definition>
export type HeartbeatReply = ReplyOf<typeof definition>
