/**
 * Follows what other brokers commit and change. Each look asks for what became visible since the
 * look before, so that nothing is missed whatever order transactions end in; it is taken in as one
 * change, and looks never run side by side.
 */
import { type Clock, sleep } from '../base/clock.ts'
import { isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import { type Change, changeOf } from '../catalog/change-log.ts'
import type { FleetDatabase } from '../catalog/fleet-database.ts'
import { type CommitLogRow, commitLog } from '../catalog/schema.ts'
import { type ChangeRow, changeLog } from '../catalog/schema-changes.ts'
import type { Table } from '../catalog/table.ts'

/** Who has something in memory that others change. */
export interface FeedListener {
  /**
   * Takes in groups that became visible together. False where something between them and what is
   * known is missing.
   */
  groups(rows: readonly CommitLogRow[]): boolean
  /** @throws Failure 'unavailable': it is told again. */
  changed(change: Change): Promise<void>
  /** A look is over that told something. @throws Failure 'unavailable': the next look says it again. */
  looked(): Promise<void>
  /** Anything may have changed: reads everything. @throws Failure 'unavailable': it is told again. */
  reset(): Promise<void>
}

export interface FeedFollowerDeps {
  readonly database: Pick<FleetDatabase, 'changes' | 'onAnnounced'>
  readonly clock: Clock
  readonly log: Log
  /** From one look to the next while there is something to see … */
  readonly pollMs: number
  /** … and once there was nothing for a while; announcements call earlier. */
  readonly idlePollMs: number
}

export interface FeedStats {
  polls: number
  groups: number
  changes: number
  /** Looks after which everything had to be read anew. */
  resets: number
  /** Of the last look: from its begin until it was taken in. */
  lastMs: number
}

/** A cluster in which nothing became visible for so long is quiet: who ends that announces it. */
export const quietAfterMs: number = 1_000

/** Rows of one look; beyond, everything is read anew, which costs less by then. */
const rowsMax = 10_000
const feedTables = [commitLog, changeLog] as readonly Table<never>[]
/** From a look to one that was called for meanwhile: they cost the database something. */
const calledMs = 5
/** A pause after a failed look doubles up to this. */
const retryMsMax = 1_000

/** Nobody reads it; without a reason each abort makes an exception, with its stack. */
const woken = 'woken'

export class FeedFollower {
  readonly #deps: FeedFollowerDeps
  readonly stats: FeedStats = { polls: 0, groups: 0, changes: 0, resets: 0, lastMs: 0 }
  #listener: FeedListener | undefined
  #position: string | undefined
  /** What must be told again: a look is over only when all of it is taken in. */
  #untold: Change[] = []
  #mustReset = false
  #looking: Promise<void> | undefined
  /** Asked for while another look was under way, which had begun too early for who asks. */
  #next: Promise<void> | undefined
  #wake: AbortController | undefined
  /** Something was announced since the last look of `run` began. */
  #isCalled = false

  constructor(deps: FeedFollowerDeps) {
    this.#deps = deps
  }

  /** Call it before everything is read at start. @throws Failure 'unavailable' */
  async begin(): Promise<void> {
    this.#position = (await this.#deps.database.changes(undefined, feedTables, rowsMax)).position
  }

  /**
   * Looks again and again until `signal` aborts. The catalog not answering is no failure: what was
   * missed is told when it does.
   */
  async run(listener: FeedListener, signal: AbortSignal): Promise<void> {
    this.#listener = listener
    const { database, clock, log, pollMs, idlePollMs } = this.#deps
    const silence = database.onAnnounced(() => {
      this.#isCalled = true
      this.#wake?.abort(woken)
    })
    let retryMs = 0
    let newsMs = -Infinity
    try {
      while (!signal.aborted) {
        const seen = this.stats.groups + this.stats.changes
        this.#isCalled = false
        try {
          await this.catchUp()
          retryMs = 0
        } catch (error) {
          if (!isFailure(error)) throw error
          if (error.kind === 'closed') return
          retryMs = Math.min(Math.max(2 * retryMs, pollMs), retryMsMax)
          log.warn({ error: error.message, retryMs }, 'what other brokers do is not known')
        }
        const nowMs = clock.monotonicMs()
        if (seen < this.stats.groups + this.stats.changes) newsMs = nowMs
        const isQuiet = nowMs - newsMs >= quietAfterMs
        const nextMs = this.#isCalled ? calledMs : isQuiet ? idlePollMs : pollMs
        await this.#pause(retryMs > 0 ? retryMs : nextMs, clock, signal)
      }
    } finally {
      silence()
    }
  }

  /**
   * Resolves when everything that was committed before the call is taken in.
   *
   * @throws Failure 'unavailable' | 'closed'
   */
  catchUp(): Promise<void> {
    if (this.#looking === undefined) return this.#begin()
    // Whoever asks now may know of a commit that the look under way does not see.
    this.#next ??= this.#looking
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined
        return this.#begin()
      })
    return this.#next
  }

  #begin(): Promise<void> {
    const looking = this.#look().finally(() => {
      if (this.#looking === looking) this.#looking = undefined
    })
    this.#looking = looking
    return looking
  }

  async #look(): Promise<void> {
    const { database, clock } = this.#deps
    const listener = this.#listener
    if (listener === undefined) return
    const beganMs = clock.monotonicMs()
    const found = await database.changes(this.#position, feedTables, rowsMax)
    this.stats.polls++
    this.#position = found.position
    const [groups, changes] = found.rows as [CommitLogRow[], ChangeRow[]]
    this.stats.groups += groups.length
    this.stats.changes += changes.length
    this.#untold.push(...changes.map(changeOf))
    this.#mustReset ||= found.isReset
    // Topics first: what was written to new partitions can be in the same answer.
    if (!this.#mustReset) {
      // These groups are told by no other look: where this one ends here they are read anew.
      this.#mustReset = groups.length > 0
      await this.#tell(listener, ({ kind }) => kind === 'topic')
      this.#mustReset = groups.length > 0 && !listener.groups(groups)
    }
    if (this.#mustReset) await this.#reset(listener)
    await this.#tell(listener, () => true)
    if (groups.length > 0) await listener.looked()
    this.stats.lastMs = clock.monotonicMs() - beganMs
  }

  async #reset(listener: FeedListener): Promise<void> {
    this.stats.resets++
    await listener.reset()
    this.#mustReset = false
    this.#untold = []
  }

  async #tell(listener: FeedListener, isMeant: (change: Change) => boolean): Promise<void> {
    const told = new Set<string>()
    for (const change of this.#untold.filter(isMeant)) {
      const text = JSON.stringify(change)
      if (!told.has(text)) await listener.changed(change)
      told.add(text)
      this.#untold = this.#untold.filter((each) => each !== change)
    }
  }

  async #pause(ms: number, clock: Clock, signal: AbortSignal): Promise<void> {
    const wake = new AbortController()
    this.#wake = wake
    const stop = (): void => wake.abort(woken)
    signal.addEventListener('abort', stop, { once: true })
    await sleep(clock, ms, wake.signal)
    signal.removeEventListener('abort', stop)
    this.#wake = undefined
  }
}
