/**
 * From one protocol to the other while members stay (KIP-848): a classic group becomes a consumer
 * group with the first member of that protocol, and a classic one again when the last of them goes.
 */
import type { GroupConfig } from '../config.ts'
import { Draft } from '../draft.ts'
import type { Decision, TimerChange } from '../decision.ts'
import { emptyGroup, noBytes } from '../group-state.ts'
import type { GroupState, Member } from '../group-state.ts'
import { metadataOf } from '../group-state.ts'
import { chooseProtocol } from '../protocols.ts'
import { prepareRebalance } from '../rebalance.ts'
import { refused } from '../refusal.ts'
import type { Refused } from '../refusal.ts'
import { consumerProtocolType } from '../subscription.ts'
import { embeddedAssignment } from './classic-member.ts'
import { ConsumerDraft } from './consumer-draft.ts'
import { emptyConsumerGroup } from './consumer-state.ts'
import type { ConsumerGroupState, ConsumerMember } from './consumer-state.ts'
import { noPartitions, partitionSets } from './partition-sets.ts'
import { byNames, type GroupSurroundings } from './topic-view.ts'

const isUpgrade = ({ migrationPolicy: policy }: GroupConfig): boolean =>
  policy === 'bidirectional' || policy === 'upgrade'
const isDowngrade = ({ migrationPolicy: policy }: GroupConfig): boolean =>
  policy === 'bidirectional' || policy === 'downgrade'

/** A group begins with this one, and its first member raises it, as in Kafka. */
const firstEpoch = 1

/** The classic group as a consumer group, whose members go on with what they have. */
export function upgraded(
  state: GroupState,
  config: GroupConfig,
  nowMs: number,
  around: GroupSurroundings,
): ConsumerGroupState | Refused {
  const assignor = config.consumerAssignors[0] ?? 'uniform'
  const epoch = Math.max(state.generation, firstEpoch)
  const group = emptyConsumerGroup(state.groupId, epoch, assignor, nowMs)
  if (state.members.size === 0) return group
  const cannot = (why: string): Refused => {
    const what = `Cannot upgrade classic group ${state.groupId} to consumer group because `
    return refused('group-not-found', `${what}${why}`)
  }
  if (!isUpgrade(config)) return cannot('online upgrade is disabled.')
  if (state.protocolType !== consumerProtocolType) {
    return cannot('the group does not use the consumer embedded protocol.')
  }
  if (state.members.size > config.consumerMembersMax) {
    return cannot('the group size exceeds the consumer group maximum size.')
  }
  const members = new Map<string, ConsumerMember>()
  for (const member of state.members.values()) {
    const converted = toConsumerMember(state, member, around)
    if (typeof converted === 'string') return cannot(converted)
    members.set(member.memberId, converted)
  }
  const target = Array.from(members, ([memberId, { assigned }]) => [memberId, assigned] as const)
  return { ...group, members, target: new Map(target) }
}

function toConsumerMember(
  state: GroupState,
  member: Member,
  around: GroupSurroundings,
): ConsumerMember | string {
  const { embedded } = around
  const chosen = metadataOf(member, state.protocolName)
  const metadata = chosen.length > 0 ? chosen : (member.protocols[0]?.metadata ?? noBytes)
  const subscription = embedded.readSubscription(metadata)
  const assignment = embedded.readAssignment(member.assignment)
  if (subscription === undefined || assignment === undefined) {
    return 'the embedded consumer protocol is malformed.'
  }
  if (assignment.hasUserData) {
    return (
      'an unsupported custom assignor is in use. Please refer to the documentation or switch ' +
      'to a default assignor before re-attempting the upgrade.'
    )
  }
  const { memberId, instanceId, clientId, clientHost, sessionTimeoutMs, protocols } = member
  const assigned = partitionSets(byNames(around, assignment.assigned))
  return {
    memberId,
    instanceId,
    rackId: subscription.rackId,
    clientId,
    clientHost,
    rebalanceTimeoutMs: member.rebalanceTimeoutMs,
    topicNames: [...new Set(subscription.topics)].toSorted(),
    topicPattern: null,
    assignor: null,
    epoch: state.generation,
    previousEpoch: state.generation,
    state: 'stable',
    assigned,
    revoking: noPartitions,
    gifts: [{ epoch: state.generation, partitions: assigned }],
    classic: { sessionTimeoutMs, protocols },
  }
}

/** What the classic group's waiting requests are told and its timers become. */
export function upgradeEffects(state: GroupState): Pick<Decision, 'answers' | 'timers'> {
  const again = refused('rebalance-in-progress', 'the group changes its protocol: join again')
  const timers: TimerChange[] = [
    { key: 'rebalance', delayMs: null },
    { key: 'sync', delayMs: null },
  ]
  for (const memberId of state.pendingJoins) {
    timers.push({ key: `session:${memberId}`, delayMs: null })
  }
  for (const { memberId, sessionTimeoutMs } of state.members.values()) {
    timers.push({ key: `session:${memberId}`, delayMs: sessionTimeoutMs })
  }
  const tickets = [...state.members.values()].flatMap(({ joinTicket, syncTicket }) =>
    [joinTicket, syncTicket].filter((ticket) => ticket !== null),
  )
  return { answers: tickets.map((ticket) => ({ ticket, result: again })), timers }
}

/** A consumer group without members is a classic one that counts on. */
export function emptied(state: ConsumerGroupState, nowMs: number): GroupState {
  return {
    ...emptyGroup(state.groupId, nowMs),
    generation: Math.max(state.epoch, state.releases),
    sinceMs: state.sinceMs,
  }
}

/**
 * What was decided; where it left members of the classic protocol alone, the group is classic again
 * and they join anew.
 */
export function downgradedIfClassic(
  decision: Decision<ConsumerGroupState>,
  before: ConsumerGroupState,
  config: GroupConfig,
  nowMs: number,
  around: GroupSurroundings,
): Decision {
  const { next, answers, timers } = decision
  if (next.members === before.members || !isDowngradable(next, before, config)) return decision
  const converting = new ConsumerDraft(next, config, nowMs, around)
  const classic = new Draft(toClassic(next, converting, nowMs), config, nowMs)
  for (const { memberId, sessionTimeoutMs } of classic.state.members.values()) {
    classic.setTimer(`session:${memberId}`, sessionTimeoutMs)
    for (const key of ['rejoin', 'resync', 'revoke'] as const) {
      classic.cancelTimer(`${key}:${memberId}`)
    }
  }
  prepareRebalance(classic)
  const after = classic.decision()
  return {
    next: after.next,
    answers: [...answers, ...after.answers],
    timers: [...timers, ...after.timers],
    isPersistent: true,
  }
}

function isDowngradable(
  { members }: ConsumerGroupState,
  before: ConsumerGroupState,
  config: GroupConfig,
): boolean {
  if (members.size === 0 || members.size > config.membersMax || !isDowngrade(config)) return false
  const isClassic = ({ classic }: ConsumerMember): boolean => classic !== null
  // A group that a member of the consumer protocol has just joined has one; the last one went.
  return [...members.values()].every(isClassic) && ![...before.members.values()].every(isClassic)
}

function toClassic(state: ConsumerGroupState, draft: ConsumerDraft, nowMs: number): GroupState {
  const members = Array.from(state.members.values(), (member): Member => {
    const { memberId, instanceId, clientId, clientHost, rebalanceTimeoutMs, classic } = member
    return {
      memberId,
      instanceId,
      clientId,
      clientHost,
      sessionTimeoutMs: classic?.sessionTimeoutMs ?? rebalanceTimeoutMs,
      rebalanceTimeoutMs,
      protocols: classic?.protocols ?? [],
      assignment: embeddedAssignment(draft, member),
      isNew: false,
      joinTicket: null,
      syncTicket: null,
    }
  })
  const group: GroupState = {
    ...emptied(state, nowMs),
    name: 'stable',
    protocolType: consumerProtocolType,
    members: new Map(members.map((member) => [member.memberId, member])),
    staticIds: new Map(
      members.flatMap(({ instanceId, memberId }) =>
        instanceId === null ? [] : [[instanceId, memberId] as const],
      ),
    ),
  }
  return { ...group, protocolName: chooseProtocol(group), leaderId: members[0]?.memberId ?? null }
}
