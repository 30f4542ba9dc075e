/**
 * Members that go: by LeaveGroup (KIP-345), by the end of their session, or because they never
 * synced.
 */
import type { Draft } from './draft.ts'
import { hasAllJoined } from './group-state.ts'
import type { Ticket } from './group-state.ts'
import type { LeaveRequest, LeavingMember, LeftMember } from './membership.ts'
import { completeIfAllJoined, completeJoins, dismiss, prepareRebalance } from './rebalance.ts'
import type { GroupRefusal } from './refusal.ts'
import { refuseMember } from './refuse-member.ts'

export interface LeaveEvent {
  readonly kind: 'leave'
  readonly ticket: Ticket
  readonly request: LeaveRequest
}

export function onLeave(draft: Draft, { ticket, request }: LeaveEvent): void {
  const members: LeftMember[] = request.members.map((leaving) => ({
    memberId: leaving.memberId,
    instanceId: leaving.instanceId,
    refusal: leave(draft, leaving),
  }))
  draft.answer(ticket, { outcome: 'left', members })
  if (members.every(({ refusal }) => refusal !== null)) return
  const { name } = draft.state
  if (name === 'stable' || name === 'completing-rebalance') prepareRebalance(draft)
  else completeIfAllJoined(draft)
}

function leave(draft: Draft, { memberId, instanceId }: LeavingMember): GroupRefusal | null {
  const { state } = draft
  if (state.pendingJoins.has(memberId)) {
    draft.cancelTimer(`session:${memberId}`)
    draft.removeMember(memberId)
    return null
  }
  // An administrator knows the instance id only.
  const known = instanceId === null ? undefined : state.staticIds.get(instanceId)
  const actualId = memberId === '' ? (known ?? '') : memberId
  const refusal = refuseMember(state, actualId, instanceId)
  if (refusal !== undefined) return refusal.reason
  const member = state.members.get(actualId)
  if (member === undefined) return 'unknown-member'
  dismiss(draft, member, 'unknown-member', 'the member has left')
  return null
}

export interface SessionExpiredEvent {
  readonly kind: 'session-expired'
  readonly memberId: string
}

export function onSessionExpired(draft: Draft, { memberId }: SessionExpiredEvent): void {
  const member = draft.state.members.get(memberId)
  if (member === undefined) {
    draft.removeMember(memberId)
  } else {
    // Whoever waits for the broker is alive, unless it waits for its very first answer.
    const isWaiting = member.joinTicket !== null || member.syncTicket !== null
    if (isWaiting && !member.isNew) return
    dismiss(draft, member, 'unknown-member', 'the session has ended: join anew')
  }
  const { name } = draft.state
  if (name === 'preparing-rebalance') {
    if (hasAllJoined(draft.state)) completeJoins(draft)
  } else if (member !== undefined && name !== 'empty') {
    prepareRebalance(draft)
  }
}

/** Members that did not ask for their assignment within the rebalance timeout are gone (KAFKA-9752). */
export function onSyncDue(draft: Draft): void {
  const { name, pendingSyncs, members } = draft.state
  if ((name !== 'completing-rebalance' && name !== 'stable') || pendingSyncs.size === 0) return
  for (const memberId of pendingSyncs) {
    const member = members.get(memberId)
    if (member !== undefined) dismiss(draft, member, 'unknown-member', 'the member did not sync')
  }
  prepareRebalance(draft)
}
