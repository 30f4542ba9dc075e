/** Heartbeats, and commits of offsets, which count as such. Nothing of it is written. */
import type { Draft } from './draft.ts'
import type { Ticket } from './group-state.ts'
import type { HeartbeatRequest } from './membership.ts'
import { refused } from './refusal.ts'
import { refuseGeneration } from './refuse-member.ts'

export interface HeartbeatEvent {
  readonly kind: 'heartbeat'
  readonly ticket: Ticket
  readonly request: HeartbeatRequest
}

/** May this one commit offsets now? */
export interface CommitEvent {
  readonly kind: 'commit'
  readonly ticket: Ticket
  readonly request: Pick<HeartbeatRequest, 'memberId' | 'instanceId' | 'generation'> & {
    /** The request may carry a member epoch; true unless said otherwise. */
    readonly understandsEpochs?: boolean
    readonly isTransactional?: boolean
    /** What is to be committed. */
    readonly offsets: readonly { readonly topicId: string; readonly partitionIndex: number }[]
  }
}

export function onHeartbeat(draft: Draft, { ticket, request }: HeartbeatEvent): void {
  const { state } = draft
  const refusal = refuseGeneration(state, request)
  if (refusal !== undefined) {
    draft.answer(ticket, refusal)
    return
  }
  restartSession(draft, request.memberId)
  if (state.name === 'preparing-rebalance') {
    draft.answer(ticket, refused('rebalance-in-progress', 'the group rebalances: join again'))
  } else {
    draft.answer(ticket, { outcome: 'alive' })
  }
}

export function onCommit(draft: Draft, { ticket, request }: CommitEvent): void {
  const { state } = draft
  const { memberId, instanceId, generation, isTransactional = false } = request
  if (generation < 0 && state.name === 'empty') {
    draft.answer(ticket, { outcome: 'allowed', generation: state.generation, isWorthAsking: false })
    return
  }
  if (generation < 0 && memberId === '' && instanceId === null) {
    if (isTransactional) {
      draft.answer(ticket, {
        outcome: 'allowed',
        generation: state.generation,
        isWorthAsking: false,
      })
      return
    }
    draft.answer(ticket, refused('unknown-member', 'only members commit while a group has members'))
    return
  }
  const refusal = refuseGeneration(state, request)
  if (refusal !== undefined) {
    draft.answer(ticket, refusal)
  } else if (state.name === 'completing-rebalance' && !isTransactional) {
    draft.answer(ticket, refused('rebalance-in-progress', 'ask for the assignment first'))
  } else {
    restartSession(draft, memberId)
    draft.answer(ticket, { outcome: 'allowed', generation: state.generation, isWorthAsking: false })
  }
}

function restartSession(draft: Draft, memberId: string): void {
  const member = draft.state.members.get(memberId)
  if (member !== undefined) draft.setTimer(`session:${memberId}`, member.sessionTimeoutMs)
}
