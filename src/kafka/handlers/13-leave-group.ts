/**
 * LeaveGroup, versions 0 to 5: members leave a classic group. Several at once, also by instance id:
 * 3+ (KIP-345).
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import { leaveGroup } from '../../wire/messages/13-leave-group.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'

const severalMembersFrom = 3

export function leaveGroupHandler({ groups }: Broker): Handler {
  return handler(leaveGroup, async ({ groupId, memberId, members }, { header }) => {
    const isSeveral = header.apiVersion >= severalMembersFrom
    const leaving = isSeveral
      ? members.map(({ groupInstanceId, ...member }) => ({
          ...member,
          instanceId: groupInstanceId,
        }))
      : [{ memberId, instanceId: null, reason: null }]
    const result = await groups.leave({ groupId, members: leaving })
    if (result.outcome === 'refused') {
      const errorCode = groupRefusalCode(result.reason)
      return { response: isSeveral ? { errorCode, members: [] } : { errorCode } }
    }
    const left = result.members.map(({ memberId: id, instanceId, refusal }) => ({
      memberId: id,
      groupInstanceId: instanceId,
      errorCode: refusal === null ? ErrorCode.NONE : groupRefusalCode(refusal),
    }))
    if (isSeveral) return { response: { errorCode: ErrorCode.NONE, members: left } }
    return { response: { errorCode: left[0]?.errorCode ?? ErrorCode.NONE } }
  })
}
