/**
 * All partitions this broker knows, in memory: filled at start from the catalog, then by every
 * commit. What a commit says is shown only where it joins what is known; a gap is closed from the
 * catalog first.
 */
import type { TransactionChange } from '../catalog/commit-groups.ts'
import type { CommitLogRow, PartitionRow } from '../catalog/schema.ts'
import type { OpenTransactionRow } from '../catalog/schema-transactions.ts'
import type { Run } from '../catalog/manifest.ts'
import { decodeManifest } from '../catalog/manifest.ts'
import { decodeTransactionChanges } from '../catalog/transaction-changes.ts'
import { PartitionLog } from './partition-log.ts'

const byOffset = (a: Run, b: Run): number =>
  a.partitionId - b.partitionId || a.baseOffset - b.baseOffset

export class LogIndex {
  readonly #logs = new Map<number, PartitionLog>()

  get size(): number {
    return this.#logs.size
  }

  get(partitionId: number): PartitionLog | undefined {
    return this.#logs.get(partitionId)
  }

  all(): IterableIterator<PartitionLog> {
    return this.#logs.values()
  }

  /** Adds partitions that were created, or found at start; those known already stay as they are. */
  addPartitions(rows: Iterable<PartitionRow>): void {
    for (const row of rows) {
      if (!this.#logs.has(row.partitionId)) this.#logs.set(row.partitionId, new PartitionLog(row))
    }
  }

  /**
   * Adds partitions that were made after this broker began to follow the others: commits to them
   * are heard of from the first on, so they begin empty. Returns whether that is all there is to
   * know: false where some of it is packed already, and everything must be restored.
   */
  addLearned(rows: Iterable<PartitionRow>): boolean {
    let isAll = true
    for (const row of rows) {
      if (this.#logs.has(row.partitionId)) continue
      isAll &&= row.packedEnd === 0
      const empty = { ...row, logStart: 0, logEnd: 0, packedEnd: 0 }
      this.#logs.set(row.partitionId, new PartitionLog(empty))
    }
    return isAll
  }

  /**
   * Takes in everything that one snapshot of the catalog says of known partitions, in one step
   * (T3). What is newer here stays.
   */
  restore(
    rows: readonly PartitionRow[],
    groups: readonly CommitLogRow[],
    open: readonly OpenTransactionRow[],
  ): void {
    for (const row of rows) {
      const log = this.#logs.get(row.partitionId)
      if (log !== undefined && row.packedEnd > log.logEnd) log.skipTo(row.packedEnd)
    }
    this.restoreGroups(groups)
    for (const row of rows) this.#logs.get(row.partitionId)?.takeIn(row)
    this.restoreTransactions(rows, open)
  }

  /** Forgets a deleted partition and wakes who waits for it. */
  remove(partitionId: number): void {
    const log = this.#logs.get(partitionId)
    this.#logs.delete(partitionId)
    log?.wake()
  }

  /**
   * Takes in groups that the catalog names, in any order: runs join by their offsets. Call
   * `restoreTransactions` with what the same snapshot says of them before anything else happens.
   */
  restoreGroups(rows: readonly CommitLogRow[]): void {
    const runs = rows.flatMap((row) => decodeManifest(row.manifest, row.objectId, row.position))
    runs.sort(byOffset)
    for (const run of runs) {
      const log = this.#logs.get(run.partitionId)
      if (log === undefined || run.baseOffset < (log.tail.at(-1)?.nextOffset ?? log.packedEnd)) {
        continue
      }
      log.addRun(run)
      if (run.nextOffset > log.logEnd) log.extend(run.nextOffset)
    }
  }

  /** Takes in what the catalog says is open; `rows` and `open` are of one snapshot. */
  restoreTransactions(rows: readonly PartitionRow[], open: readonly OpenTransactionRow[]): void {
    const byPartition = Map.groupBy(open, ({ partitionId }) => partitionId)
    for (const { partitionId, logEnd } of rows) {
      this.#logs.get(partitionId)?.restoreTransactions(byPartition.get(partitionId) ?? [], logEnd)
    }
  }

  /**
   * Takes in groups that became visible together, of any broker, as `applyRuns` does: in the order
   * of their offsets, because the order of rows says nothing.
   */
  applyGroups(rows: readonly CommitLogRow[]): number[] {
    const committed = rows.filter(({ state }) => state === 'committed')
    const runs = committed.flatMap((row) =>
      decodeManifest(row.manifest, row.objectId, row.position),
    )
    const changes = committed.flatMap((row) => decodeTransactionChanges(row.changes))
    return this.applyRuns(runs.toSorted(byOffset), changes)
  }

  /**
   * Takes in a commit of this broker in one step: runs, and what changed of transactions (T3).
   *
   * @returns partitions where a run does not begin at the known end: ask the catalog before showing
   *   more.
   */
  applyRuns(runs: readonly Run[], changes: readonly TransactionChange[] = []): number[] {
    const gaps: number[] = []
    const changesOf = Map.groupBy(changes, ({ partitionId }) => partitionId)
    for (const run of runs) {
      const { partitionId, baseOffset, nextOffset } = run
      const log = this.#logs.get(partitionId)
      if (log === undefined || nextOffset <= log.logEnd) continue
      if (baseOffset !== log.logEnd) {
        gaps.push(partitionId)
        continue
      }
      log.addRun(run)
      const own = changesOf.get(partitionId)?.filter((change) => {
        const offset = change.change === 'written' ? change.firstOffset : change.markerOffset
        return baseOffset <= offset && offset < nextOffset
      })
      log.advance(nextOffset, own)
    }
    return gaps
  }
}
