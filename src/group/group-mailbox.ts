/**
 * One group's events, one after another: decide, make durable what must be, then adopt and answer.
 * While a write is under way later events wait, so that nobody is ever told what the catalog does
 * not know.
 */
import { assert } from '../base/assert.ts'
import type { Clock, Timer } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { groupLimits } from './config.ts'
import type { GroupConfig } from './config.ts'
import type { ConsumerHeartbeatResult } from './consumer/consumer-membership.ts'
import type { GroupSurroundings } from './consumer/topic-view.ts'
import { decideGroup, decideGroupAfterFailedWrite } from './decide-group.ts'
import type { AnyGroupEvent, AnyRequestEvent } from './decide-group.ts'
import type { AnyGroupState, CommitAllowed, Decision, Result, TimerChange } from './decision.ts'
import type { TimerKey } from './decision.ts'
import { groupBytes, type GroupMemory, isSameSize } from './group-memory.ts'
import type { Ticket } from './group-state.ts'
import type { GroupStore, OwnedGroup } from './group-store.ts'
import type { HeartbeatResult, JoinResult, LeaveResult, SyncResult } from './membership.ts'
import { refused } from './refusal.ts'
import type { Refused } from './refusal.ts'

export interface MailboxParts {
  readonly store: GroupStore
  readonly clock: Clock
  /** As it is now: an event is decided by one of them. */
  readonly config: () => GroupConfig
  readonly around: GroupSurroundings
  readonly log: Log
  /** Of all groups. */
  readonly memory: GroupMemory
  /** The mailbox has ended by itself: the next request must load the group anew. */
  readonly onEnd: () => void
}

interface ResultOf {
  join: JoinResult
  sync: SyncResult
  heartbeat: HeartbeatResult
  leave: LeaveResult
  commit: CommitAllowed | Refused
  look: CommitAllowed | Refused
  'consumer-heartbeat': ConsumerHeartbeatResult
}
type WithoutTicket<Event> = Event extends unknown ? Omit<Event, 'ticket'> : never
export type Request = WithoutTicket<AnyRequestEvent>

/** What a turn leaves behind. */
export interface TurnOutcome<Value> {
  readonly value: Value
  /** The group's row is gone: this mailbox ends. */
  readonly isDeleted: boolean
}

interface RunningTimer {
  readonly timer: Timer
  readonly serial: number
}

export class GroupMailbox {
  readonly coordinatorEpoch: number
  readonly #parts: MailboxParts
  #state: AnyGroupState
  /** Counted in `memory`. */
  #bytes: number
  #ended: Refused | undefined
  readonly #queue: (() => void)[] = []
  #isBusy = false
  #serial = 0
  readonly #waiting = new Map<Ticket, (result: Result) => void>()
  readonly #timers = new Map<TimerKey, RunningTimer>()

  constructor({ state, coordinatorEpoch }: OwnedGroup, parts: MailboxParts) {
    this.#state = state
    this.coordinatorEpoch = coordinatorEpoch
    this.#parts = parts
    this.#bytes = groupBytes(state)
    parts.memory.change(this.#bytes)
    this.#enqueue(() => this.#apply({ kind: 'loaded' }))
  }

  /** What is durable or may be told without being so. */
  get state(): AnyGroupState {
    return this.#state
  }

  get isEnded(): boolean {
    return this.#ended !== undefined
  }

  /**
   * Nothing would be lost but an epoch if the group were forgotten, and ids that were given and not
   * used: who comes with one is told to join anew.
   */
  get isIdle(): boolean {
    const state = this.#state
    const isEmpty = state.type === 'classic' ? state.name === 'empty' : hasNobody(state)
    return isEmpty && !this.#isBusy && this.#queue.length === 0
  }

  /**
   * Resolves with the group's answer, which may take until the others have joined; never rejects
   * for the catalog.
   */
  submit<Kind extends AnyRequestEvent['kind']>(
    request: Extract<Request, { kind: Kind }>,
  ): Promise<ResultOf[Kind] | Refused> {
    const refusal = this.#refuse()
    if (refusal !== undefined) return Promise.resolve(refusal)
    const ticket = ++this.#serial
    const { promise, resolve, reject } = Promise.withResolvers<Result>()
    this.#waiting.set(ticket, resolve)
    try {
      this.#enqueue(() => this.#apply({ ...request, ticket }))
    } catch (error) {
      reject(error)
    }
    return promise as Promise<ResultOf[Kind] | Refused>
  }

  /** Runs `work` between events, on the state as it is then: nothing changes until it is done. */
  turn<Value>(
    work: (state: AnyGroupState) => Promise<TurnOutcome<Value>>,
  ): Promise<Value | Refused> {
    const refusal = this.#refuse()
    if (refusal !== undefined) return Promise.resolve(refusal)
    const { promise, resolve, reject } = Promise.withResolvers<Value | Refused>()
    this.#enqueue(() => {
      if (this.#ended !== undefined) {
        resolve(this.#ended)
        return
      }
      this.#hold(async () => {
        try {
          const { value, isDeleted } = await work(this.#state)
          if (isDeleted)
            this.#end(refused('unavailable', 'the group was deleted just now: try again'))
          resolve(value)
        } catch (error) {
          if (isFailure(error, 'fenced')) this.#end(fencedAnswer)
          if (isFailure(error, 'unknown-outcome')) this.#end(lostAnswer)
          reject(error)
        }
      })
    })
    return promise
  }

  /** Whoever waits is told to look elsewhere; nothing is written any more. */
  close(answer: Refused = stopping): void {
    this.#end(answer)
  }

  #refuse(): Refused | undefined {
    if (this.#ended !== undefined) return this.#ended
    if (this.#queue.length < groupLimits.queuedEventsMax) return undefined
    return refused('unavailable', `${groupLimits.queuedEventsMax} requests wait for this group`)
  }

  #enqueue(item: () => void): void {
    this.#queue.push(item)
    this.#run()
  }

  #run(): void {
    while (!this.#isBusy) {
      const item = this.#queue.shift()
      if (item === undefined) return
      item()
    }
  }

  /** Lets the queue wait for `work`, which must not reject for anything but a wrong program. */
  #hold(work: () => Promise<void>): void {
    assert(!this.#isBusy, 'a mailbox does one thing at a time')
    this.#isBusy = true
    void work().then(() => {
      this.#isBusy = false
      this.#run()
    })
  }

  #apply(event: AnyGroupEvent): void {
    if (this.#ended !== undefined) return
    const { clock, config, around } = this.#parts
    const decision = decideGroup(this.#state, event, config(), clock.nowMs(), around)
    if ('ticket' in event && !this.#hasRoomFor(decision.next)) {
      const detail =
        'the groups of this broker take as much memory as they may (group.memory.bytes)'
      this.#waiting.get(event.ticket)?.(refused('unavailable', detail))
      this.#waiting.delete(event.ticket)
    } else if (decision.isPersistent) this.#hold(() => this.#write(event, decision))
    else this.#adopt(decision)
  }

  async #write(event: AnyGroupEvent, decision: Decision): Promise<void> {
    const { store, clock, config, log } = this.#parts
    try {
      await store.save(decision.next, this.coordinatorEpoch)
      if (this.#ended === undefined) this.#adopt(decision)
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      if (this.#ended !== undefined) return
      const { groupId } = this.#state
      log.warn({ groupId, event: event.kind, error }, 'a change of a group was not written')
      if (error.kind === 'fenced') {
        this.#end(fencedAnswer)
      } else if (error.kind === 'unknown-outcome') {
        // What the catalog holds now is read by whoever asks next; that waits for the lost write.
        this.#end(lostAnswer)
      } else {
        const now = clock.nowMs()
        this.#adopt(decideGroupAfterFailedWrite(this.#state, event, decision, config(), now))
      }
    }
  }

  #hasRoomFor(next: AnyGroupState): boolean {
    if (isSameSize(this.#state, next)) return true
    return this.#parts.memory.hasRoomFor(groupBytes(next) - this.#bytes)
  }

  #adopt({ next, answers, timers }: Decision): void {
    if (!isSameSize(this.#state, next)) {
      const bytes = groupBytes(next)
      this.#parts.memory.change(bytes - this.#bytes)
      this.#bytes = bytes
    }
    this.#state = next
    for (const change of timers) this.#changeTimer(change)
    for (const { ticket, result } of answers) {
      this.#waiting.get(ticket)?.(result)
      this.#waiting.delete(ticket)
    }
  }

  #changeTimer({ key, delayMs, isKept = false }: TimerChange): void {
    if (isKept && this.#timers.has(key)) return
    this.#timers.get(key)?.timer.cancel()
    this.#timers.delete(key)
    if (delayMs === null) return
    const serial = ++this.#serial
    const timer = this.#parts.clock.after(delayMs, () => {
      this.#enqueue(() => {
        // It may have been cancelled or set anew while the event waited for its turn.
        if (this.#timers.get(key)?.serial !== serial) return
        this.#timers.delete(key)
        this.#apply(eventOf(key))
      })
    })
    this.#timers.set(key, { timer, serial })
  }

  #end(answer: Refused): void {
    if (this.#ended !== undefined) return
    this.#ended = answer
    for (const { timer } of this.#timers.values()) timer.cancel()
    this.#timers.clear()
    for (const resolve of this.#waiting.values()) resolve(answer)
    this.#waiting.clear()
    this.#parts.memory.change(-this.#bytes)
    this.#parts.onEnd()
  }
}

const stopping = refused('not-coordinator', 'the broker stops: find the new coordinator')
const lostAnswer = refused('unavailable', 'the answer of the catalog was lost: try again')
const fencedAnswer = refused('not-coordinator', 'another broker has taken the group over')

const memberEvents = {
  session: 'session-expired',
  revoke: 'revoke-due',
  rejoin: 'rejoin-due',
  resync: 'resync-due',
} as const

function eventOf(key: TimerKey): AnyGroupEvent {
  if (key === 'rebalance') return { kind: 'rebalance-due' }
  if (key === 'sync') return { kind: 'sync-due' }
  const end = key.indexOf(':')
  const kind = memberEvents[key.slice(0, end) as keyof typeof memberEvents]
  return { kind, memberId: key.slice(end + 1) }
}

/** Without members, and nobody about to become one. */
export function hasNobody(state: AnyGroupState): boolean {
  if (state.type === 'consumer') return state.members.size === 0
  return state.name === 'empty' && state.pendingJoins.size === 0
}
