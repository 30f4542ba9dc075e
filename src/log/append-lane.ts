/**
 * The way of an append to durability: many share a group, a group is made durable by one write, and
 * groups are committed in the order in which they were sealed (W4). Nothing is answered before
 * (W1).
 */
import { assert, AssertionFailed } from '../base/assert.ts'
import { type Clock, sleep } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import {
  cancelGroups,
  type CommitLane,
  commitGroups,
  commitRunsMax,
  type GroupIntent,
  type GroupResult,
} from '../catalog/commit-groups.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import type { AppendOutcome, RefusedReason } from '../catalog/outcomes.ts'
import type { GroupPlace, Journal } from '../journal/journal.ts'
import { MissingSequences } from './missing-sequences.ts'
import { GatherPause } from './gather-pause.ts'
import type { InlinePolicy } from './inline-policy.ts'
import { Linger } from './linger.ts'
import { failLate, type Flight, newFlight, nowhere } from './flight.ts'
import type { SealPolicy } from './seal-policy.ts'
import type { EndIntent, MarkIntent } from '../catalog/end-transaction.ts'
import {
  EndGroup,
  type LaneGroup,
  OpenGroup,
  type PendingAppend,
  type SealedGroup,
} from './append-group.ts'

export interface LaneLimits {
  /** Bytes that close a group. */
  readonly groupBytesMax: number
  /** Batches that close a group: bounds the time of its transaction. */
  readonly groupBatchesMax: number
  /** Groups between sealing and commit. On a disk one: the next write gathers what came meanwhile. */
  readonly flightsMax: number
  /** Of them, those that are being written. Default: all. */
  readonly writesMax?: number
  /** Bytes of groups between sealing and commit; beyond, no more are sealed. Default: no bound. */
  readonly sealedBytesMax?: number
  /**
   * How long a group gathers from its first append on, where its write costs a request. Default: as
   * on a disk, a moment where that pays.
   */
  readonly lingerMs?: number
  /** How long a group that goes inline gathers; less than `lingerMs`. */
  readonly inlineLingerMs?: number
  /** From sealing to the end of the write; past it the group's appends are refused. */
  readonly writeDeadlineMs: number
  /**
   * Groups up to this size are judged while they are being written, so that only the commit itself
   * is left when they are durable. The locks of the judgement are held meanwhile; 0: never.
   */
  readonly earlyBytesMax: number
  /** Bytes waiting for a group's flight; beyond, appends are refused as overloaded. */
  readonly queuedBytesMax: number
}

export interface LaneDeps {
  readonly incarnation: number
  /** Default: 'groups'. */
  readonly name?: CommitLane
  readonly journal: Journal
  readonly database: CatalogDatabase
  readonly clock: Clock
  readonly log: Log
  readonly limits: LaneLimits
  /** Which groups travel in their commit. Default: none. */
  readonly inline?: InlinePolicy
  /** Of all lanes of the broker together: a partition goes from one to another. Default: its own. */
  readonly missing?: MissingSequences
  /** Takes what was committed into the index and the caches, before anybody is answered. */
  readonly committed: (
    appends: readonly PendingAppend[],
    result: Extract<GroupResult, { state: 'committed' }>,
  ) => Promise<void> | void
  /** Told what became of each group, before its appends are answered. */
  readonly decided?: (group: LaneGroup, result: GroupResult) => void
}

/** A write that takes longer than this is not waited for with locks held: it is judged later. */
const earlyPatienceMs = 20

/** A failed commit is tried again until the group's fate is certain; pauses grow up to this. */
const retryPauseMsMax = 1_000

/** Bytes of groups in one commit: some milliseconds of the catalog's time. */
const commitInlineBytesMax = 1024 * 1024

/** Ends of transactions that wait for their commit; beyond, they are refused as overloaded. */
const queuedEndsMax = 10_000

const mayComeAgain: ReadonlySet<RefusedReason> = new Set(['config-changed', 'wrong-transaction'])

export class AppendLane {
  readonly #deps: LaneDeps
  #open = new OpenGroup()
  #groupNumber = 0
  #queuedBytes = 0
  /** Closed by size while all flights are taken. */
  readonly #closed: OpenGroup[] = []
  /** In sealing order. */
  readonly #flights: Flight[] = []
  /** Those of them that have bytes, how many these are, and whose write has not ended. */
  #sealed = 0
  #sealedBytes = 0
  #writing = 0
  readonly #missing: MissingSequences
  readonly #gather: SealPolicy
  #committing = false
  #isPumpDue = false
  #isClosing = false
  readonly #idle: (() => void)[] = []
  /** Each waits for a flight, in sealing order. */
  readonly #settling: { readonly last: Flight; readonly resolve: () => void }[] = []

  constructor(deps: LaneDeps) {
    this.#deps = deps
    this.#missing = deps.missing ?? new MissingSequences()
    this.#gather = sealPolicy(deps, () => this.#pump())
  }

  /** Bytes accepted and not yet decided. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /**
   * Resolves once the append is durable, decided, and visible to fetches, in the order of calls for
   * one partition. The lane retains `hold` for as long as it needs the bytes.
   *
   * @throws Failure 'overloaded' | 'unavailable' | 'closed': not written, and never will be.
   */
  append(append: PendingAppend): Promise<AppendOutcome> {
    const { limits } = this.#deps
    if (this.#isClosing) return Promise.reject(new Failure('closed', 'the broker is stopping'))
    if (this.#queuedBytes + append.byteLength > limits.queuedBytesMax) {
      const full = `${this.#queuedBytes} of ${limits.queuedBytesMax} bytes`
      const message = `the append queue is full: ${full}`
      return Promise.reject(new Failure('overloaded', message))
    }
    append.hold.retain()
    this.#queuedBytes += append.byteLength
    if (this.#open.count === 0) this.#open.begunMs = this.#deps.clock.monotonicMs()
    const settled = this.#open.add(append)
    if (
      this.#open.byteLength >= limits.groupBytesMax ||
      this.#open.count >= limits.groupBatchesMax
    ) {
      this.#closed.push(this.#open)
      this.#open = new OpenGroup()
    }
    this.#pumpSoon()
    return settled
  }

  /**
   * Ends a transaction in the order of this lane's commits. Resolves with the decision's answer
   * once it is durable and visible to fetches.
   *
   * @throws Failure 'overloaded' | 'unavailable' | 'closed': it may have ended all the same; asking
   *   again tells.
   */
  end(intent: EndIntent | MarkIntent): Promise<unknown> {
    if (this.#isClosing) return Promise.reject(new Failure('closed', 'the broker is stopping'))
    if (this.#flights.length >= queuedEndsMax) {
      const message = `${this.#flights.length} commits wait for their turn`
      return Promise.reject(new Failure('overloaded', message))
    }
    const id = { incarnation: this.#deps.incarnation, groupNumber: this.#groupNumber++ }
    const group = new EndGroup(id, this.#deps.clock.nowMs(), intent)
    this.#flights.push(newFlight(this.#deps.clock, group, nowhere))
    this.#commitSoon()
    return group.answered
  }

  /**
   * Resolves when every group sealed before the call is committed or refused, so that what the
   * catalog says of them is final.
   */
  settled(): Promise<void> {
    const last = this.#flights.at(-1)
    if (last === undefined) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#settling.push({ last, resolve })
    return promise
  }

  /** Refuses new appends; resolves when every accepted one is decided. */
  async close(): Promise<void> {
    this.#isClosing = true
    this.#pump() // nothing more comes: what has gathered is not kept waiting
    if (this.#queuedBytes === 0 && this.#flights.length === 0) return
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#idle.push(resolve)
    await promise
  }

  /** A request appends to many partitions in one turn: they belong into one group. */
  #pumpSoon(): void {
    if (this.#isPumpDue) return
    this.#isPumpDue = true
    queueMicrotask(() => {
      this.#isPumpDue = false
      this.#pump()
    })
  }

  #pump(): void {
    while (this.#hasRoom()) {
      const next = this.#closed.shift() ?? this.#takeOpen()
      if (next === undefined) return
      this.#gather.sealed()
      const id = { incarnation: this.#deps.incarnation, groupNumber: this.#groupNumber++ }
      const group = next.seal(id, this.#deps.clock.nowMs())
      const flight = newFlight(this.#deps.clock, group)
      this.#flights.push(flight)
      this.#sealed++
      this.#sealedBytes += group.byteLength
      if (this.#deps.inline?.take(group.byteLength) === true) {
        flight.place = group.goInline()
        this.#commitSoon()
      } else {
        this.#writing++
        void this.#write(flight, group)
      }
    }
  }

  #hasRoom(): boolean {
    const { flightsMax, writesMax = flightsMax, sealedBytesMax = Infinity } = this.#deps.limits
    const isRoom = this.#sealed < flightsMax && this.#sealedBytes < sealedBytesMax
    return isRoom && this.#writing < writesMax
  }

  #takeOpen(): OpenGroup | undefined {
    if (this.#open.count === 0) return undefined
    if (!this.#isClosing && this.#gather.isDue(this.#open)) return undefined
    const group = this.#open
    this.#open = new OpenGroup()
    return group
  }

  async #write(flight: Flight, group: SealedGroup): Promise<void> {
    const { journal, clock, limits } = this.#deps
    let isOver = false
    const over = (): void => {
      if (!isOver) this.#writing--
      isOver = true
    }
    const timer = clock.after(limits.writeDeadlineMs, () => {
      over() // one that hangs must not keep others from their deadlines
      const message = `the journal did not finish a write within ${limits.writeDeadlineMs} ms`
      flight.failure ??= new Failure('unavailable', message)
      flight.written.reject(flight.failure)
      this.#commitSoon()
    })
    try {
      flight.place = await journal.write(group.journalGroup, (place) => this.#placed(flight, place))
      flight.written.resolve()
    } catch (error) {
      flight.failure ??= asError(error)
      flight.written.reject(flight.failure)
    } finally {
      timer.cancel()
      group.bytesAreFree()
      over()
      this.#commitSoon()
      this.#pump() // one more may be written, though this one waits for its turn to be committed
    }
  }

  #placed(flight: Flight, place: GroupPlace): void {
    const isFirst = !this.#committing && this.#flights[0] === flight
    if (!isFirst || flight.group.byteLength > this.#deps.limits.earlyBytesMax) return
    this.#committing = true
    void this.#commitEarly(flight, place)
  }

  /** Judges what is still being written. Where that does not work out it is judged again later. */
  async #commitEarly(flight: Flight, place: GroupPlace): Promise<void> {
    const intents = [flight.group.intent(place, (append) => this.#missing.isAhead(append))]
    const results = await this.#tryEarly(flight, intents)
    if (results === 'unknown-outcome') await this.#resolve([flight], intents)
    else if (results !== 'later') await this.#settle([flight], results)
    if (results !== 'later') this.#decided([flight])
    await this.#commitReady()
  }

  async #tryEarly(
    { written }: Flight,
    intents: readonly GroupIntent[],
  ): Promise<readonly GroupResult[] | 'unknown-outcome' | 'later'> {
    const { clock, database, name } = this.#deps
    const durable = Promise.withResolvers<void>()
    durable.promise.catch(() => undefined) // nobody waits for it where judging failed
    written.promise.then(durable.resolve, durable.reject)
    const patience = clock.after(earlyPatienceMs, () => {
      durable.reject(new Failure('unavailable', `not written within ${earlyPatienceMs} ms`))
    })
    try {
      return (await commitGroups(database, intents, durable.promise, name)).groups
    } catch (error) {
      if (!isFailure(error)) throw error
      return isFailure(error, 'unknown-outcome') ? 'unknown-outcome' : 'later'
    } finally {
      patience.cancel()
    }
  }

  #commitSoon(): void {
    if (this.#committing) return
    this.#committing = true
    void this.#commitReady()
  }

  /**
   * Commits what is durable at the head of the line; a group whose write is under way holds back
   * the rest.
   */
  async #commitReady(): Promise<void> {
    for (;;) {
      const ready = this.#takeReady()
      for (const flight of ready) failLate(flight, this.#deps.clock)
      if (ready.length === 0) break // nothing is awaited from here to the flag: no wake-up is lost
      const durable = ready.filter((flight) => flight.failure === undefined)
      for (const flight of ready) if (flight.failure !== undefined) this.#refuse(flight)
      if (durable.length > 0) await this.#commit(durable)
      this.#decided(ready)
    }
    this.#committing = false
    if (this.#isClosing && this.#flights.length === 0 && this.#queuedBytes === 0) {
      for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  /** They are answered: the head of the line is free for others. */
  #decided(flights: readonly Flight[]): void {
    const decided = new Set(this.#flights.splice(0, flights.length))
    for (const { place, group } of flights) {
      if (place === nowhere) continue
      this.#sealed--
      this.#sealedBytes -= group.byteLength
    }
    while (this.#settling[0] !== undefined && decided.has(this.#settling[0].last)) {
      this.#settling.shift()?.resolve()
    }
    const answered = flights.reduce((sum, { group }) => sum + group.appends.length, 0)
    if (answered > 0) this.#gather.answered(answered, this.#open.count)
    this.#pump()
  }

  #takeReady(): Flight[] {
    const ready: Flight[] = []
    let runs = 0
    let inlineBytes = 0
    for (const flight of this.#flights) {
      if (flight.place === undefined && flight.failure === undefined) break
      runs += flight.group.runCount
      inlineBytes += flight.group.inlineBytes
      const isFull = runs > commitRunsMax || inlineBytes > commitInlineBytesMax
      if (ready.length > 0 && isFull) break
      ready.push(flight)
    }
    return ready
  }

  async #commit(flights: readonly Flight[]): Promise<void> {
    const intents = flights.map(({ group, place }) => {
      assert(place !== undefined, 'only durable groups are committed')
      return group.intent(place, (append) => this.#missing.isAhead(append))
    })
    try {
      const { database, name } = this.#deps
      const { groups } = await commitGroups(database, intents, undefined, name)
      await this.#settle(flights, groups)
    } catch (error) {
      if (error instanceof AssertionFailed) throw error
      this.#deps.log.warn(
        { error: asError(error).message, groups: flights.length },
        'commit failed',
      )
      if (isFailure(error, 'unknown-outcome')) return this.#resolve(flights, intents)
      if (flights.length > 1) return this.#halve(flights)
      for (const flight of flights) {
        flight.failure = asError(error)
        this.#refuse(flight)
      }
    }
  }

  /** One of several groups may be refused for a reason of its own: the others must not suffer. */
  async #halve(flights: readonly Flight[]): Promise<void> {
    const middle = Math.ceil(flights.length / 2)
    await this.#commit(flights.slice(0, middle))
    await this.#commit(flights.slice(middle))
  }

  /** The answer to a commit was lost: claims the ids as cancelled until it is certain what happened. */
  async #resolve(flights: readonly Flight[], intents: readonly GroupIntent[]): Promise<void> {
    for (let pauseMs = 10; ; pauseMs = Math.min(pauseMs * 2, retryPauseMsMax)) {
      try {
        const { database, name } = this.#deps
        const results = await cancelGroups(database, intents, name)
        return await this.#settle(flights, results)
      } catch (error) {
        if (!isFailure(error)) throw error
        this.#deps.log.warn({ error: error.message }, 'the outcome of a commit is still unknown')
        await sleep(this.#deps.clock, pauseMs)
      }
    }
  }

  async #settle(flights: readonly Flight[], results: readonly GroupResult[]): Promise<void> {
    for (const [index, flight] of flights.entries()) {
      const result = results[index]
      assert(result !== undefined, 'one result per group')
      if (result.state === 'cancelled') {
        flight.failure = new Failure('unavailable', 'the commit was cancelled')
        this.#refuse(flight)
      } else {
        await this.#deps.committed(flight.group.appends, result)
        this.#deps.decided?.(flight.group, result)
        this.#rememberRefused(flight, result.outcomes)
        this.#queuedBytes -= flight.group.byteLength
        flight.group.answer(result)
      }
    }
  }

  /**
   * They are judged again, under the new configuration or for the transaction that is open; what
   * follows must not overtake them.
   */
  #rememberRefused(flight: Flight, outcomes: readonly AppendOutcome[]): void {
    for (const [index, append] of flight.group.appends.entries()) {
      const outcome = outcomes[index]
      if (outcome?.outcome !== 'refused') this.#missing.written(append)
      else if (mayComeAgain.has(outcome.reason)) this.#missing.failed(append)
    }
  }

  #refuse(flight: Flight): void {
    this.#deps.decided?.(flight.group, { state: 'cancelled' })
    for (const append of flight.group.appends) this.#missing.failed(append)
    this.#queuedBytes -= flight.group.byteLength
    flight.group.refuse(flight.failure ?? new Failure('unavailable', 'the write failed'))
  }
}

function sealPolicy({ clock, limits, inline }: LaneDeps, over: () => void): SealPolicy {
  const { lingerMs, inlineLingerMs } = limits
  if (lingerMs === undefined) return new GatherPause(clock, over)
  if (inline === undefined || inlineLingerMs === undefined) return new Linger(clock, lingerMs, over)
  const early = { lingerMs: inlineLingerMs, isReady: inline.isReady.bind(inline) }
  return new Linger(clock, lingerMs, over, early)
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Failure('unavailable', String(error))
}
