/** From the wish to rebalance to the next generation: the part of the machine that all events share. */
import { assert } from '../base/assert.ts'
import type { Draft } from './draft.ts'
import { hasAllJoined, metadataOf, noBytes, rebalanceTimeoutMs } from './group-state.ts'
import type { GroupState, Member } from './group-state.ts'
import type { Joined, JoinedMember } from './membership.ts'
import { chooseProtocol } from './protocols.ts'
import { refused } from './refusal.ts'
import type { GroupRefusal } from './refusal.ts'

/** Kafka's int32; after it generations begin at 1 again. */
const generationMax = 2 ** 31 - 1

/** Starts a rebalance, or sees whether the running one can be completed. */
export function rebalanceOrComplete(draft: Draft): void {
  if (draft.state.name === 'preparing-rebalance') completeIfAllJoined(draft)
  else prepareRebalance(draft)
}

/** The first rebalance waits for its delay, even when all have joined. */
export function completeIfAllJoined(draft: Draft): void {
  const { state } = draft
  if (state.name !== 'preparing-rebalance' || state.initial !== null) return
  if (hasAllJoined(state)) completeJoins(draft)
}

export function prepareRebalance(draft: Draft): void {
  if (draft.state.name === 'completing-rebalance') dropAssignments(draft)
  draft.change({ pendingSyncs: new Set() })
  draft.cancelTimer('sync')
  const timeoutMs = rebalanceTimeoutMs(draft.state)
  if (draft.state.name === 'empty') {
    const delayMs = draft.config.initialRebalanceDelayMs
    const remainingMs = Math.max(timeoutMs - delayMs, 0)
    draft.enter('preparing-rebalance')
    draft.change({ initial: { delayMs, remainingMs, newMemberAdded: false } })
    draft.setTimer('rebalance', delayMs)
    return
  }
  draft.enter('preparing-rebalance')
  if (hasAllJoined(draft.state)) completeJoins(draft)
  else draft.setTimer('rebalance', timeoutMs)
}

/** The delay of a first rebalance, or the patience with members that do not join again, is over. */
export function onRebalanceDue(draft: Draft): void {
  const { initial } = draft.state
  if (initial === null || !initial.newMemberAdded || initial.remainingMs === 0) {
    completeJoins(draft)
    return
  }
  const delayMs = Math.min(draft.config.initialRebalanceDelayMs, initial.remainingMs)
  const remainingMs = Math.max(initial.remainingMs - initial.delayMs, 0)
  draft.change({ initial: { delayMs, remainingMs, newMemberAdded: false } })
  draft.setTimer('rebalance', delayMs)
}

/** Goes on with those who have joined; static members get until the sync's end to come. */
export function completeJoins(draft: Draft): void {
  assert(draft.state.name === 'preparing-rebalance', 'only a prepared rebalance completes')
  draft.cancelTimer('rebalance')
  draft.change({ initial: null })
  for (const member of draft.state.members.values()) {
    if (member.joinTicket !== null || member.instanceId !== null) continue
    draft.removeMember(member.memberId)
    draft.cancelTimer(`session:${member.memberId}`)
  }
  if (draft.state.members.size === 0) becomeEmpty(draft)
  else if (electLeader(draft)) beginGeneration(draft)
  // Nobody is there: sessions will end and empty the group, or somebody comes.
  else draft.setTimer('rebalance', rebalanceTimeoutMs(draft.state))
}

/** A leader that has not joined again is replaced by one that has; false where nobody has. */
function electLeader(draft: Draft): boolean {
  const { leaderId, members } = draft.state
  if (leaderId !== null && (members.get(leaderId)?.joinTicket ?? null) !== null) return true
  for (const { memberId, joinTicket } of members.values()) {
    if (joinTicket === null) continue
    draft.change({ leaderId: memberId })
    return true
  }
  return false
}

function becomeEmpty(draft: Draft): void {
  draft.change({
    generation: nextGeneration(draft.state),
    protocolName: null,
    leaderId: null,
    pendingSyncs: new Set(),
  })
  draft.enter('empty')
  draft.persist()
}

function beginGeneration(draft: Draft): void {
  draft.change({
    generation: nextGeneration(draft.state),
    protocolName: chooseProtocol(draft.state),
    pendingSyncs: new Set(draft.state.members.keys()),
  })
  draft.enter('completing-rebalance')
  draft.persist()
  for (const member of draft.state.members.values()) {
    if (member.joinTicket !== null) {
      draft.answer(member.joinTicket, joinedAnswer(draft.state, member.memberId))
    }
    draft.setMember({ ...member, joinTicket: null, isNew: false })
    draft.setTimer(`session:${member.memberId}`, member.sessionTimeoutMs)
  }
  draft.setTimer('sync', rebalanceTimeoutMs(draft.state))
}

/** What the present generation looks like to one of its members. */
export function joinedAnswer(state: GroupState, memberId: string): Joined {
  assert(state.protocolType !== null && state.protocolName !== null, 'a generation has a protocol')
  assert(state.leaderId !== null, 'a generation has a leader')
  return {
    outcome: 'joined',
    memberId,
    generation: state.generation,
    protocolType: state.protocolType,
    protocolName: state.protocolName,
    leaderId: state.leaderId,
    skipAssignment: false,
    members: state.leaderId === memberId ? joinedMembers(state) : [],
  }
}

export function joinedMembers(state: GroupState): JoinedMember[] {
  return Array.from(state.members.values(), (member) => ({
    memberId: member.memberId,
    instanceId: member.instanceId,
    metadata: metadataOf(member, state.protocolName),
  }))
}

function dropAssignments(draft: Draft): void {
  for (const member of draft.state.members.values()) {
    const { syncTicket } = member
    draft.setMember({ ...member, assignment: noBytes, syncTicket: null })
    if (syncTicket === null) continue
    draft.answer(syncTicket, refused('rebalance-in-progress', 'the group rebalances: join again'))
    draft.setTimer(`session:${member.memberId}`, member.sessionTimeoutMs)
  }
}

/**
 * Takes a member out and tells its waiting requests why; what follows for the group is the
 * caller's.
 */
export function dismiss(draft: Draft, member: Member, reason: GroupRefusal, detail: string): void {
  draft.cancelTimer(`session:${member.memberId}`)
  draft.removeMember(member.memberId)
  for (const ticket of [member.joinTicket, member.syncTicket]) {
    if (ticket !== null) draft.answer(ticket, refused(reason, detail))
  }
}

function nextGeneration({ generation }: GroupState): number {
  return generation === generationMax ? 1 : generation + 1
}
