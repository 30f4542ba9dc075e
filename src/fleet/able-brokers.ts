/**
 * To whom clients may be sent, of those that live. Who cannot write to the bucket keeps what it
 * has, and is relieved of it only where another goes on writing meanwhile.
 *
 * A bucket that takes nothing from anybody is found out by one broker after the other, and so is
 * its end. Clients were sent to the last that had not noticed, and then all to the first that had,
 * each time for nothing. (Met in the test of a bucket that takes nothing. A move is not free: an
 * idempotent librdkafka that hears of one while a request is on its way may send the next before it
 * repeats that one.)
 *
 * Each broker judges by what it has heard itself; only the word of the one that makes placements
 * counts, and who that is depends on none of this.
 */
import type { BrokerRow } from '../catalog/schema-fleet.ts'

/**
 * From the first write of another that was heard of to one that proves it: by then who was only
 * slower to find out, that the bucket is gone or that it is back, has found out. No longer: what
 * clients have on its way to who is relieved is given up ten seconds after it came, and they had
 * better be told before.
 */
export const relieveMs = 2_500
/** Who was relieved has clients again when it could write for so long; each time twice as long … */
export const returnMs = 5_000
/** … up to this: small writes may work where those of clients do not. */
export const returnMsMax = 300_000
/** Who can write for less, and then cannot again, could not meanwhile. */
const recoveredMs = 1_000

interface Heard {
  readonly incarnation: number
  writes: number
  /** Since when it is impaired, but for moments; undefined: it is not. */
  impairedMs: number | undefined
  /** When another was first heard to write since; undefined: none was. */
  provenMs: number | undefined
  /** Since when it serves; undefined: it does not. */
  servingMs: number | undefined
  reliefs: number
  isRelieved: boolean
}

export class AbleBrokers {
  /** By node id. */
  #heard = new Map<number, Heard>()

  /** `nowMs`: on the database's clock. */
  hear(living: readonly BrokerRow[], nowMs: number): void {
    const before = this.#heard
    this.#heard = new Map()
    const writers = new Set<number>()
    for (const row of living) {
      const known = before.get(row.nodeId)
      const heard = known?.incarnation === row.incarnation ? known : unheard(row)
      this.#heard.set(row.nodeId, heard)
      if (row.state === 'serving' && row.bucketWrites > heard.writes) writers.add(row.nodeId)
      heard.writes = row.bucketWrites
    }
    for (const row of living) {
      const heard = this.#heard.get(row.nodeId) as Heard
      if (row.state === 'impaired') hearImpaired(heard, writers.size > 0, nowMs)
      else hearAble(heard, row.state === 'serving', nowMs)
    }
  }

  /**
   * `placed`: those that have clients now. Where nobody can write, all that serve are able: reads,
   * groups and topics of the class `low` need no bucket.
   */
  among(living: readonly BrokerRow[], placed: ReadonlySet<number>): BrokerRow[] {
    const able = living.filter(({ nodeId, state }) => {
      if (this.#heard.get(nodeId)?.isRelieved === true) return false
      return state === 'serving' || (state === 'impaired' && placed.has(nodeId))
    })
    if (able.length > 0) return able
    const serving = living.filter(({ state }) => state === 'serving')
    return serving.length > 0 ? serving : living.filter(({ state }) => state === 'impaired')
  }
}

const unheard = ({ incarnation, bucketWrites }: BrokerRow): Heard => ({
  ...{ incarnation, writes: bucketWrites, reliefs: 0, isRelieved: false },
  ...{ impairedMs: undefined, provenMs: undefined, servingMs: undefined },
})

function hearImpaired(heard: Heard, isWrittenTo: boolean, nowMs: number): void {
  heard.servingMs = undefined
  // What was written before it was heard of says nothing.
  if (heard.impairedMs === undefined) heard.impairedMs = nowMs
  else if (isWrittenTo) heard.provenMs ??= nowMs
  const isProven = isWrittenTo && nowMs - (heard.provenMs ?? nowMs) >= relieveMs
  if (!isProven || heard.isRelieved) return
  heard.isRelieved = true
  heard.reliefs++
}

function hearAble(heard: Heard, isServing: boolean, nowMs: number): void {
  heard.servingMs = isServing ? (heard.servingMs ?? nowMs) : undefined
  const servedMs = nowMs - (heard.servingMs ?? nowMs)
  if (servedMs < recoveredMs) return
  heard.impairedMs = undefined
  heard.provenMs = undefined
  const waitMs = Math.min(returnMsMax, returnMs * 2 ** Math.max(0, heard.reliefs - 1))
  if (servedMs >= waitMs) heard.isRelieved = false
}
