/** What a group decides on an event, and the draft in which both protocols gather it. */
import type { GroupConfig } from './config.ts'
import type { ConsumerHeartbeatResult } from './consumer/consumer-membership.ts'
import type { ConsumerGroupState } from './consumer/consumer-state.ts'
import type { GroupState, Ticket } from './group-state.ts'
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

/** What drafts of both protocols gather: the next state, who is told what, and which timers run. */
export class DecisionDraft<State extends AnyGroupState> {
  readonly config: GroupConfig
  readonly nowMs: number
  protected next: State
  readonly #answers: Answer[] = []
  readonly #timers: TimerChange[] = []
  #isPersistent = false

  constructor(state: State, config: GroupConfig, nowMs: number) {
    this.next = state
    this.config = config
    this.nowMs = nowMs
  }

  get state(): State {
    return this.next
  }

  decision(): Decision<State> {
    return {
      next: this.next,
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

  /** A timer that runs already keeps its time. */
  setTimerIfAbsent(key: TimerKey, delayMs: number): void {
    this.#timers.push({ key, delayMs, isKept: true })
  }

  cancelTimer(key: TimerKey): void {
    this.#timers.push({ key, delayMs: null })
  }

  /** What is decided here must not be said before it is durable. */
  persist(): void {
    this.#isPersistent = true
  }
}
