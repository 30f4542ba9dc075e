/** ConsumerGroupHeartbeat: joining, following and leaving, all in one request (KIP-848). */
import { groupLimits } from '../config.ts'
import type { Ticket } from '../group-state.ts'
import { refused } from '../refusal.ts'
import type { Refused } from '../refusal.ts'
import { isAssignor } from './assignor.ts'
import type { ConsumerDraft } from './consumer-draft.ts'
import type { ConsumerHeartbeat, ConsumerHeartbeatResult } from './consumer-membership.ts'
import { consumerMemberBytes, goneForNow, staticMember } from './consumer-state.ts'
import type { ConsumerGroupState, ConsumerMember } from './consumer-state.ts'
import { isEqual, isSubset, noPartitions, type PartitionSets } from './partition-sets.ts'
import { reconciled } from './reconcile.ts'
import { lookAtTopics, makeTarget } from './target.ts'

export interface ConsumerHeartbeatEvent {
  readonly kind: 'consumer-heartbeat'
  readonly ticket: Ticket
  readonly request: ConsumerHeartbeat
  /** Drawn beforehand, for a member that has none yet. */
  readonly freshMemberId: string
}

export function onConsumerHeartbeat(draft: ConsumerDraft, event: ConsumerHeartbeatEvent): void {
  const { request, ticket } = event
  if (request.memberEpoch < 0) {
    draft.answer(ticket, leave(draft, request))
    return
  }
  const memberId = request.memberId === '' ? event.freshMemberId : request.memberId
  const found = findMember(draft.state, { ...request, memberId })
  if (found !== undefined && 'outcome' in found) {
    draft.answer(ticket, found)
    return
  }
  const wanted = subscribed(found?.member ?? newMember(memberId, request), request)
  const flaw = found === undefined ? flawOfNewcomer(draft) : undefined
  const refusal = flaw ?? flawOfSize(draft.state, wanted, found?.member)
  if (refusal !== undefined) {
    draft.answer(ticket, refusal)
    return
  }
  const before = found?.replaces === undefined ? found?.member : undefined
  if (found?.replaces !== undefined) replaceStatic(draft, found.replaces, memberId)
  const after = enter(draft, found?.member, { ...wanted, memberId }, request.owned)
  keepAlive(draft, after)
  const isTold = request.memberEpoch === 0 || isFull(request) || hasMoved(before, after)
  draft.answer(ticket, {
    outcome: 'beat',
    memberId,
    memberEpoch: after.epoch,
    heartbeatIntervalMs: draft.config.consumerHeartbeatIntervalMs,
    assignment: isTold ? after.assigned : null,
  })
}

/**
 * Takes the member as it wants to be and brings it as far as it can come: the part that both
 * protocols share. `before` is undefined for a newcomer.
 */
export function enter(
  draft: ConsumerDraft,
  before: ConsumerMember | undefined,
  wanted: ConsumerMember,
  owned: PartitionSets | null,
): ConsumerMember {
  if (before === undefined || !isSame(before, wanted)) draft.setMember(wanted)
  if (before === undefined) draft.change({ sinceMs: draft.nowMs })
  // As in Kafka: a newcomer without names changes nothing before topics match its pattern.
  const isNews =
    before === undefined ? wanted.topicNames.length > 0 : !isSameSubscription(before, wanted)
  if (isNews) draft.raiseEpoch()
  lookAtTopics(draft)
  makeTarget(draft)
  const after = reconciled(draft, wanted, owned)
  if (after !== wanted) draft.setMember(after)
  return after
}

interface FoundMember {
  readonly member: ConsumerMember
  /** The process before it, of the same static member, that it takes the place of. */
  readonly replaces?: ConsumerMember
}

/** undefined: a newcomer. */
function findMember(
  state: ConsumerGroupState,
  request: ConsumerHeartbeat,
): FoundMember | Refused | undefined {
  const { memberId, memberEpoch, instanceId } = request
  const isJoin = memberEpoch === 0
  const known = instanceId === null ? state.members.get(memberId) : staticMember(state, instanceId)
  if (known === undefined) return isJoin ? undefined : unknownMember(state, request)
  if (known.memberId !== memberId) {
    if (!isJoin) return fencedInstance(request, known)
    if (known.epoch !== goneForNow && known.classic === null) {
      const who = `Static member ${memberId} with instance id ${instanceId}`
      const why = `because the instance id is owned by ${known.memberId} member.`
      const detail = `${who} cannot join the group ${why}`
      return refused('unreleased-instance', detail)
    }
    const member = { ...known, memberId, epoch: 0, previousEpoch: 0, classic: null }
    return { member: { ...member, state: 'stable', revoking: noPartitions }, replaces: known }
  }
  if (isJoin) {
    // The same process joins again, or comes from the classic protocol.
    return { member: known.epoch === goneForNow ? { ...known, epoch: 0, previousEpoch: 0 } : known }
  }
  if (known.classic !== null) return unknownMember(state, request)
  return flawOfEpoch(known, request) ?? { member: known }
}

function flawOfEpoch(member: ConsumerMember, request: ConsumerHeartbeat): Refused | undefined {
  const { memberEpoch: epoch, owned } = request
  if (epoch === member.epoch) return undefined
  // It has lost the answer that raised its epoch: what it has tells that it has not moved since.
  const hasLostAnswer =
    epoch === member.previousEpoch && owned !== null && isSubset(owned, member.assigned)
  if (epoch < member.epoch && hasLostAnswer) return undefined
  const relation = epoch > member.epoch ? 'greater' : 'smaller'
  const detail =
    `The consumer group member has a ${relation} member epoch (${epoch}) than the one known ` +
    `by the group coordinator (${member.epoch}). ` +
    'The member must abandon all its partitions and rejoin.'
  return refused('fenced-member-epoch', detail)
}

function unknownMember(
  { groupId }: ConsumerGroupState,
  { memberId, instanceId }: Pick<ConsumerHeartbeat, 'memberId' | 'instanceId'>,
): Refused {
  const detail =
    instanceId === null
      ? `Member ${memberId} is not a member of group ${groupId}.`
      : `Instance id ${instanceId} is unknown.`
  return refused('unknown-member', detail)
}

function fencedInstance({ memberId, instanceId }: ConsumerHeartbeat, by: ConsumerMember): Refused {
  const who = `Static member ${memberId} with instance id ${instanceId}`
  return refused('fenced-instance', `${who} was fenced by member ${by.memberId}.`)
}

function flawOfNewcomer({ state, config }: ConsumerDraft): Refused | undefined {
  const most = Math.min(config.consumerMembersMax, groupLimits.membersMax)
  if (state.members.size < most) return undefined
  const detail = `The consumer group has reached its maximum capacity of ${most} members.`
  return refused('group-full', detail)
}

/** The group is one row: whoever would make it too large is told so. */
export function flawOfSize(
  { members }: ConsumerGroupState,
  wanted: ConsumerMember,
  before: ConsumerMember | undefined,
): Refused | undefined {
  if (before !== undefined && isSameSubscription(before, wanted)) return undefined
  let bytes = consumerMemberBytes(wanted)
  for (const member of members.values()) {
    if (member !== before) bytes += consumerMemberBytes(member)
  }
  if (bytes <= groupLimits.groupBytesMax) return undefined
  const most = groupLimits.groupBytesMax
  return refused('invalid-request', `the group's subscriptions exceed ${most} bytes`)
}

function newMember(memberId: string, request: ConsumerHeartbeat): ConsumerMember {
  const { instanceId, rackId, rebalanceTimeoutMs, clientId, clientHost } = request
  return {
    memberId,
    instanceId,
    rackId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    topicNames: [],
    topicPattern: null,
    assignor: null,
    epoch: 0,
    previousEpoch: 0,
    state: 'stable',
    assigned: noPartitions,
    revoking: noPartitions,
    gifts: [],
    classic: null,
  }
}

/** The member with what the request says anew. */
function subscribed(member: ConsumerMember, request: ConsumerHeartbeat): ConsumerMember {
  const { rackId, rebalanceTimeoutMs, topicNames, topicPattern, assignor } = request
  return {
    ...member,
    rackId: rackId ?? member.rackId,
    clientId: request.clientId,
    clientHost: request.clientHost,
    rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? member.rebalanceTimeoutMs : rebalanceTimeoutMs,
    topicNames: topicNames === null ? member.topicNames : [...new Set(topicNames)].toSorted(),
    topicPattern: topicPattern === null ? member.topicPattern : topicPattern || null,
    assignor: assignor !== null && isAssignor(assignor) ? assignor : member.assignor,
    // Whoever speaks like this is no member of the classic protocol any more.
    classic: null,
  }
}

function isSameSubscription(left: ConsumerMember, right: ConsumerMember): boolean {
  return (
    left.topicPattern === right.topicPattern &&
    left.topicNames.length === right.topicNames.length &&
    left.topicNames.every((name, at) => name === right.topicNames[at])
  )
}

/** Whether nothing that is written differs. */
function isSame(left: ConsumerMember, right: ConsumerMember): boolean {
  if (left === right) return true
  const { topicNames: _, ...rest } = right
  const isField = ([key, value]: [string, unknown]): boolean =>
    left[key as keyof ConsumerMember] === value
  return isSameSubscription(left, right) && Object.entries(rest).every(isField)
}

/** The next process of a static member has what the one before it had. */
export function replaceStatic(draft: ConsumerDraft, old: ConsumerMember, memberId: string): void {
  const { target } = draft.state
  const inherited = target.get(old.memberId)
  draft.removeMember(old.memberId)
  if (inherited !== undefined) {
    draft.setTarget(new Map([...draft.state.target, [memberId, inherited]]))
  }
  draft.setMember({ ...old, memberId })
}

/** Sessions start anew; a member that has to give something up gets its time for that once. */
function keepAlive(draft: ConsumerDraft, member: ConsumerMember): void {
  const { memberId } = member
  draft.setTimer(`session:${memberId}`, draft.config.consumerSessionTimeoutMs)
  draft.cancelTimer(`rejoin:${memberId}`)
  draft.cancelTimer(`resync:${memberId}`)
  if (member.state === 'unrevoked') {
    draft.setTimerIfAbsent(`revoke:${memberId}`, member.rebalanceTimeoutMs)
  } else {
    draft.cancelTimer(`revoke:${memberId}`)
  }
}

const isFull = (request: ConsumerHeartbeat): boolean =>
  request.rebalanceTimeoutMs >= 0 &&
  (request.topicNames !== null || request.topicPattern !== null) &&
  request.owned !== null

const hasMoved = (before: ConsumerMember | undefined, after: ConsumerMember): boolean =>
  before === undefined || !isEqual(before.assigned, after.assigned)

function leave(draft: ConsumerDraft, request: ConsumerHeartbeat): ConsumerHeartbeatResult {
  const { memberId, instanceId, memberEpoch } = request
  const { state } = draft
  const known = instanceId === null ? state.members.get(memberId) : staticMember(state, instanceId)
  if (known === undefined) return unknownMember(state, request)
  if (known.memberId !== memberId) return fencedInstance(request, known)
  if (known.classic !== null) return unknownMember(state, request)
  if (memberEpoch === goneForNow) {
    // It comes back: what it had waits for it until its session ends.
    const { assigned } = known
    const gone = { ...known, epoch: goneForNow, state: 'stable', revoking: noPartitions } as const
    draft.setMember({ ...gone, assigned })
    draft.setTimer(`session:${memberId}`, draft.config.consumerSessionTimeoutMs)
    draft.cancelTimer(`revoke:${memberId}`)
  } else {
    dismissMembers(draft, [memberId])
  }
  return {
    outcome: 'beat',
    memberId,
    memberEpoch,
    heartbeatIntervalMs: 0,
    assignment: null,
  } as const
}

/** Members that are gone leave their partitions to the others. */
export function dismissMembers(draft: ConsumerDraft, memberIds: readonly string[]): void {
  for (const memberId of memberIds) draft.removeMember(memberId)
  draft.raiseEpoch()
  // Of a group without members there is nothing to give.
  if (draft.state.members.size === 0) makeTarget(draft)
}
