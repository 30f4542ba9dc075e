/**
 * What an event means for a group of either protocol, and when a group changes from one to the
 * other. Pure.
 */
import type { GroupConfig } from './config.ts'
import { decideAfterFailedConsumerWrite, decideConsumer } from './consumer/decide-consumer.ts'
import type { LookEvent, MemberDueEvent } from './consumer/decide-consumer.ts'
import type { ConsumerGroupState } from './consumer/consumer-state.ts'
import { downgradedIfClassic, emptied, upgraded, upgradeEffects } from './consumer/convert.ts'
import type { ConsumerHeartbeatEvent } from './consumer/on-consumer-heartbeat.ts'
import type { GroupSurroundings } from './consumer/topic-view.ts'
import { decide, decideAfterFailedWrite } from './decide.ts'
import type { GroupEvent, RequestEvent } from './decide.ts'
import type { AnyGroupState, Decision } from './decision.ts'
import type { GroupState, Ticket } from './group-state.ts'
import type { JoinEvent } from './on-join.ts'
import { refused } from './refusal.ts'

export type AnyRequestEvent = RequestEvent | ConsumerHeartbeatEvent | LookEvent
export type AnyGroupEvent = GroupEvent | ConsumerHeartbeatEvent | LookEvent | MemberDueEvent

export function decideGroup(
  state: AnyGroupState,
  event: AnyGroupEvent,
  config: GroupConfig,
  nowMs: number,
  around: GroupSurroundings,
): Decision {
  if (state.type === 'consumer') {
    if (state.members.size === 0 && event.kind === 'join') {
      return joinEmptied(state, event, config, nowMs)
    }
    const decision = decideConsumer(state, event, config, nowMs, around)
    return downgradedIfClassic(decision, state, config, nowMs, around)
  }
  switch (event.kind) {
    case 'consumer-heartbeat':
      return upgrade(state, event, config, nowMs, around)
    case 'look': {
      const { generation } = state
      const result = { outcome: 'allowed', generation, isWorthAsking: false } as const
      return unchanged(state, event.ticket, result)
    }
    case 'revoke-due':
    case 'rejoin-due':
    case 'resync-due':
      // Timers of the consumer group that this one was.
      return { next: state, answers: [], timers: [], isPersistent: false }
    default:
      return decide(state, event, config, nowMs)
  }
}

export function decideGroupAfterFailedWrite(
  state: AnyGroupState,
  event: AnyGroupEvent,
  failed: Decision,
  config: GroupConfig,
  nowMs: number,
): Decision {
  if (state.type === 'consumer') return decideAfterFailedConsumerWrite(state, event, failed)
  return decideAfterFailedWrite(state, event, failed, config, nowMs)
}

function unchanged(
  state: AnyGroupState,
  ticket: Ticket,
  result: Decision['answers'][number]['result'],
): Decision {
  return { next: state, answers: [{ ticket, result }], timers: [], isPersistent: false }
}

function isRefused({ answers }: Decision, ticket: Ticket): boolean {
  return answers.some((each) => each.ticket === ticket && each.result.outcome === 'refused')
}

/** The first member of the consumer protocol makes the group one; the others stay in it. */
function upgrade(
  state: GroupState,
  event: ConsumerHeartbeatEvent,
  config: GroupConfig,
  nowMs: number,
  around: GroupSurroundings,
): Decision {
  const { ticket, request } = event
  if (state.name === 'dead') {
    return unchanged(state, ticket, refused('unavailable', 'the group was deleted: try again'))
  }
  if (request.memberEpoch !== 0) {
    const detail = `Group ${request.groupId} is not a consumer group.`
    return unchanged(state, ticket, refused('group-not-found', detail))
  }
  const group = upgraded(state, config, nowMs, around)
  if ('outcome' in group) return unchanged(state, ticket, group)
  const decision = decideConsumer(group, event, config, nowMs, around)
  if (isRefused(decision, ticket)) return { ...decision, ...stay(state) }
  const { answers, timers } = upgradeEffects(state)
  return {
    next: decision.next,
    answers: [...answers, ...decision.answers],
    timers: [...timers, ...decision.timers],
    isPersistent: true,
  }
}

/** A consumer group without members takes one of the classic protocol: it is a classic group then. */
function joinEmptied(
  state: ConsumerGroupState,
  event: JoinEvent,
  config: GroupConfig,
  nowMs: number,
): Decision {
  const decision = decide(emptied(state, nowMs), event, config, nowMs)
  if (isRefused(decision, event.ticket)) return { ...decision, ...stay(state) }
  return { ...decision, isPersistent: true }
}

const stay = (next: AnyGroupState): Omit<Decision, 'answers'> => {
  return { next, timers: [], isPersistent: false }
}
