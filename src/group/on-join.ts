/** JoinGroup, as Kafka's classic coordinator decides it (KIP-62, 345, 394, 814). */
import { groupLimits } from './config.ts'
import type { Draft } from './draft.ts'
import { memberBytes, noBytes } from './group-state.ts'
import type { GroupState, Member, Ticket } from './group-state.ts'
import type { JoinRequest, MemberProtocol } from './membership.ts'
import { chooseProtocol, isCompatible, isUnchanged } from './protocols.ts'
import {
  completeIfAllJoined,
  joinedAnswer,
  joinedMembers,
  prepareRebalance,
  rebalanceOrComplete,
} from './rebalance.ts'
import { refused } from './refusal.ts'
import { refuseMember } from './refuse-member.ts'

export interface JoinEvent {
  readonly kind: 'join'
  readonly ticket: Ticket
  readonly request: JoinRequest
  /** Drawn beforehand, for a member that has none yet. */
  readonly freshMemberId: string
}

/**
 * Newcomers cannot heartbeat while they wait for their first answer; after this they must ask
 * again. Kafka's constant.
 */
export const newMemberTimeoutMs = 300_000

export function onJoin(draft: Draft, event: JoinEvent): void {
  const { request, ticket } = event
  if (!hasRoom(draft, request.memberId)) {
    draft.removeMember(request.memberId)
    draft.cancelTimer(`session:${request.memberId}`)
    draft.answer(ticket, refused('group-full', 'the group has as many members as group.max.size'))
    completeIfAllJoined(draft)
    return
  }
  const flaw = flawOf(draft.state, request)
  if (flaw !== undefined) draft.answer(ticket, flaw)
  else if (request.memberId !== '') onKnownJoin(draft, event)
  else if (request.instanceId !== null) onNewStaticJoin(draft, event, request.instanceId)
  else if (request.requireKnownMemberId) giveMemberId(draft, event)
  else addMember(draft, event, event.freshMemberId)
}

/**
 * While rebalancing, those count who have joined so far: whoever is too late over a lowered limit
 * goes. Afterwards all members count.
 */
function hasRoom({ state, config }: Draft, memberId: string): boolean {
  const membersMax = Math.min(config.membersMax, groupLimits.membersMax)
  const member = state.members.get(memberId)
  if (state.name === 'empty') return true
  if (state.name === 'preparing-rebalance') {
    return (member?.joinTicket ?? null) !== null || state.waitingJoins < membersMax
  }
  return member !== undefined || state.members.size < membersMax
}

function flawOf(state: GroupState, request: JoinRequest): ReturnType<typeof refused> | undefined {
  const { protocolType, protocols } = request
  if (protocols.length > groupLimits.protocolsMax) {
    const most = groupLimits.protocolsMax
    return refused('invalid-request', `${protocols.length} protocols, at most ${most} are allowed`)
  }
  if (!isCompatible(state, protocolType, protocols)) {
    const types = `group '${state.protocolType ?? ''}', member '${protocolType}'`
    const detail = `protocol type or protocols do not fit: ${types}`
    return refused('inconsistent-protocol', detail)
  }
  let bytes = 0
  for (const member of state.members.values()) {
    if (member.memberId !== request.memberId) bytes += memberBytes(member)
  }
  bytes += request.memberId.length + (request.instanceId?.length ?? 0) + request.clientId.length
  for (const { name, metadata } of protocols) bytes += name.length + metadata.length
  if (bytes <= groupLimits.groupBytesMax) return undefined
  return refused(
    'invalid-request',
    `the group's metadata exceeds ${groupLimits.groupBytesMax} bytes`,
  )
}

function giveMemberId(draft: Draft, { ticket, request, freshMemberId }: JoinEvent): void {
  if (draft.state.pendingJoins.size >= groupLimits.pendingMembersMax) {
    const detail = `${groupLimits.pendingMembersMax} member ids are given and not used: try later`
    draft.answer(ticket, refused('unavailable', detail))
    return
  }
  draft.setPendingJoin(freshMemberId, true)
  draft.setTimer(`session:${freshMemberId}`, request.sessionTimeoutMs)
  draft.answer(ticket, { outcome: 'member-id-required', memberId: freshMemberId })
}

function addMember(draft: Draft, { ticket, request }: JoinEvent, memberId: string): void {
  const { initial, leaderId, members } = draft.state
  if (initial !== null) draft.change({ initial: { ...initial, newMemberAdded: true } })
  if (members.size === 0) draft.change({ protocolType: request.protocolType })
  if (leaderId === null) draft.change({ leaderId: memberId })
  draft.setPendingJoin(memberId, false)
  draft.setMember({
    memberId,
    instanceId: request.instanceId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    protocols: request.protocols,
    assignment: noBytes,
    isNew: true,
    joinTicket: ticket,
    syncTicket: null,
  })
  draft.setTimer(`session:${memberId}`, newMemberTimeoutMs)
  rebalanceOrComplete(draft)
}

function onKnownJoin(draft: Draft, event: JoinEvent): void {
  const { ticket, request } = event
  const { state } = draft
  if (state.pendingJoins.has(request.memberId)) {
    // Ids are only given to dynamic members.
    if (request.instanceId === null) addMember(draft, event, request.memberId)
    else draft.answer(ticket, refused('unknown-member', 'this member id is not of a static member'))
    return
  }
  const refusal = refuseMember(state, request.memberId, request.instanceId)
  const member = state.members.get(request.memberId)
  if (refusal !== undefined || member === undefined) {
    draft.answer(ticket, refusal ?? refused('unknown-member', 'join anew'))
    return
  }
  const isSame = isUnchanged(member, request.protocols)
  const isLeader = state.leaderId === member.memberId
  if (state.name === 'completing-rebalance' && isSame) {
    // It has lost the answer to its join.
    draft.answer(ticket, joinedAnswer(state, member.memberId))
  } else if (state.name === 'stable' && isSame && !isLeader) {
    draft.answer(ticket, joinedAnswer(state, member.memberId))
  } else {
    updateMember(draft, member, event)
    rebalanceOrComplete(draft)
  }
}

function updateMember(draft: Draft, member: Member, { ticket, request }: JoinEvent): void {
  if (member.joinTicket !== null) {
    draft.answer(member.joinTicket, refused('rebalance-in-progress', 'the member has joined again'))
  }
  draft.setMember({
    ...member,
    protocols: request.protocols,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    joinTicket: ticket,
  })
}

/** A static member without id: a new one, or the next incarnation of a known one (KIP-345). */
function onNewStaticJoin(draft: Draft, event: JoinEvent, instanceId: string): void {
  const oldId = draft.state.staticIds.get(instanceId)
  const old = oldId === undefined ? undefined : draft.state.members.get(oldId)
  if (old === undefined) {
    addMember(draft, event, event.freshMemberId)
    return
  }
  const leaderBefore = draft.state.leaderId
  const isSyncPending = draft.state.pendingSyncs.has(old.memberId)
  const isStable = draft.state.name === 'stable'
  const replaced = replaceMember(draft, old, event)
  if (isStable) draft.setPendingSync(replaced.memberId, isSyncPending)
  if (draft.state.name === 'completing-rebalance') {
    // The leader may have been told the old id: what it assigns would reach nobody.
    prepareRebalance(draft)
  } else if (!isStable) {
    completeIfAllJoined(draft)
  } else if (chooseProtocol(draft.state) !== draft.state.protocolName) {
    prepareRebalance(draft)
  } else {
    answerReplaced(draft, replaced, event, leaderBefore)
  }
}

function replaceMember(
  draft: Draft,
  old: Member,
  { request, ticket, freshMemberId }: JoinEvent,
): Member {
  const isLeader = draft.state.leaderId === old.memberId
  const fenced = refused('fenced-instance', `another process joined as instance ${old.instanceId}`)
  for (const waiting of [old.joinTicket, old.syncTicket]) {
    if (waiting !== null) draft.answer(waiting, fenced)
  }
  draft.cancelTimer(`session:${old.memberId}`)
  draft.removeMember(old.memberId)
  const member: Member = {
    ...old,
    memberId: freshMemberId,
    protocols: request.protocols,
    sessionTimeoutMs: request.sessionTimeoutMs,
    rebalanceTimeoutMs: request.rebalanceTimeoutMs,
    isNew: false,
    joinTicket: ticket,
    syncTicket: null,
  }
  draft.setMember(member)
  if (isLeader) draft.change({ leaderId: freshMemberId })
  draft.setTimer(`session:${freshMemberId}`, request.sessionTimeoutMs)
  return member
}

/** Nothing changes for the group but the member's id, which must be durable before it is told. */
function answerReplaced(
  draft: Draft,
  member: Member,
  { ticket, request }: JoinEvent,
  leaderBefore: string | null,
): void {
  draft.setMember({ ...member, joinTicket: null })
  draft.persist()
  const joined = joinedAnswer(draft.state, member.memberId)
  const isLeader = draft.state.leaderId === member.memberId
  if (request.supportsSkippingAssignment) {
    const members = isLeader ? joinedMembers(draft.state) : []
    draft.answer(ticket, { ...joined, members, skipAssignment: isLeader })
  } else {
    // Told its old id as the leader's, it takes itself for a follower and does not assign.
    draft.answer(ticket, { ...joined, members: [], leaderId: leaderBefore ?? joined.leaderId })
  }
}

/**
 * Bytes and names that `protocols` come with, copied out of the frame they were read from: `slice`
 * of a Buffer would be a view.
 */
export function ownProtocols(protocols: readonly MemberProtocol[]): MemberProtocol[] {
  return protocols.map(({ name, metadata }) => ({ name, metadata: new Uint8Array(metadata) }))
}
