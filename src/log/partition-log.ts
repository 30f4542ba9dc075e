/**
 * What a broker knows of one partition: its ends and the runs not yet packed. Filled by own
 * commits; a commit that does not follow what is known is a gap, and the catalog is asked before
 * anything is shown.
 */
import { assert } from '../base/assert.ts'
import type { Run } from '../catalog/manifest.ts'

export interface PartitionTraffic {
  appendedBatches: number
  appendedRecords: number
  appendedBytes: number
  readBytes: number
}

export class PartitionLog {
  readonly partitionId: number
  readonly topicId: string
  readonly partitionIndex: number
  leaderEpoch: number
  logStart: number
  /**
   * The offset behind the last committed batch: high watermark, and last stable offset without
   * transactions.
   */
  logEnd: number
  /** Below are packed extents, kept in the catalog; from here on `tail` tiles up to `logEnd`. */
  packedEnd: number
  /** By base offset. A range may hold no run: refused records leave holes. */
  readonly tail: Run[] = []
  /** Since the broker started; for metrics. */
  readonly traffic: PartitionTraffic = {
    appendedBatches: 0,
    appendedRecords: 0,
    appendedBytes: 0,
    readBytes: 0,
  }
  /** Called once each at the next growth, then forgotten: fetches that wait. */
  readonly #waiting = new Set<() => void>()

  constructor(row: {
    readonly partitionId: number
    readonly topicId: string
    readonly partitionIndex: number
    readonly leaderEpoch: number
    readonly logStart: number
    readonly logEnd: number
    readonly packedEnd: number
  }) {
    this.partitionId = row.partitionId
    this.topicId = row.topicId
    this.partitionIndex = row.partitionIndex
    this.leaderEpoch = row.leaderEpoch
    this.logStart = row.logStart
    this.logEnd = row.logEnd
    this.packedEnd = row.packedEnd
  }

  /** Adds a committed run that begins at or behind the end of what is known. */
  addRun(run: Run): void {
    assert(
      run.baseOffset >= (this.tail.at(-1)?.nextOffset ?? this.packedEnd),
      'runs do not overlap',
    )
    this.tail.push(run)
  }

  /** Shows a new end and wakes who waits for it. */
  advance(logEnd: number): void {
    assert(logEnd >= this.logEnd, 'a log end never goes back')
    this.logEnd = logEnd
    this.wake()
  }

  /** Shows a new start, never an older one; runs below it go when they are packed. */
  raiseStart(logStart: number): void {
    this.logStart = Math.max(this.logStart, logStart)
  }

  /** Calls `wake` at the next growth; the returned function takes that back. */
  onGrowth(wake: () => void): () => void {
    this.#waiting.add(wake)
    return () => this.#waiting.delete(wake)
  }

  /** Also for a deletion: who waits looks again and finds out. */
  wake(): void {
    const waiting = [...this.#waiting]
    this.#waiting.clear()
    for (const wake of waiting) wake()
  }

  /** Index in `tail` of the first run that ends behind `offset`; `tail.length` where none does. */
  findRun(offset: number): number {
    let low = 0
    let high = this.tail.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.tail[middle] as Run).nextOffset > offset) high = middle
      else low = middle + 1
    }
    return low
  }

  /** Forgets runs that are packed now, up to `packedEnd`. */
  dropPacked(packedEnd: number): void {
    this.packedEnd = Math.max(this.packedEnd, packedEnd)
    this.tail.splice(0, this.findRun(this.packedEnd))
  }
}
