/** Heartbeat, versions 0 to 4: keeps a member of a classic group; tells it to join again. */
import { ErrorCode } from '../../wire/error-codes.ts'
import { heartbeat } from '../../wire/messages/12-heartbeat.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'

export function heartbeatHandler({ groups }: Broker): Handler {
  return handler(heartbeat, async (request) => {
    const { groupId, memberId, groupInstanceId: instanceId, generationId: generation } = request
    const result = await groups.heartbeat({ groupId, memberId, instanceId, generation })
    const errorCode =
      result.outcome === 'refused' ? groupRefusalCode(result.reason) : ErrorCode.NONE
    return { response: { errorCode } }
  })
}
