/**
 * All partitions of a broker: append, read, look up, with what was committed taken in before it is
 * told.
 */
import { isFailure } from '../base/errors.ts'
import type { Clock } from '../base/clock.ts'
import type { Hold } from '../base/hold.ts'
import type { Log } from '../base/log.ts'
import type { AppendIntent, GroupResult } from '../catalog/commit-groups.ts'
import { type ActiveProducer, readActiveProducers } from '../catalog/active-producers.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { type DeletedRecords, deleteRecordsBefore } from '../catalog/delete-records.ts'
import type { AppendOutcome } from '../catalog/outcomes.ts'
import { type PartitionRow, partitions } from '../catalog/schema.ts'
import { readTail, type Tail } from '../catalog/tail.ts'
import type { Journal } from '../journal/journal.ts'
import { patchBatch } from '../record/batch-header.ts'
import type { PendingAppend } from './append-group.ts'
import { AppendLane, type LaneLimits } from './append-lane.ts'
import { BlockCache, type BlockSource } from './block-cache.ts'
import { ExtentIndex } from './extent-index.ts'
import { LogIndex } from './log-index.ts'
import { LogReader, type ReadResult } from './log-reader.ts'
import type { PartitionLog } from './partition-log.ts'
import { TailCache } from './tail-cache.ts'

export interface BrokerLogDeps {
  readonly incarnation: number
  readonly database: CatalogDatabase
  readonly journal: Journal
  readonly blockSource: BlockSource
  readonly clock: Clock
  readonly log: Log
  readonly laneLimits: LaneLimits
  readonly tailCacheBytes: number
  readonly blockCacheBytes: number
  readonly storageReadsMax: number
}

export class BrokerLog {
  readonly index: LogIndex = new LogIndex()
  readonly tailCache: TailCache
  readonly blockCache: BlockCache
  readonly extentIndex: ExtentIndex
  readonly reader: LogReader
  readonly #deps: BrokerLogDeps
  readonly #lane: AppendLane

  constructor(deps: BrokerLogDeps) {
    this.#deps = deps
    this.tailCache = new TailCache({ maxBytes: deps.tailCacheBytes })
    this.blockCache = new BlockCache({
      maxBytes: deps.blockCacheBytes,
      readsMax: deps.storageReadsMax,
      source: deps.blockSource,
    })
    this.extentIndex = new ExtentIndex(deps.database)
    const { tailCache, blockCache, extentIndex } = this
    this.reader = new LogReader({ tailCache, blockCache, extentIndex })
    const { incarnation, journal, database, clock, log, laneLimits: limits } = deps
    const committed: AppendLaneCommitted = (appends, result) => this.#committed(appends, result)
    this.#lane = new AppendLane({ incarnation, journal, database, clock, log, limits, committed })
  }

  /** Takes in what the catalog knows at start: partitions, and the runs that are not packed. */
  load(tail: Tail): void {
    this.index.addPartitions(tail.partitions)
    this.index.restoreGroups(tail.groups)
  }

  /** Bytes accepted and not yet decided. */
  get queuedBytes(): number {
    return this.#lane.queuedBytes
  }

  /** See AppendLane.settled. */
  settled(): Promise<void> {
    return this.#lane.settled()
  }

  /** See AppendLane.append. */
  append(
    intent: AppendIntent & { readonly partitionIndex: number },
    bytes: Uint8Array,
    hold: Hold,
  ): Promise<AppendOutcome> {
    return this.#lane.append({ ...intent, bytes, hold })
  }

  /**
   * See LogReader.read. An offset beyond what is known is judged by the catalog, not by memory
   * (R1).
   *
   * @throws Failure 'unavailable' | 'overloaded' | 'corrupt'
   */
  async read(log: PartitionLog, offset: number, maxBytes: number): Promise<ReadResult> {
    const result = await this.reader.read(log, offset, maxBytes)
    if (result.outcome === 'records') {
      log.traffic.readBytes += result.byteLength
      return result
    }
    const row = await this.freshPartition(log.partitionId)
    if (row === undefined || offset < row.logStart || offset > row.logEnd) return result
    if (offset >= log.logStart && offset <= log.logEnd) {
      return this.reader.read(log, offset, maxBytes)
    }
    // Committed, and not yet taken in here: nothing to show, and nothing wrong.
    const release = (): void => undefined
    return { outcome: 'records', chunks: [], byteLength: 0, nextOffset: offset, release }
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

  /** Refuses new appends, and waits until those accepted are decided. */
  async close(): Promise<void> {
    await this.#lane.close()
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
    const gaps = this.index.applyRuns(result.runs)
    if (gaps.length > 0) await this.#closeGaps()
  }

  /** Commits that this broker does not know came between: the catalog tells them all. */
  async #closeGaps(): Promise<void> {
    try {
      const tail = await readTail(this.#deps.database)
      this.index.restoreGroups(tail.groups)
    } catch (error) {
      if (!isFailure(error)) throw error
      // The records are safe; readers see the older end until the next commit closes the gap.
      this.#deps.log.warn({ error: error.message }, 'a gap in the log index is not closed yet')
    }
  }
}

type AppendLaneCommitted = ConstructorParameters<typeof AppendLane>[0]['committed']
