/**
 * To whom clients may be sent, of those that live. Who cannot write to the bucket keeps what it has
 * and is relieved of it only when another has written since, and it still cannot.
 *
 * A bucket that takes nothing from anybody is found out by one broker after the other, and so is
 * its end. Clients were sent to the last that had not noticed, and then all to the first that had,
 * each time for nothing. (Met in the test of a bucket that takes nothing. A move is not free: an
 * idempotent librdkafka that hears of one while a request is on its way may send the next before it
 * repeats that one.)
 */
import type { BrokerRow } from '../catalog/schema-fleet.ts'

/**
 * From when another has written: by then who was only slower to find that the bucket is back has
 * found out, too, as it is tried every second. No longer: what clients have on its way to who is
 * relieved is given up ten seconds after it came, and they had better be told before.
 */
export const relieveMs = 2_000
/** Who was relieved must have been able for so long before it has clients again. */
export const returnMs = 5_000

interface Impaired {
  readonly incarnation: number
  readonly sinceMs: number
  /** Since when it is known that another could write; undefined: it is not. */
  provenMs: number | undefined
}

interface Relieved {
  readonly incarnation: number
  /** Undefined while it still cannot write. */
  servingSinceMs: number | undefined
}

export class AbleBrokers {
  /** By node id, as the next. */
  readonly #impaired = new Map<number, Impaired>()
  readonly #relieved = new Map<number, Relieved>()
  #nowMs = 0

  /** `nowMs`: on the database's clock, as all times are. */
  hear(living: readonly BrokerRow[], nowMs: number): void {
    this.#nowMs = nowMs
    const ids = new Set(living.map(({ nodeId }) => nodeId))
    for (const known of [this.#impaired, this.#relieved]) {
      for (const nodeId of known.keys()) if (!ids.has(nodeId)) known.delete(nodeId)
    }
    for (const row of living) {
      if (row.state === 'impaired') this.#hearImpaired(row, living)
      else this.#impaired.delete(row.nodeId)
      this.#hearRelieved(row)
    }
  }

  #hearImpaired({ nodeId, incarnation }: BrokerRow, living: readonly BrokerRow[]): void {
    let known = this.#impaired.get(nodeId)
    if (known?.incarnation !== incarnation) {
      known = { incarnation, sinceMs: this.#nowMs, provenMs: undefined }
      this.#impaired.set(nodeId, known)
    }
    const { sinceMs } = known
    const isProven = living.some((row) => row.state === 'serving' && row.writtenMs > sinceMs)
    known.provenMs = isProven ? (known.provenMs ?? this.#nowMs) : undefined
    const isRelieved = isProven && this.#nowMs - (known.provenMs ?? this.#nowMs) >= relieveMs
    if (isRelieved) this.#relieved.set(nodeId, { incarnation, servingSinceMs: undefined })
  }

  #hearRelieved({ nodeId, incarnation, state }: BrokerRow): void {
    const known = this.#relieved.get(nodeId)
    if (known === undefined) return
    if (state !== 'serving') known.servingSinceMs = undefined
    else known.servingSinceMs ??= this.#nowMs
    const isBack = this.#nowMs - (known.servingSinceMs ?? this.#nowMs) >= returnMs
    if (isBack || known.incarnation !== incarnation) this.#relieved.delete(nodeId)
  }

  /**
   * `placed`: those that have clients now. Where nobody can write, all that serve are able: reads,
   * groups and topics of the class `low` need no bucket.
   */
  among(living: readonly BrokerRow[], placed: ReadonlySet<number>): BrokerRow[] {
    const able = living.filter(({ nodeId, state }) => {
      if (this.#relieved.has(nodeId)) return false
      return state === 'serving' || (state === 'impaired' && placed.has(nodeId))
    })
    if (able.length > 0) return able
    return living.filter(({ state }) => state === 'serving' || state === 'impaired')
  }
}
