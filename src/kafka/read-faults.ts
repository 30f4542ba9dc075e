/**
 * Tells of partitions that cannot be read: each now and then, since their consumers ask again at
 * once.
 */
import type { Clock } from '../base/clock.ts'
import type { Log } from '../base/log.ts'

const againMs = 10_000
/** Partitions remembered at once; beyond it all are told of anew. */
const partitionsMax = 10_000

export interface ReadFault {
  readonly topic: string
  readonly partition: number
  readonly fetchOffset: number
  /** What was wrong, with the name of the object. */
  readonly error: string
}

export class ReadFaults {
  readonly #clock: Clock
  readonly #log: Log
  readonly #toldMs = new Map<number, number>()

  constructor(clock: Clock, log: Log) {
    this.#clock = clock
    this.#log = log
  }

  met(partitionId: number, fault: ReadFault): void {
    const nowMs = this.#clock.monotonicMs()
    if (nowMs - (this.#toldMs.get(partitionId) ?? -againMs) < againMs) return
    if (this.#toldMs.size >= partitionsMax) this.#toldMs.clear()
    this.#toldMs.set(partitionId, nowMs)
    this.#log.warn({ ...fault, partitionId }, 'cannot read a partition')
  }
}
