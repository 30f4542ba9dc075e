/**
 * DescribeGroups, versions 0 to 6: state and members of classic groups. A group that is not there
 * is Dead, and from 6 on an error, too (KIP-1043).
 */
import type { DescribeResult } from '../../group/listing.ts'
import { ErrorCode } from '../../wire/error-codes.ts'
import { describeGroups, type DescribeGroupsReply } from '../../wire/messages/15-describe-groups.ts'
import { groupOperations, notAsked } from '../authorized-operations.ts'
import type { Broker } from '../broker.ts'
import { groupStateText } from '../group-state-text.ts'
import { type Handler, handler } from '../router.ts'
import { groupRefusalCode } from '../to-error-code.ts'

type GroupReply = DescribeGroupsReply['groups'][number]

const notFoundFrom = 6

export function describeGroupsHandler({ groups }: Broker): Handler {
  return handler(describeGroups, async (request, { header }) => {
    // Each once, however often it is named: an answer is not to be larger than what there is.
    const isAsked = request.includeAuthorizedOperations
    const results = await groups.describe([...new Set(request.groups)])
    return {
      response: { groups: results.map((each) => toReply(each, header.apiVersion, isAsked)) },
    }
  })
}

function toReply(result: DescribeResult, apiVersion: number, isAsked: boolean): GroupReply {
  const { groupId } = result
  const operations = { authorizedOperations: isAsked ? groupOperations : notAsked }
  if (result.outcome === 'refused') {
    const { reason, detail } = result
    const isNoError = reason === 'group-not-found' && apiVersion < notFoundFrom
    const errorCode = isNoError ? ErrorCode.NONE : groupRefusalCode(reason)
    const groupState = reason === 'group-not-found' ? groupStateText('dead') : ''
    const none = { errorCode, groupId, groupState, protocolType: '', protocolData: '', members: [] }
    if (apiVersion >= notFoundFrom) return { ...none, errorMessage: detail }
    return reason === 'group-not-found' ? { ...none, ...operations } : none
  }
  const { state, protocolType, protocolName: protocolData } = result
  const members = result.members.map((member) => ({
    memberId: member.memberId,
    groupInstanceId: member.instanceId,
    clientId: member.clientId,
    clientHost: member.clientHost,
    memberMetadata: member.metadata,
    memberAssignment: member.assignment,
  }))
  const groupState = groupStateText(state)
  const described = { groupId, groupState, protocolType, protocolData, members }
  return { errorCode: ErrorCode.NONE, ...described, ...operations }
}
