/**
 * Members of the classic protocol in a consumer group (KIP-848's compatibility mode): JoinGroup is
 * how such a member follows to the next epoch, SyncGroup how it hears what it has, and Heartbeat
 * tells it when to join again. Nobody leads: the broker assigns.
 */
import { noBytes } from '../group-state.ts'
import type { Ticket } from '../group-state.ts'
import type { LeavingMember, LeftMember } from '../membership.ts'
import type { HeartbeatEvent } from '../on-heartbeat.ts'
import type { JoinEvent } from '../on-join.ts'
import type { LeaveEvent } from '../on-leave.ts'
import type { SyncEvent } from '../on-sync.ts'
import { groupLimits } from '../config.ts'
import type { GroupRefusal, Refused } from '../refusal.ts'
import { refused } from '../refusal.ts'
import { consumerProtocolType } from '../subscription.ts'
import type { ConsumerDraft } from './consumer-draft.ts'
import { goneForNow, staticMember } from './consumer-state.ts'
import type { ConsumerGroupState, ConsumerMember } from './consumer-state.ts'
import { dismissMembers, enter, flawOfSize, replaceStatic } from './on-consumer-heartbeat.ts'
import { noPartitions, type PartitionSets, partitionSets } from './partition-sets.ts'
import { isWaitingForOthers } from './reconcile.ts'
import { byNames, type EmbeddedSubscription, toNames } from './topic-view.ts'

export function onClassicJoin(draft: ConsumerDraft, event: JoinEvent): void {
  const { request, ticket, freshMemberId } = event
  const subscription = draft.around.embedded.readSubscription(
    request.protocols[0]?.metadata ?? noBytes,
  )
  const refusal = flawOfJoin(draft, event)
  if (refusal !== undefined || subscription === undefined) {
    const malformed = refused('inconsistent-protocol', 'the first protocol is no subscription')
    draft.answer(ticket, refusal ?? malformed)
    return
  }
  const { instanceId } = request
  if (request.memberId === '' && instanceId === null && request.requireKnownMemberId) {
    draft.answer(ticket, { outcome: 'member-id-required', memberId: freshMemberId })
    return
  }
  const found = findJoining(draft.state, event)
  if (found !== undefined && 'outcome' in found) {
    draft.answer(ticket, found)
    return
  }
  const memberId = request.memberId === '' ? freshMemberId : request.memberId
  const wanted = asWanted(found, event, memberId, subscription)
  const flaw = flawOfSize(draft.state, wanted, found)
  if (flaw !== undefined) {
    draft.answer(ticket, flaw)
    return
  }
  const isReplaced = found !== undefined && found.memberId !== memberId
  if (isReplaced) replaceStatic(draft, found, memberId)
  const before = isReplaced ? { ...found, memberId } : found
  const owned = isReplaced ? noPartitions : ownedOf(draft, subscription)
  const after = enter(draft, before, wanted, owned)
  draft.cancelTimer(`rejoin:${memberId}`)
  draft.cancelTimer(`revoke:${memberId}`)
  draft.setTimer(`session:${memberId}`, request.sessionTimeoutMs)
  draft.setTimer(`resync:${memberId}`, request.rebalanceTimeoutMs)
  answerJoin(draft, ticket, after, event)
}

function answerJoin(
  draft: ConsumerDraft,
  ticket: Ticket,
  { memberId, epoch }: ConsumerMember,
  { request }: JoinEvent,
): void {
  draft.answer(ticket, {
    outcome: 'joined',
    memberId,
    generation: epoch,
    protocolType: consumerProtocolType,
    protocolName: request.protocols[0]?.name ?? '',
    leaderId: '',
    skipAssignment: false,
    members: [],
  })
}

function flawOfJoin({ state, config }: ConsumerDraft, { request }: JoinEvent): Refused | undefined {
  const { memberId, protocolType, protocols, instanceId } = request
  const isKnown =
    state.members.has(memberId) ||
    (instanceId !== null && staticMember(state, instanceId) !== undefined)
  const most = Math.min(config.consumerMembersMax, groupLimits.membersMax)
  if (!isKnown && state.members.size >= most) {
    const detail = `The consumer group has reached its maximum capacity of ${most} members.`
    return refused('group-full', detail)
  }
  if (config.migrationPolicy === 'disabled') {
    const what = `Cannot join the consumer group ${state.groupId} with the classic protocol`
    return refused('inconsistent-protocol', `${what} because the group migration is disabled.`)
  }
  if (protocols.length > groupLimits.protocolsMax) {
    const detail = `${protocols.length} protocols, at most ${groupLimits.protocolsMax} are allowed`
    return refused('invalid-request', detail)
  }
  if (protocolType === consumerProtocolType && sharesProtocol(state, request)) return undefined
  const detail = `Member ${memberId}'s protocols are not supported.`
  return refused('inconsistent-protocol', detail)
}

/** Members that speak the classic protocol must be able to go on without the others. */
function sharesProtocol(
  { members }: ConsumerGroupState,
  { memberId, protocols }: JoinLike,
): boolean {
  let shared = protocols.map(({ name }) => name)
  for (const member of members.values()) {
    if (member.classic === null || member.memberId === memberId) continue
    const known = new Set(member.classic.protocols.map(({ name }) => name))
    shared = shared.filter((name) => known.has(name))
  }
  return shared.length > 0
}

type JoinLike = Pick<JoinEvent['request'], 'memberId' | 'protocols'>

/** The member that joins again, or that this one takes the place of; undefined: a newcomer. */
function findJoining(
  state: ConsumerGroupState,
  { request }: JoinEvent,
): ConsumerMember | Refused | undefined {
  const { memberId, instanceId } = request
  if (instanceId === null) return state.members.get(memberId)
  const known = staticMember(state, instanceId)
  if (memberId === '' || known === undefined || known.memberId === memberId) return known
  const detail = `Static member ${memberId} with instance id ${instanceId} was fenced`
  return refused('fenced-instance', `${detail} by member ${known.memberId}.`)
}

function asWanted(
  found: ConsumerMember | undefined,
  { request }: JoinEvent,
  memberId: string,
  subscription: EmbeddedSubscription,
): ConsumerMember {
  const { instanceId, clientId, clientHost, sessionTimeoutMs, rebalanceTimeoutMs } = request
  const isBack = found?.epoch === goneForNow || (found !== undefined && found.memberId !== memberId)
  return {
    memberId,
    instanceId,
    rackId: subscription.rackId,
    clientId,
    clientHost,
    rebalanceTimeoutMs,
    topicNames: [...new Set(subscription.topics)].toSorted(),
    topicPattern: null,
    assignor: null,
    epoch: isBack ? 0 : (found?.epoch ?? 0),
    previousEpoch: isBack ? 0 : (found?.previousEpoch ?? 0),
    state: isBack ? 'stable' : (found?.state ?? 'stable'),
    assigned: found?.assigned ?? noPartitions,
    revoking: isBack ? noPartitions : (found?.revoking ?? noPartitions),
    gifts: found?.gifts ?? [],
    classic: { sessionTimeoutMs, protocols: request.protocols },
  }
}

/**
 * What the member says that it still has. The generation beside it does not count, as in Apache
 * Kafka: one that joined and was then told to join again, before it heard its assignment, still
 * uses what an older generation gave it.
 */
function ownedOf({ around }: ConsumerDraft, { owned }: EmbeddedSubscription): PartitionSets {
  return partitionSets(byNames(around, owned))
}

export function onClassicSync(draft: ConsumerDraft, { request, ticket }: SyncEvent): void {
  const { state } = draft
  const member = findClassic(state, request)
  if ('outcome' in member) {
    draft.answer(ticket, member)
    return
  }
  const { memberId, classic } = member
  const [protocol] = classic.protocols
  const differs = (wanted: string | null, actual: string | undefined): boolean =>
    wanted !== null && wanted !== actual
  if (
    differs(request.protocolType, consumerProtocolType) ||
    differs(request.protocolName, protocol?.name)
  ) {
    draft.answer(ticket, refused('inconsistent-protocol', 'the group uses another protocol'))
  } else if (request.generation !== member.epoch) {
    draft.answer(ticket, illegalGeneration(request.generation, member))
  } else if (state.assignmentEpoch > member.epoch && member.state !== 'unrevoked') {
    // One that has to revoke first joins again by itself when it has.
    draft.setTimerIfAbsent(`rejoin:${memberId}`, member.rebalanceTimeoutMs)
    draft.answer(ticket, refused('rebalance-in-progress', 'the group rebalances: join again'))
  } else {
    draft.cancelTimer(`resync:${memberId}`)
    draft.setTimer(`session:${memberId}`, classic.sessionTimeoutMs)
    draft.answer(ticket, {
      outcome: 'synced',
      protocolType: consumerProtocolType,
      protocolName: protocol?.name ?? '',
      assignment: embeddedAssignment(draft, member),
    })
  }
}

/** What the member has, in the bytes of its protocol. */
export function embeddedAssignment({ around }: ConsumerDraft, member: ConsumerMember): Uint8Array {
  const like = member.classic?.protocols[0]?.metadata ?? noBytes
  return around.embedded.writeAssignment(toNames(around, member.assigned), like)
}

export function onClassicHeartbeat(
  draft: ConsumerDraft,
  { request, ticket }: HeartbeatEvent,
): void {
  const member = findClassic(draft.state, request)
  if ('outcome' in member) {
    draft.answer(ticket, member)
    return
  }
  if (request.generation !== member.epoch) {
    draft.answer(ticket, illegalGeneration(request.generation, member))
    return
  }
  const { memberId } = member
  draft.setTimer(`session:${memberId}`, member.classic.sessionTimeoutMs)
  const mustJoin =
    member.epoch < draft.state.assignmentEpoch ||
    member.state === 'unrevoked' ||
    (member.state === 'unreleased' && !isWaitingForOthers(draft, member))
  if (!mustJoin) {
    draft.answer(ticket, { outcome: 'alive' })
    return
  }
  draft.setTimerIfAbsent(`rejoin:${memberId}`, member.rebalanceTimeoutMs)
  draft.answer(ticket, refused('rebalance-in-progress', 'the group rebalances: join again'))
}

type ClassicConsumerMember = ConsumerMember & {
  readonly classic: NonNullable<ConsumerMember['classic']>
}

function findClassic(
  state: ConsumerGroupState,
  { memberId, instanceId }: { readonly memberId: string; readonly instanceId: string | null },
): ClassicConsumerMember | Refused {
  const known = instanceId === null ? state.members.get(memberId) : staticMember(state, instanceId)
  if (known === undefined || known.classic === null) {
    return refused('unknown-member', `the group has no classic member ${memberId}: join anew`)
  }
  if (known.memberId !== memberId) {
    return refused('fenced-instance', `another process joined as instance ${instanceId}`)
  }
  return { ...known, classic: known.classic }
}

function illegalGeneration(generation: number, { epoch }: ConsumerMember): Refused {
  return refused('illegal-generation', `generation ${generation}, the member is at ${epoch}`)
}

export function onClassicLeave(draft: ConsumerDraft, { request, ticket }: LeaveEvent): void {
  const leaving = new Set<string>()
  const members = request.members.map((each): LeftMember => {
    const found = findLeaving(draft.state, each)
    const isKnown = typeof found !== 'string'
    if (isKnown) leaving.add(found.memberId)
    const { memberId, instanceId } = each
    return { memberId, instanceId, refusal: isKnown ? null : found }
  })
  if (leaving.size > 0) dismissMembers(draft, [...leaving])
  draft.answer(ticket, { outcome: 'left', members })
}

function findLeaving(
  state: ConsumerGroupState,
  { memberId, instanceId }: LeavingMember,
): ConsumerMember | GroupRefusal {
  const known = instanceId === null ? state.members.get(memberId) : staticMember(state, instanceId)
  if (known === undefined) return 'unknown-member'
  // An administrator knows the instance id only, and may remove members of either protocol.
  if (memberId === '' && instanceId !== null) return known
  if (known.memberId !== memberId) return 'fenced-instance'
  return known.classic === null ? 'unknown-member' : known
}
