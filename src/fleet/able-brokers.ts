/**
 * To whom clients may be sent, of those that live: who serves, and who cannot write to the bucket
 * but has clients already.
 *
 * The latter is relieved of them once others could write all the while that it could not. A bucket
 * that takes nothing from anybody is found out by one broker after the other, and so is its end:
 * clients were sent to the last that had not noticed, and then all to the first that had, each time
 * for nothing. (Met in the test of a bucket that takes nothing. A move is not free: an idempotent
 * librdkafka that hears of one while a request is on its way may send the next before it repeats
 * that one.)
 */
import type { BrokerRow } from '../catalog/schema-fleet.ts'

/**
 * Brokers try the bucket about once a second while it takes nothing: by then all have. What clients
 * have on its way to who is relieved is given up ten seconds after it came: they must be sent away
 * before, or they send it there again.
 */
export const relieveMs = 2_500

interface Since {
  readonly incarnation: number
  readonly state: BrokerRow['state']
  readonly sinceMs: number
}

export class AbleBrokers {
  /** By node id: the state that was heard last, and since when. */
  #since = new Map<number, Since>()
  #heardMs = 0

  /** `nowMs`: on the database's clock, as heartbeats are. */
  hear(rows: readonly BrokerRow[], nowMs: number): void {
    const before = this.#since
    this.#since = new Map()
    this.#heardMs = nowMs
    for (const { nodeId, incarnation, state } of rows) {
      const known = before.get(nodeId)
      const isSame = known?.incarnation === incarnation && known.state === state
      this.#since.set(nodeId, isSame ? known : { incarnation, state, sinceMs: nowMs })
    }
  }

  /** `placed`: those that have clients now. */
  among(living: readonly BrokerRow[], placed: ReadonlySet<number>): BrokerRow[] {
    const isLong = ({ nodeId }: BrokerRow): boolean =>
      this.#heardMs - (this.#since.get(nodeId)?.sinceMs ?? this.#heardMs) >= relieveMs
    const hasOther = living.some((row) => row.state === 'serving' && isLong(row))
    return living.filter((row) => {
      if (row.state === 'serving') return true
      if (row.state !== 'impaired' || !placed.has(row.nodeId)) return false
      return !hasOther || !isLong(row)
    })
  }
}
