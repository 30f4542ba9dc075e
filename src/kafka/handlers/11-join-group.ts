/**
 * JoinGroup, versions 0 to 9: answered when the rebalance has a generation.
 *
 * 0 has one timeout for session and rebalance (KIP-62). 4+: the member id is given first (KIP-394).
 * 5+: static members (KIP-345). 9: a static leader may be told to skip the assignment (KIP-814).
 */
import type { Joined, JoinResult } from '../../group/membership.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { joinGroup, type JoinGroupReply } from '../../wire/messages/11-join-group.ts'
import type { Broker } from '../broker.ts'
import { hostOf } from '../request.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'

const memberIdFirstFrom = 4
const staticMembersFrom = 5
const protocolTypeFrom = 7
const skipAssignmentFrom = 9

export function joinGroupHandler({ groups }: Broker): Handler {
  return handler(joinGroup, async (request, { header, peer }) => {
    const { apiVersion, clientId } = header
    const { groupId, memberId, groupInstanceId: instanceId, sessionTimeoutMs } = request
    const { rebalanceTimeoutMs, protocolType, protocols, reason } = request
    const result = await groups.join({
      groupId,
      memberId,
      instanceId,
      clientId: clientId ?? '',
      clientHost: hostOf(peer),
      sessionTimeoutMs,
      rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs,
      protocolType,
      protocols,
      requireKnownMemberId: apiVersion >= memberIdFirstFrom,
      supportsSkippingAssignment: apiVersion >= skipAssignmentFrom,
      reason,
    })
    return { response: toReply(result, memberId, apiVersion) }
  })
}

function toReply(result: JoinResult, memberId: string, apiVersion: number): JoinGroupReply {
  switch (result.outcome) {
    case 'joined':
      return joined(result, apiVersion)
    case 'member-id-required':
      return notJoined(ErrorCode.MEMBER_ID_REQUIRED, result.memberId, apiVersion)
    case 'refused':
      return notJoined(groupRefusalCode(result.reason), memberId, apiVersion)
  }
}

function joined(result: Joined, apiVersion: number): JoinGroupReply {
  const { generation, protocolType, protocolName, leaderId, memberId, skipAssignment } = result
  const members = result.members.map(({ memberId: id, instanceId, metadata }) => {
    const member = { memberId: id, metadata }
    return apiVersion >= staticMembersFrom ? { ...member, groupInstanceId: instanceId } : member
  })
  const reply = {
    errorCode: ErrorCode.NONE,
    generationId: generation,
    protocolType,
    protocolName,
    leader: leaderId,
    memberId,
    members,
  }
  return apiVersion >= skipAssignmentFrom ? { ...reply, skipAssignment } : reply
}

function notJoined(errorCode: number, memberId: string, apiVersion: number): JoinGroupReply {
  const protocolName = apiVersion >= protocolTypeFrom ? null : ''
  return { errorCode, protocolName, leader: '', memberId, members: [] }
}
