/** The machine of a consumer group: what every event means. Pure, as that of classic groups. */
import { type GroupConfig, sessionAfterLoadMs } from '../config.ts'
import type { AnyGroupEvent } from '../decide-group.ts'
import type { Decision } from '../decision.ts'
import type { CommitEvent } from '../on-heartbeat.ts'
import { refused } from '../refusal.ts'
import type { Refused } from '../refusal.ts'
import {
  onClassicHeartbeat,
  onClassicJoin,
  onClassicLeave,
  onClassicSync,
} from './classic-member.ts'
import { ConsumerDraft } from './consumer-draft.ts'
import { heldSince } from './consumer-state.ts'
import type { ConsumerGroupState, ConsumerMember } from './consumer-state.ts'
import { dismissMembers, onConsumerHeartbeat } from './on-consumer-heartbeat.ts'
import type { GroupSurroundings } from './topic-view.ts'

/** A member is not where it had to be in time. */
export interface MemberDueEvent {
  readonly kind: 'revoke-due' | 'rejoin-due' | 'resync-due'
  readonly memberId: string
}

/** May this one read committed offsets now? */
export interface LookEvent {
  readonly kind: 'look'
  readonly ticket: number
  readonly request: Pick<CommitEvent['request'], 'memberId' | 'generation'>
}

export function decideConsumer(
  state: ConsumerGroupState,
  event: AnyGroupEvent,
  config: GroupConfig,
  nowMs: number,
  around: GroupSurroundings,
): Decision<ConsumerGroupState> {
  const draft = new ConsumerDraft(state, config, nowMs, around)
  apply(draft, event)
  return draft.decision()
}

/** How soon what a timer wanted is tried again when the catalog did not take it. */
const retryMs = 1_000

const timerOf = {
  'session-expired': 'session',
  'revoke-due': 'revoke',
  'rejoin-due': 'rejoin',
  'resync-due': 'resync',
} as const

/** The state stays: who asked is to ask again, and what a timer wanted is tried again. */
export function decideAfterFailedConsumerWrite(
  state: ConsumerGroupState,
  event: AnyGroupEvent,
  failed: Decision,
): Decision<ConsumerGroupState> {
  const tickets = new Set(failed.answers.map(({ ticket }) => ticket))
  if ('ticket' in event) tickets.add(event.ticket)
  const result = refused('unavailable', 'the catalog did not answer: try again')
  const answers = Array.from(tickets, (ticket) => ({ ticket, result }))
  if (!('memberId' in event)) return { next: state, answers, timers: [], isPersistent: false }
  const key = `${timerOf[event.kind]}:${event.memberId}` as const
  return { next: state, answers, timers: [{ key, delayMs: retryMs }], isPersistent: false }
}

function apply(draft: ConsumerDraft, event: AnyGroupEvent): void {
  switch (event.kind) {
    case 'consumer-heartbeat':
      return onConsumerHeartbeat(draft, event)
    case 'join':
      return onClassicJoin(draft, event)
    case 'sync':
      return onClassicSync(draft, event)
    case 'heartbeat':
      return onClassicHeartbeat(draft, event)
    case 'leave':
      return onClassicLeave(draft, event)
    case 'commit':
      return onCommit(draft, event)
    case 'look':
      return onLook(draft, event)
    case 'loaded':
      return onLoaded(draft)
    case 'session-expired':
    case 'rejoin-due':
    case 'resync-due':
      if (draft.state.members.has(event.memberId)) dismissMembers(draft, [event.memberId])
      return
    case 'revoke-due':
      if (draft.state.members.get(event.memberId)?.state === 'unrevoked') {
        dismissMembers(draft, [event.memberId])
      }
      return
    // Timers of the classic group that this one was.
    case 'rebalance-due':
    case 'sync-due':
      return
  }
}

export function onLoaded(draft: ConsumerDraft): void {
  for (const { memberId, classic, state, rebalanceTimeoutMs } of draft.state.members.values()) {
    const timeoutMs = classic?.sessionTimeoutMs ?? draft.config.consumerSessionTimeoutMs
    draft.setTimer(`session:${memberId}`, sessionAfterLoadMs(timeoutMs))
    if (state === 'unrevoked' && classic === null) {
      draft.setTimer(`revoke:${memberId}`, rebalanceTimeoutMs)
    }
  }
}

function onCommit(draft: ConsumerDraft, { request, ticket }: CommitEvent): void {
  const { state } = draft
  const { memberId, generation } = request
  const isNobody = memberId === '' && request.instanceId === null
  const allowed = {
    outcome: 'allowed',
    generation: state.releases,
    isWorthAsking: true,
  } as const
  const isAnyones = state.members.size === 0 || (request.isTransactional === true && isNobody)
  if (generation < 0 && isAnyones) {
    draft.answer(ticket, allowed)
    return
  }
  const member = state.members.get(memberId)
  if (member?.classic === null && request.understandsEpochs === false) {
    const detail = 'members of the consumer protocol commit with OffsetCommit 9 or above'
    draft.answer(ticket, refused('unsupported-version', detail))
    return
  }
  draft.answer(ticket, refuseCommit(state, member, request) ?? allowed)
  if (member !== undefined && member.classic !== null) {
    draft.setTimer(`session:${memberId}`, member.classic.sessionTimeoutMs)
  }
}

function onLook(draft: ConsumerDraft, { request, ticket }: LookEvent): void {
  const { state } = draft
  const member = state.members.get(request.memberId)
  const allowed = { outcome: 'allowed', generation: state.releases, isWorthAsking: false } as const
  draft.answer(ticket, refuseEpoch(state, member, request) ?? allowed)
}

/**
 * A member may commit under an older epoch of its own what it has had since then (KIP-1251): its
 * commit crossed the answer that raised its epoch. One partition that it has not refuses all.
 */
function refuseCommit(
  state: ConsumerGroupState,
  member: ConsumerMember | undefined,
  request: CommitEvent['request'],
): Refused | undefined {
  const refusal = refuseEpoch(state, member, request)
  if (refusal === undefined || member === undefined || request.generation > member.epoch) {
    return refusal
  }
  const isHeld = request.offsets.every(({ topicId, partitionIndex }) => {
    const since = heldSince(member, topicId, partitionIndex)
    return since !== undefined && since <= request.generation
  })
  return isHeld ? undefined : refusal
}

function refuseEpoch(
  { groupId }: ConsumerGroupState,
  member: ConsumerMember | undefined,
  { memberId, generation }: LookEvent['request'],
): Refused | undefined {
  if (member === undefined) {
    const detail = `Member ${memberId} is not a member of group ${groupId}.`
    return refused('unknown-member', detail)
  }
  if (generation === member.epoch) return undefined
  const detail = `epoch ${generation}, the member is at ${member.epoch}`
  return refused(member.classic === null ? 'stale-member-epoch' : 'illegal-generation', detail)
}
