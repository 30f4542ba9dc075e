/**
 * The machine of a classic group: what every event means in every state. Pure: no clock, no
 * catalog, no waiting.
 */
import { type GroupConfig, sessionAfterLoadMs } from './config.ts'
import type { AnyGroupEvent } from './decide-group.ts'
import { Draft } from './draft.ts'
import type { Decision } from './decision.ts'
import { rebalanceTimeoutMs } from './group-state.ts'
import type { GroupState, Ticket } from './group-state.ts'
import type { ClassicStateName } from './listing.ts'
import { onCommit, onHeartbeat } from './on-heartbeat.ts'
import type { CommitEvent, HeartbeatEvent } from './on-heartbeat.ts'
import { newMemberTimeoutMs, onJoin } from './on-join.ts'
import type { JoinEvent } from './on-join.ts'
import { onLeave, onSessionExpired, onSyncDue } from './on-leave.ts'
import type { LeaveEvent, SessionExpiredEvent } from './on-leave.ts'
import { onSync } from './on-sync.ts'
import type { SyncEvent } from './on-sync.ts'
import { onRebalanceDue, prepareRebalance } from './rebalance.ts'
import { refused } from './refusal.ts'

export type RequestEvent = JoinEvent | SyncEvent | HeartbeatEvent | LeaveEvent | CommitEvent

export type GroupEvent =
  | RequestEvent
  | SessionExpiredEvent
  | { readonly kind: 'rebalance-due' }
  | { readonly kind: 'sync-due' }
  /** The group was read from the catalog. */
  | { readonly kind: 'loaded' }

type Handler<Kind extends GroupEvent['kind']> = (
  draft: Draft,
  event: Extract<GroupEvent, { kind: Kind }>,
) => void
type Handlers = { readonly [Kind in GroupEvent['kind']]: Handler<Kind> }

const nothing = (): void => undefined

const gone = (draft: Draft, { ticket }: { readonly ticket: Ticket }): void =>
  draft.answer(ticket, refused('unavailable', 'the group was deleted just now: try again'))

const requests = {
  join: onJoin,
  sync: onSync,
  heartbeat: onHeartbeat,
  leave: onLeave,
  commit: onCommit,
}
const timeouts = {
  'session-expired': onSessionExpired,
  'rebalance-due': nothing,
  'sync-due': nothing,
  loaded: onLoaded,
}

/** Handlers share what is the same in several states; what only one state knows stands here. */
const handlers: { readonly [Name in ClassicStateName]: Handlers } = {
  empty: { ...requests, ...timeouts },
  'preparing-rebalance': { ...requests, ...timeouts, 'rebalance-due': onRebalanceDue },
  'completing-rebalance': { ...requests, ...timeouts, 'sync-due': onSyncDue },
  stable: { ...requests, ...timeouts, 'sync-due': onSyncDue },
  dead: {
    join: gone,
    sync: gone,
    heartbeat: gone,
    leave: gone,
    commit: gone,
    'session-expired': nothing,
    'rebalance-due': nothing,
    'sync-due': nothing,
    loaded: nothing,
  },
}

export function decide(
  state: GroupState,
  event: GroupEvent,
  config: GroupConfig,
  nowMs: number,
): Decision<GroupState> {
  const draft = new Draft(state, config, nowMs)
  const handler = handlers[state.name][event.kind] as (on: Draft, event: GroupEvent) => void
  handler(draft, event)
  return draft.decision()
}

function onLoaded(draft: Draft): void {
  const { state } = draft
  for (const { memberId, sessionTimeoutMs } of state.members.values()) {
    draft.setTimer(`session:${memberId}`, sessionAfterLoadMs(sessionTimeoutMs))
  }
  const timeoutMs = rebalanceTimeoutMs(state)
  if (state.name === 'preparing-rebalance') {
    draft.setTimer('rebalance', timeoutMs)
  } else if (state.name === 'completing-rebalance') {
    draft.change({ pendingSyncs: new Set(state.members.keys()) })
    draft.setTimer('sync', timeoutMs)
  } else if (state.name === 'stable' && state.members.size > draft.config.membersMax) {
    prepareRebalance(draft)
  }
}

/** How soon what a timer wanted is tried again when the catalog did not take it. */
const retryMs = 1_000

/**
 * What follows when the catalog did not take what `event` decided: the state stays, whoever waited
 * for the answer is told to try again, and what a timer wanted is tried again.
 */
export function decideAfterFailedWrite(
  state: GroupState,
  event: AnyGroupEvent,
  failed: Decision,
  config: GroupConfig,
  nowMs: number,
): Decision<GroupState> {
  const draft = new Draft(state, config, nowMs)
  const tickets = new Set(failed.answers.map(({ ticket }) => ticket))
  // A request that would have waited in the state that was not reached gets no other answer.
  if ('ticket' in event) tickets.add(event.ticket)
  for (const ticket of tickets) {
    draft.answer(ticket, refused('unavailable', 'the catalog did not answer: try again'))
  }
  for (const member of state.members.values()) {
    const isJoin = member.joinTicket !== null && tickets.has(member.joinTicket)
    const isSync = member.syncTicket !== null && tickets.has(member.syncTicket)
    if (!isJoin && !isSync) continue
    draft.setMember({
      ...member,
      joinTicket: isJoin ? null : member.joinTicket,
      syncTicket: isSync ? null : member.syncTicket,
    })
    if (isSync) draft.setPendingSync(member.memberId, true)
    const sessionMs = member.isNew ? newMemberTimeoutMs : member.sessionTimeoutMs
    draft.setTimer(`session:${member.memberId}`, sessionMs)
  }
  if (state.name === 'preparing-rebalance') {
    // Those who were told to try again need the time to; then the usual rule ends it.
    draft.change({ initial: null })
    draft.setTimer('rebalance', Math.max(rebalanceTimeoutMs(state), retryMs))
  } else if (draft.state.pendingSyncs.size > 0) {
    draft.setTimer('sync', Math.max(rebalanceTimeoutMs(state), retryMs))
  }
  if (event.kind === 'session-expired') draft.setTimer(`session:${event.memberId}`, retryMs)
  return draft.decision()
}
