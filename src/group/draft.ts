/**
 * The next state of a group while it is being decided. It copies what it changes: the state before
 * stays whole.
 */
import { assert } from '../base/assert.ts'
import type { GroupConfig } from './config.ts'
import type { ConsumerHeartbeatResult } from './consumer/consumer-membership.ts'
import type { ConsumerGroupState } from './consumer/consumer-state.ts'
import type { GroupState, Member, Ticket } from './group-state.ts'
import type { ClassicStateName } from './listing.ts'
import type { HeartbeatResult, JoinResult, LeaveResult, SyncResult } from './membership.ts'
import type { Refused } from './refusal.ts'

/** A group of either protocol. */
export type AnyGroupState = GroupState | ConsumerGroupState

/** The member (or the one who is none) may commit offsets under this generation. */
export interface CommitAllowed {
  readonly outcome: 'allowed'
  /** What the group's row must still say when the offsets are written. */
  readonly generation: number
  /** The group may have moved on meanwhile without shutting this one out: ask again. */
  readonly isWorthAsking: boolean
}

export type Result =
  | JoinResult
  | SyncResult
  | HeartbeatResult
  | LeaveResult
  | ConsumerHeartbeatResult
  | CommitAllowed
  | Refused

export interface Answer {
  readonly ticket: Ticket
  readonly result: Result
}

export type TimerKey =
  | 'rebalance'
  | 'sync'
  | `session:${string}`
  /** Of consumer groups: a member has to give up, to join again, to ask for its assignment. */
  | `${'revoke' | 'rejoin' | 'resync'}:${string}`

export interface TimerChange {
  readonly key: TimerKey
  /** null: cancelled. */
  readonly delayMs: number | null
  /** Nothing changes where the timer runs already. */
  readonly isKept?: boolean
}

export interface Decision<State = AnyGroupState> {
  readonly next: State
  /** To be given once `next` is adopted; after the write if there is one. */
  readonly answers: readonly Answer[]
  readonly timers: readonly TimerChange[]
  /** `next` must be durable before it is adopted. */
  readonly isPersistent: boolean
}

/** Where each state may be entered from. */
const sources: { readonly [Name in ClassicStateName]: readonly ClassicStateName[] } = {
  empty: ['preparing-rebalance'],
  'preparing-rebalance': ['empty', 'completing-rebalance', 'stable'],
  'completing-rebalance': ['preparing-rebalance'],
  stable: ['completing-rebalance'],
  dead: ['empty'],
}

export class Draft {
  readonly config: GroupConfig
  readonly nowMs: number
  #state: GroupState
  readonly #answers: Answer[] = []
  readonly #timers: TimerChange[] = []
  #isPersistent = false
  // The copies, once made: several changes of one decision share them.
  #members: Map<string, Member> | undefined
  #staticIds: Map<string, string> | undefined

  constructor(state: GroupState, config: GroupConfig, nowMs: number) {
    this.#state = state
    this.config = config
    this.nowMs = nowMs
  }

  get state(): GroupState {
    return this.#state
  }

  decision(): Decision<GroupState> {
    return {
      next: this.#state,
      answers: this.#answers,
      timers: this.#timers,
      isPersistent: this.#isPersistent,
    }
  }

  answer(ticket: Ticket, result: Result): void {
    this.#answers.push({ ticket, result })
  }

  setTimer(key: TimerKey, delayMs: number): void {
    this.#timers.push({ key, delayMs })
  }

  cancelTimer(key: TimerKey): void {
    this.#timers.push({ key, delayMs: null })
  }

  /** What is decided here must not be said before it is durable. */
  persist(): void {
    this.#isPersistent = true
  }

  enter(name: ClassicStateName): void {
    assert(
      sources[name].includes(this.#state.name),
      `group ${this.#state.groupId} goes from ${this.#state.name} to ${name}`,
    )
    this.change({ name, sinceMs: this.nowMs })
  }

  /** Everything but members, which have their own verbs. */
  change(
    fields: Partial<Omit<GroupState, 'groupId' | 'members' | 'staticIds' | 'waitingJoins'>>,
  ): void {
    this.#state = { ...this.#state, ...fields }
  }

  setMember(member: Member): void {
    const before = this.#state.members.get(member.memberId)
    const waitingJoins =
      this.#state.waitingJoins + countOf(member.joinTicket) - countOf(before?.joinTicket ?? null)
    this.#ownMembers().set(member.memberId, member)
    if (member.instanceId !== null && before?.instanceId !== member.instanceId) {
      this.#ownStaticIds().set(member.instanceId, member.memberId)
    }
    this.#setCounts(waitingJoins)
  }

  /** Forgets the id wherever it stands; another leads if it led. Does not answer what it waits for. */
  removeMember(memberId: string): void {
    const member = this.#state.members.get(memberId)
    if (member !== undefined) {
      if (!member.isNew) this.persist()
      this.#ownMembers().delete(memberId)
      if (member.instanceId !== null) this.#ownStaticIds().delete(member.instanceId)
      this.#setCounts(this.#state.waitingJoins - countOf(member.joinTicket))
    }
    if (this.#state.leaderId === memberId) {
      const [first] = this.#state.members.keys()
      this.change({ leaderId: first ?? null })
    }
    this.setPendingJoin(memberId, false)
    this.setPendingSync(memberId, false)
  }

  setPendingJoin(memberId: string, isPending: boolean): void {
    const changed = withMember(this.#state.pendingJoins, memberId, isPending)
    if (changed !== undefined) this.change({ pendingJoins: changed })
  }

  setPendingSync(memberId: string, isPending: boolean): void {
    const changed = withMember(this.#state.pendingSyncs, memberId, isPending)
    if (changed !== undefined) this.change({ pendingSyncs: changed })
  }

  #ownMembers(): Map<string, Member> {
    this.#members ??= new Map(this.#state.members)
    return this.#members
  }

  #ownStaticIds(): Map<string, string> {
    this.#staticIds ??= new Map(this.#state.staticIds)
    return this.#staticIds
  }

  #setCounts(waitingJoins: number): void {
    this.#state = {
      ...this.#state,
      waitingJoins,
      members: this.#members ?? this.#state.members,
      staticIds: this.#staticIds ?? this.#state.staticIds,
    }
  }
}

function countOf(ticket: Ticket | null): number {
  return ticket === null ? 0 : 1
}

/** The changed set; undefined where nothing changes. */
function withMember(
  set: ReadonlySet<string>,
  memberId: string,
  isWanted: boolean,
): Set<string> | undefined {
  if (set.has(memberId) === isWanted) return undefined
  const changed = new Set(set)
  if (isWanted) changed.add(memberId)
  else changed.delete(memberId)
  return changed
}
