/** SyncGroup: the leader says who does what; everybody waits for it. */
import { groupLimits } from './config.ts'
import type { Draft } from './draft.ts'
import { memberBytes, noBytes } from './group-state.ts'
import type { GroupState, Member, Ticket } from './group-state.ts'
import type { SyncRequest, Synced } from './membership.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'
import { refuseGeneration } from './refuse-member.ts'

export interface SyncEvent {
  readonly kind: 'sync'
  readonly ticket: Ticket
  readonly request: SyncRequest
}

export function onSync(draft: Draft, { ticket, request }: SyncEvent): void {
  const { state } = draft
  const refusal = refuseGeneration(state, request) ?? refuseProtocol(state, request)
  const member = state.members.get(request.memberId)
  if (refusal !== undefined || member === undefined) {
    draft.answer(ticket, refusal ?? refused('unknown-member', 'join anew'))
  } else if (state.name === 'completing-rebalance') {
    onSyncWhileCompleting(draft, member, ticket, request)
  } else if (state.name === 'stable') {
    settleSync(draft, member.memberId)
    draft.answer(ticket, syncedAnswer(state, member.assignment))
  } else {
    draft.answer(ticket, refused('rebalance-in-progress', 'the group rebalances: join again'))
  }
}

function onSyncWhileCompleting(
  draft: Draft,
  member: Member,
  ticket: Ticket,
  request: SyncRequest,
): void {
  const isLeader = draft.state.leaderId === member.memberId
  if (isLeader && !hasRoomFor(draft.state, request)) {
    const detail = `assignments and metadata of the group exceed ${groupLimits.groupBytesMax} bytes`
    draft.answer(ticket, refused('invalid-request', detail))
    return
  }
  if (member.syncTicket !== null) {
    draft.answer(member.syncTicket, refused('rebalance-in-progress', 'the member has asked again'))
  }
  draft.setMember({ ...member, syncTicket: ticket })
  settleSync(draft, member.memberId)
  if (isLeader) becomeStable(draft, request)
}

function becomeStable(draft: Draft, { assignments }: SyncRequest): void {
  const given = new Map(assignments.map((each) => [each.memberId, each.assignment]))
  draft.enter('stable')
  draft.persist()
  for (const member of draft.state.members.values()) {
    const assignment = given.get(member.memberId) ?? noBytes
    draft.setMember({ ...member, assignment, syncTicket: null })
    if (member.syncTicket === null) continue
    draft.answer(member.syncTicket, syncedAnswer(draft.state, assignment))
    // Sessions are not watched while the broker lets members wait.
    draft.setTimer(`session:${member.memberId}`, member.sessionTimeoutMs)
  }
}

function settleSync(draft: Draft, memberId: string): void {
  draft.setPendingSync(memberId, false)
  if (draft.state.pendingSyncs.size === 0) draft.cancelTimer('sync')
}

function syncedAnswer({ protocolType, protocolName }: GroupState, assignment: Uint8Array): Synced {
  return {
    outcome: 'synced',
    protocolType: protocolType ?? '',
    protocolName: protocolName ?? '',
    assignment,
  }
}

function refuseProtocol(state: GroupState, request: SyncRequest): Refused | undefined {
  const { protocolType, protocolName } = request
  const differs = (wanted: string | null, actual: string | null): boolean =>
    wanted !== null && actual !== null && wanted !== actual
  if (!differs(protocolType, state.protocolType) && !differs(protocolName, state.protocolName)) {
    return undefined
  }
  const used = `'${state.protocolType}' '${state.protocolName}'`
  const detail = `'${protocolType}' '${protocolName}', the group uses ${used}`
  return refused('inconsistent-protocol', detail)
}

function hasRoomFor(state: GroupState, { assignments }: SyncRequest): boolean {
  let bytes = 0
  for (const member of state.members.values()) bytes += memberBytes(member)
  for (const { assignment } of assignments) bytes += assignment.length
  return bytes <= groupLimits.groupBytesMax
}
