/**
 * The brokers as one of them last heard of them, and which of them live: those whose heartbeats
 * came lately, on the database's clock, and who did not leave.
 */
import type { BrokerRow } from '../catalog/schema-fleet.ts'
import { AbleBrokers } from './able-brokers.ts'

/** A sign of life so often … */
export const heartbeatMs = 500
/** … and dead without one for so long. */
export const deadMs = 2_000
/**
 * Who could not be heard for so long does not know whether others could: the database may have been
 * away, or failed over, and all begin again at once …
 */
const missedMs = 2 * heartbeatMs
/**
 * … so they have this time to be heard again: each looks for the database once a second, and where
 * a host of it does not even refuse, the next one is tried after five.
 */
export const excusedMs: number = 4 * deadMs

interface Excuse {
  /** The last heartbeat before the silence. */
  readonly beatMs: number
  readonly untilMs: number
}

export class Roster {
  #rows: readonly BrokerRow[] = []
  /** On the database's clock; -Infinity: nothing was heard yet. */
  #heardMs = -Infinity
  #placed: ReadonlySet<number> = new Set()
  /** By node id. */
  #excuses = new Map<number, Excuse>()
  readonly #able = new AbleBrokers()

  /** All rows as they were last heard of, dead ones too. */
  get rows(): readonly BrokerRow[] {
    return this.#rows
  }

  /** By node id. */
  living(): BrokerRow[] {
    return this.#rows.filter(({ nodeId, heartbeatMs: beatMs, state }) => {
      if (state === 'stopped') return false
      if (this.#heardMs - beatMs < deadMs) return true
      const excuse = this.#excuses.get(nodeId)
      const isExcused = excuse?.beatMs === beatMs && this.#heardMs < excuse.untilMs
      // Where others were heard meanwhile, they have placed anew what a dead one had.
      return isExcused && this.#placed.has(nodeId)
    })
  }

  /** By node id: to whom clients may be sent. */
  able(): BrokerRow[] {
    return this.#able.among(this.living(), this.#placed)
  }

  /** `placed`: whom the placement names that is in force; `nowMs`: on the database's clock. */
  hear(rows: readonly BrokerRow[], placed: ReadonlySet<number>, nowMs: number): void {
    const silentMs = nowMs - this.#heardMs
    if (silentMs >= missedMs && silentMs < Infinity) this.#excuse(rows, nowMs, silentMs)
    this.#rows = rows
    this.#placed = placed
    this.#heardMs = nowMs
    this.#able.hear(this.living(), nowMs)
  }

  /** Some are shown of which it is not known yet whether they live. */
  get hasExcused(): boolean {
    return this.living().some((row) => this.#heardMs - row.heartbeatMs >= deadMs)
  }

  /**
   * Those that lived when something was last heard, whatever was heard of them since; each once.
   * After a silence of its own in which nobody is dead yet, the others need no longer than ever.
   */
  #excuse(rows: readonly BrokerRow[], nowMs: number, silentMs: number): void {
    const lived = new Set(this.living().map(({ nodeId }) => nodeId))
    const isLong = silentMs >= deadMs
    const fresh = nowMs + (isLong ? excusedMs : deadMs)
    const excuses = new Map<number, Excuse>()
    for (const { nodeId, heartbeatMs: beatMs } of rows) {
      if (!lived.has(nodeId) && beatMs + deadMs <= this.#heardMs) continue
      const known = this.#excuses.get(nodeId)
      const isKnown = known?.beatMs === beatMs
      // The database went again: what was left of the excuse is left.
      const left = isLong && isKnown && known.untilMs > this.#heardMs ? silentMs : 0
      excuses.set(nodeId, { beatMs, untilMs: isKnown ? known.untilMs + left : fresh })
    }
    this.#excuses = excuses
  }
}
