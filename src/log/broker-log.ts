/**
 * All partitions of a broker: append, read, look up, with what was committed taken in before it is
 * told.
 */
import { Failure, isFailure } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'
import { type Hold, unpooled } from '../base/hold.ts'
import type { Log } from '../base/log.ts'
import type { GroupResult } from '../catalog/commit-groups.ts'
import { type ActiveProducer, readActiveProducers } from '../catalog/active-producers.ts'
import { findDuplicate, type ProducedBatch } from '../catalog/find-duplicate.ts'
import type { RememberedBatch } from '../catalog/producer-window.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { type DeletedRecords, deleteRecordsBefore } from '../catalog/delete-records.ts'
import type { EndIntent, MarkIntent } from '../catalog/end-transaction.ts'
import type { AppendOutcome } from '../catalog/outcomes.ts'
import type { Run } from '../catalog/manifest.ts'
import { type PartitionEnds, readPartitionEnds } from '../catalog/read-transactions.ts'
import { type CommitLogRow, type PartitionRow, partitions } from '../catalog/schema.ts'
import { readTail, type Tail } from '../catalog/tail.ts'
import type { DecidedGroup } from '../journal/decided-groups.ts'
import type { Journal } from '../journal/journal.ts'
import { patchBatch } from '../record/batch-header.ts'
import { type AbortedAnswer, abortedIn, abortsOf } from './aborted-reader.ts'
import type { PendingAppend } from './append-group.ts'
import type { LaneDeps, LaneLimits } from './append-lane.ts'
import type { AppendLanes } from './append-lanes.ts'
import { decisionOf } from './decision.ts'
import { BlockCache } from './block-cache.ts'
import type { BlockSource } from './block-shelf.ts'
import { ExtentIndex } from './extent-index.ts'
import { LogIndex } from './log-index.ts'
import { LogReader, type ReadResult } from './log-reader.ts'
import { markerBatch } from './marker-batch.ts'
import { type InlineDeps, openLanes } from './open-lanes.ts'
import type { Isolation, PartitionLog } from './partition-log.ts'
import { PartitionSizes } from './partition-sizes.ts'
import { TailCache } from './tail-cache.ts'

/** Reads in a row that compaction overtakes: it swaps a partition's extents every few seconds. */
const outdatedReadsMax = 10

/** `karst.latency.class` of a topic. */
export type LatencyClass = 'standard' | 'low'

export interface BrokerLogDeps {
  readonly incarnation: number
  readonly database: CatalogDatabase
  readonly journal: Journal
  readonly blockSource: BlockSource
  readonly clock: Clock
  readonly log: Log
  readonly laneLimits: LaneLimits
  /** Given where small groups travel in their commit. */
  readonly inline?: InlineDeps
  readonly tailCacheBytes: number
  readonly blockCacheBytes: number
  readonly storageReadsMax: number
  /** Told what became of groups, for a journal that keeps it beside its bytes. */
  readonly decided?: (group: DecidedGroup) => void
  /**
   * Resolves when everything that was committed before the call is taken in here; given where
   * others commit, too.
   */
  readonly catchUp?: () => Promise<void>
}

export class BrokerLog {
  readonly index: LogIndex = new LogIndex()
  readonly tailCache: TailCache
  readonly blockCache: BlockCache
  readonly extentIndex: ExtentIndex
  readonly reader: LogReader
  readonly sizes: PartitionSizes
  readonly #deps: BrokerLogDeps
  readonly #lanes: AppendLanes

  constructor(deps: BrokerLogDeps) {
    this.#deps = deps
    this.tailCache = new TailCache({ maxBytes: deps.tailCacheBytes })
    this.blockCache = new BlockCache({
      maxBytes: deps.blockCacheBytes,
      readsMax: deps.storageReadsMax,
      source: deps.blockSource,
    })
    this.extentIndex = new ExtentIndex(deps.database)
    this.sizes = new PartitionSizes(deps.database)
    const { tailCache, blockCache, extentIndex } = this
    this.reader = new LogReader({ tailCache, blockCache, extentIndex })
    const { incarnation, journal, database, clock, log, laneLimits: limits } = deps
    const committed: AppendLaneCommitted = (appends, result) => this.#committed(appends, result)
    const decided: AppendLaneDecided = (group, result) => {
      const decision = deps.decided && decisionOf(group, result, this.index)
      if (decision !== undefined) deps.decided?.(decision)
    }
    const told = { committed, decided }
    const lane = { incarnation, journal, database, clock, log, limits, ...told }
    this.#lanes = openLanes(lane, deps.inline)
  }

  /** Takes in what the catalog knows at start: partitions, and the runs that are not packed. */
  load(tail: Tail): void {
    this.index.addPartitions(tail.partitions)
    this.#restore(tail)
  }

  /** In one step (T3). */
  #restore({ partitions: rows, groups, open }: Tail): void {
    this.index.restore(rows, groups, open)
  }

  /** Reads the whole tail again; resolves with its groups. @throws Failure 'unavailable' */
  async restoreAll(): Promise<readonly CommitLogRow[]> {
    const tail = await readTail(this.#deps.database)
    this.#restore(tail)
    return tail.groups
  }

  /**
   * Resolves when what others did before the call is known here, as far as the catalog answers: for
   * whoever asks for everything there is, and may have changed it at another broker.
   */
  async refresh(): Promise<void> {
    try {
      await this.#deps.catchUp?.()
    } catch (error) {
      if (!isFailure(error)) throw error
    }
  }

  /** Bytes accepted and not yet decided. */
  get queuedBytes(): number {
    return this.#lanes.queuedBytes
  }

  /** See AppendLanes.settled. */
  settled(): Promise<void> {
    return this.#lanes.settled()
  }

  /** See AppendLanes.append. `latency`: the class of its topic. */
  append(
    intent: Omit<PendingAppend, 'bytes' | 'hold'>,
    bytes: Uint8Array,
    hold: Hold,
    latency: LatencyClass = 'standard',
  ): Promise<AppendOutcome> {
    return this.#lanes.append({ ...intent, bytes, hold }, latency === 'low')
  }

  /** See AppendLanes.end. */
  end(intent: EndIntent | MarkIntent): Promise<unknown> {
    return this.#lanes.end(intent)
  }

  /**
   * See LogReader.read. An offset beyond what is known is judged by the catalog, not by memory
   * (R1). 'committed' tells the aborted transactions of what it returns, too.
   *
   * @throws Failure 'unavailable' | 'overloaded' | 'corrupt'
   */
  async read(
    log: PartitionLog,
    offset: number,
    maxBytes: number,
    isolation: Isolation = 'uncommitted',
  ): Promise<ReadResult> {
    const result = await this.#readKnown(log, offset, maxBytes, isolation)
    if (result.outcome === 'records') {
      log.traffic.readBytes += result.byteLength
      return result
    }
    await this.#deps.catchUp?.()
    const row = await this.freshPartition(log.partitionId)
    if (row === undefined || offset < row.logStart || offset > row.logEnd) return result
    if (offset >= log.logStart && offset <= log.logEnd) {
      return this.#readKnown(log, offset, maxBytes, isolation)
    }
    // Committed, and not yet taken in here: nothing to show, and nothing wrong.
    const { logStart, logEnd, stableEnd } = log
    const version = { logStart, logEnd: Math.max(logEnd, offset), stableEnd }
    const release = (): void => undefined
    const nothing = { chunks: [], byteLength: 0, nextOffset: offset, version, release }
    return { outcome: 'records', ...nothing, aborted: [] }
  }

  async #readKnown(
    log: PartitionLog,
    offset: number,
    maxBytes: number,
    isolation: Isolation,
  ): Promise<ReadResult> {
    for (let reads = 0; reads < outdatedReadsMax; reads++) {
      const { rangesGone } = log
      const result = await this.#readThere(log, offset, maxBytes, isolation)
      if (isolation === 'uncommitted' || result.outcome !== 'records') return result
      const aborted = await this.#abortedOf(log, offset, result)
      if (aborted.outcome === 'known' && log.rangesGone === rangesGone) {
        return { ...result, aborted: abortsOf(result.chunks, aborted.ranges) }
      }
      result.release()
      if (aborted.outcome === 'out-of-range') return aborted
      if (aborted.outcome === 'outdated') await this.#forgetPacked(log, aborted.rangesGone)
    }
    throw new Failure('unavailable', `partition ${log.partitionId} is compacted again and again`)
  }

  async #abortedOf(
    log: PartitionLog,
    offset: number,
    { nextOffset, release }: Extract<ReadResult, { outcome: 'records' }>,
  ): Promise<AbortedAnswer> {
    try {
      return await abortedIn(this.#deps.database, log, offset, nextOffset)
    } catch (error) {
      release()
      throw error
    }
  }

  /** Takes in first what was packed: of what lies behind it nothing is compacted. */
  async #forgetPacked(log: PartitionLog, rangesGone: number): Promise<void> {
    await this.#deps.catchUp?.()
    this.forgetStored(log)
    log.rangesGone = Math.max(log.rangesGone, rangesGone)
  }

  /** Keeps nothing of what is packed: its extents were replaced, and may say less than they did. */
  forgetStored({ partitionId, packedEnd }: PartitionLog): void {
    this.extentIndex.forget(partitionId)
    this.tailCache.dropBelow(partitionId, packedEnd)
  }

  /** Another broker packed it, and so long ago that its object is gone: this one is behind (G1). */
  async #readThere(
    log: PartitionLog,
    offset: number,
    maxBytes: number,
    isolation: Isolation,
  ): Promise<ReadResult> {
    try {
      return await this.reader.read(log, offset, maxBytes, isolation)
    } catch (error) {
      const { catchUp } = this.#deps
      if (catchUp === undefined || !isFailure(error, 'not-found')) throw error
      await catchUp()
      return this.reader.read(log, offset, maxBytes, isolation)
    }
  }

  /**
   * The partition's row, read after this call began (R1); undefined where it was deleted.
   *
   * @throws Failure 'unavailable'
   */
  async freshPartition(partitionId: number): Promise<PartitionRow | undefined> {
    const [row] = await this.freshPartitions([partitionId])
    return row
  }

  /** @throws Failure 'unavailable' */
  freshPartitions(partitionIds: readonly number[]): Promise<(PartitionRow | undefined)[]> {
    const keys = partitionIds.map((id) => [id])
    return this.#deps.database.snapshot('read partitions', (tx) => tx.get(partitions, keys))
  }

  /**
   * See deleteRecordsBefore. When it resolves, nobody reads what was deleted any more.
   *
   * @throws Failure 'unavailable': nothing was deleted. 'unknown-outcome': call again.
   */
  async deleteRecords(log: PartitionLog, before: number | 'log-end'): Promise<DeletedRecords> {
    const { database, clock } = this.#deps
    const result = await deleteRecordsBefore(database, log.partitionId, before, clock.nowMs())
    if (result.outcome === 'deleted') {
      log.raiseStart(result.logStart)
      this.extentIndex.forget(log.partitionId)
    }
    return result
  }

  /** See readActiveProducers. @throws Failure 'unavailable' | 'corrupt' */
  activeProducers({ partitionId }: PartitionLog): Promise<ActiveProducer[]> {
    return readActiveProducers(this.#deps.database, partitionId)
  }

  /** See findDuplicate. @throws Failure 'unavailable' | 'corrupt' */
  findDuplicate(batch: ProducedBatch): Promise<RememberedBatch | undefined> {
    return findDuplicate(this.#deps.database, batch)
  }

  /** See readPartitionEnds. @throws Failure 'unavailable' */
  freshEnds(partitionIds: readonly number[]): Promise<(PartitionEnds | undefined)[]> {
    return readPartitionEnds(this.#deps.database, partitionIds)
  }

  /** Refuses new appends, and waits until those accepted are decided. */
  async close(): Promise<void> {
    await this.#lanes.close()
    this.tailCache.clear()
  }

  /** The cache first, then the index, which wakes readers: they find the bytes in memory. */
  async #committed(
    appends: readonly PendingAppend[],
    result: Extract<GroupResult, { state: 'committed' }>,
  ): Promise<void> {
    const leaderEpoch = result.runs[0]?.leaderEpoch ?? 0
    for (const [index, append] of appends.entries()) {
      const outcome = result.outcomes[index]
      if (outcome?.outcome !== 'appended') continue
      const { partitionId, offsetCount, bytes, hold } = append
      const { baseOffset } = outcome
      patchBatch(bytes, 0, baseOffset, leaderEpoch)
      const log = this.index.get(partitionId)
      if (log === undefined) continue
      log.traffic.appendedBatches++
      log.traffic.appendedRecords += offsetCount
      log.traffic.appendedBytes += bytes.length
      this.tailCache.add(partitionId, baseOffset, baseOffset + offsetCount, bytes, hold)
    }
    for (const run of result.runs) {
      if (run.marker === undefined || !this.#isKnown(run)) continue
      const { partitionId, baseOffset, nextOffset } = run
      this.tailCache.add(partitionId, baseOffset, nextOffset, markerBatch(run), unpooled)
    }
    const gaps = this.index.applyRuns(result.runs, result.transactions)
    if (gaps.length === 0) return
    const { catchUp } = this.#deps
    // What others commit is taken in beside the answers: nobody is shown an end before that.
    if (catchUp === undefined) await this.#closeGaps()
    else
      catchUp().catch((error: unknown) => {
        if (!isFailure(error)) throw error // the follower looks again by itself
      })
  }

  #isKnown({ partitionId }: Run): boolean {
    return this.index.get(partitionId) !== undefined
  }

  /** Commits that this broker does not know came between: the catalog tells them all. */
  async #closeGaps(): Promise<void> {
    try {
      await this.restoreAll()
    } catch (error) {
      if (!isFailure(error)) throw error
      // The records are safe; readers see the older end until the next commit closes the gap.
      this.#deps.log.warn({ error: error.message }, 'a gap in the log index is not closed yet')
    }
  }
}

type AppendLaneDecided = NonNullable<LaneDeps['decided']>
type AppendLaneCommitted = LaneDeps['committed']
