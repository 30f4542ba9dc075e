/**
 * SyncGroup, versions 0 to 5: answered when the leader has said who does what. Protocol type and
 * name must be told from 5 on (KIP-559).
 */
import { ErrorCode } from '../../wire/error-codes.ts'
import { syncGroup, type SyncGroupReply } from '../../wire/messages/14-sync-group.ts'
import type { Broker } from '../broker.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'

const protocolFrom = 5
const noBytes = new Uint8Array(0)

const refusedWith = (errorCode: number): { response: SyncGroupReply } => ({
  response: { errorCode, assignment: noBytes },
})

export function syncGroupHandler({ groups }: Broker): Handler {
  return handler(syncGroup, async (request, { header }) => {
    const { groupId, memberId, groupInstanceId: instanceId, generationId: generation } = request
    const { protocolType, protocolName, assignments } = request
    const isTold = protocolType !== null && protocolName !== null
    if (header.apiVersion >= protocolFrom && !isTold) {
      return refusedWith(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    }
    const member = { groupId, memberId, instanceId, generation }
    const result = await groups.sync({ ...member, protocolType, protocolName, assignments })
    if (result.outcome === 'refused') return refusedWith(groupRefusalCode(result.reason))
    const { outcome: _, ...synced } = result
    return { response: { errorCode: ErrorCode.NONE, ...synced } }
  })
}
