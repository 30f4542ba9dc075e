/**
 * What a broker knows of one partition: its ends and the runs not yet packed. Filled by own
 * commits; a commit that does not follow what is known is a gap, and the catalog is asked before
 * anything is shown.
 */
import { assert } from '../base/assert.ts'
import type { TransactionChange } from '../catalog/commit-groups.ts'
import type { Run } from '../catalog/manifest.ts'
import type { PartitionRow } from '../catalog/schema.ts'
import { LogTransactions, type OpenTransaction } from './log-transactions.ts'

/**
 * What a reader wants to see: all that is committed, or no record of an open or aborted
 * transaction.
 */
export type Isolation = 'uncommitted' | 'committed'

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
  /** The offset behind the last committed batch: the high watermark. */
  logEnd: number
  /** Below are packed extents, kept in the catalog; from here on `tail` tiles up to `logEnd`. */
  packedEnd: number
  /** By base offset. A range may hold no run: refused records leave holes. */
  readonly tail: Run[] = []
  readonly transactions: LogTransactions
  /**
   * As of which count of the catalog's (CompactionRow.rangesGone) nothing older is kept here of
   * what is packed.
   */
  rangesGone = 0
  /** Since the broker started; for metrics. */
  readonly traffic: PartitionTraffic = {
    appendedBatches: 0,
    appendedRecords: 0,
    appendedBytes: 0,
    readBytes: 0,
  }
  /** Called once each when the end moves that they can see, then forgotten: fetches that wait. */
  readonly #waiting = { uncommitted: new Set<() => void>(), committed: new Set<() => void>() }
  #toldStable: number

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
    this.transactions = new LogTransactions(row.logEnd)
    this.#toldStable = row.logEnd
  }

  /** The last stable offset: below it every transaction is decided. Never below the log start. */
  get stableEnd(): number {
    const { firstOpen } = this.transactions
    if (firstOpen === undefined) return this.logEnd
    return Math.min(this.logEnd, Math.max(firstOpen, this.logStart))
  }

  endFor(isolation: Isolation): number {
    return isolation === 'committed' ? this.stableEnd : this.logEnd
  }

  /** Adds a committed run that begins at or behind the end of what is known. */
  addRun(run: Run): void {
    assert(
      run.baseOffset >= (this.tail.at(-1)?.nextOffset ?? this.packedEnd),
      'runs do not overlap',
    )
    this.tail.push(run)
  }

  /** Shows a new end, and with it what the commit changed of transactions; wakes who waits. */
  advance(logEnd: number, changes: readonly TransactionChange[] = []): void {
    assert(logEnd >= this.logEnd, 'a log end never goes back')
    this.logEnd = logEnd
    this.transactions.apply(changes, logEnd)
    this.#wake(this.#waiting.uncommitted)
    this.#tellStable()
  }

  /**
   * Everything below `offset` is packed, also what was never known here: the end jumps there. Call
   * `restoreTransactions` with the same snapshot before anything else happens.
   */
  skipTo(offset: number): void {
    this.dropPacked(offset)
    this.extend(offset)
  }

  /** As `advance`, where the catalog tells later what changed of transactions. */
  extend(logEnd: number): void {
    this.logEnd = Math.max(this.logEnd, logEnd)
    this.#wake(this.#waiting.uncommitted)
  }

  /** See LogTransactions.restore. */
  restoreTransactions(open: readonly OpenTransaction[], logEnd: number): void {
    this.transactions.restore(open, logEnd)
    this.#tellStable()
  }

  #tellStable(): void {
    const { stableEnd } = this
    if (stableEnd === this.#toldStable) return
    this.#toldStable = stableEnd
    this.#wake(this.#waiting.committed)
  }

  /** Shows a new start, never an older one; runs below it go when they are packed. */
  raiseStart(logStart: number): void {
    this.logStart = Math.max(this.logStart, logStart)
    this.transactions.forgetBelow(this.logStart)
    this.#tellStable()
  }

  /** Calls `wake` at the next growth that is seen; the returned function takes that back. */
  onGrowth(wake: () => void, isolation: Isolation = 'uncommitted'): () => void {
    const waiting = this.#waiting[isolation]
    waiting.add(wake)
    return () => waiting.delete(wake)
  }

  /** For a deletion: who waits looks again and finds out. */
  wake(): void {
    this.#wake(this.#waiting.uncommitted)
    this.#wake(this.#waiting.committed)
  }

  #wake(waiting: Set<() => void>): void {
    const all = [...waiting]
    waiting.clear()
    for (const wake of all) wake()
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

  /**
   * Takes in what the catalog says of the log's start and of packing, as far as the end that is
   * known here: false where it is ahead of that, and must be told again.
   */
  takeIn({ logStart, packedEnd }: Pick<PartitionRow, 'logStart' | 'packedEnd'>): boolean {
    if (packedEnd > this.packedEnd) this.dropPacked(Math.min(packedEnd, this.logEnd))
    if (logStart > this.logStart) this.raiseStart(Math.min(logStart, this.logEnd))
    return packedEnd <= this.logEnd && logStart <= this.logEnd
  }
}
