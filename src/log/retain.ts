/**
 * Retention: whole extents, and whole runs of the unpacked tail, go from the beginning of a log
 * when all their records are older than `retention.ms`, or when what stays is `retention.bytes`
 * still.
 */
import type { Clock } from '../base/clock.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { type DroppedExtents, raiseLogStart } from '../catalog/retain-extents.ts'
import { extents, partitions } from '../catalog/schema.ts'
import type { ExtentIndex } from './extent-index.ts'
import type { LogIndex } from './log-index.ts'
import type { PartitionLog } from './partition-log.ts'

export interface RetentionPolicy {
  readonly partitionIds: readonly number[]
  /** -1: for ever. */
  readonly retentionMs: number
  /** Of a partition; -1: no limit. */
  readonly retentionBytes: number
}

export interface RetainerDeps {
  readonly database: CatalogDatabase
  readonly index: LogIndex
  readonly extentIndex: ExtentIndex
  /** Of every living topic; those that are not to lose anything by time or size say -1 and -1. */
  readonly policies: () => Iterable<RetentionPolicy>
  readonly clock: Clock
}

export interface RetainStats {
  extents: number
  bytes: number
  /** Objects that nothing names any more. */
  objects: number
}

/** What retention looks at: an extent, or a run of the tail. */
interface Stretch {
  readonly baseOffset: number
  readonly nextOffset: number
  readonly length: number
  /** When it is old; -1 where nothing tells. */
  readonly timeMs: number
}

/** Extents read at once. */
const extentsPerPage = 1_000

export class Retainer {
  readonly #deps: RetainerDeps
  readonly stats: RetainStats = { extents: 0, bytes: 0, objects: 0 }

  constructor(deps: RetainerDeps) {
    this.#deps = deps
  }

  /**
   * Looks at every partition once.
   *
   * @throws Failure 'unavailable' | 'unknown-outcome': the rest goes the next time.
   */
  async retainAll(signal: AbortSignal): Promise<void> {
    for (const policy of [...this.#deps.policies()]) {
      for (const partitionId of policy.partitionIds) {
        if (signal.aborted) return
        const log = this.#deps.index.get(partitionId)
        if (log !== undefined) await this.#retain(log, policy)
      }
    }
  }

  async #retain(log: PartitionLog, policy: RetentionPolicy): Promise<void> {
    const hasRest = await this.#catchUp(log)
    const target = await this.#target(log, policy)
    if (target > log.logStart || hasRest) await this.raise(log, target)
  }

  /**
   * Raises the log start to `offset`, in the catalog first, and lets go of what lies below.
   *
   * @throws Failure 'unavailable' | 'unknown-outcome': call again.
   */
  async raise(log: PartitionLog, offset: number): Promise<void> {
    const { database, extentIndex, clock } = this.#deps
    for (let step: DroppedExtents | undefined; step?.isDone !== true;) {
      step = await raiseLogStart(database, log.partitionId, offset, clock.nowMs())
      if (step.logStart !== undefined) log.raiseStart(step.logStart)
      extentIndex.forget(log.partitionId)
      this.stats.extents += step.extents
      this.stats.bytes += step.bytes
      this.stats.objects += step.objects
    }
  }

  /**
   * Takes in what an earlier call did whose answer was lost; true where it did not come to its end,
   * and extents lie below the log start.
   */
  async #catchUp(log: PartitionLog): Promise<boolean> {
    const { partitionId } = log
    const [row, first] = await this.#deps.database.snapshot('read log start', async (tx) => {
      const [partition] = await tx.get(partitions, [[partitionId]])
      const [extent] = await tx.scan(extents, { prefix: [partitionId], limit: 1 })
      return [partition, extent] as const
    })
    if (row !== undefined) log.raiseStart(row.logStart)
    return first !== undefined && first.nextOffset <= log.logStart
  }

  async #target(log: PartitionLog, policy: RetentionPolicy): Promise<number> {
    const { retentionMs, retentionBytes } = policy
    let target = log.logStart
    if (retentionMs < 0 && retentionBytes < 0) return target
    const beforeMs = retentionMs < 0 ? -1 : this.#deps.clock.nowMs() - retentionMs
    let surplus = retentionBytes < 0 ? -1 : (await this.#size(log)) - retentionBytes
    for await (const { nextOffset, length, timeMs } of this.#stretches(log)) {
      const isOld = timeMs >= 0 && timeMs < beforeMs
      if (!isOld && surplus < length) break
      surplus -= length
      target = nextOffset
    }
    return target
  }

  async #size(log: PartitionLog): Promise<number> {
    let bytes = 0
    for await (const { length } of this.#stretches(log)) bytes += length
    return bytes
  }

  /** From the log start on, without a gap. */
  async *#stretches(log: PartitionLog): AsyncGenerator<Stretch, void> {
    let from = log.logStart
    let isFirst = true
    const follows = ({ baseOffset }: { readonly baseOffset: number }): boolean =>
      isFirst ? baseOffset <= from : baseOffset === from
    for (let after = -1; ;) {
      const page = await this.#page(log.partitionId, after + 1, extentsPerPage)
      for (const extent of page) {
        after = extent.baseOffset
        if (extent.nextOffset <= from) continue
        if (!follows(extent)) return
        yield extent
        from = extent.nextOffset
        isFirst = false
      }
      if (page.length < extentsPerPage) break
    }
    // What was packed meanwhile is missing here: then the rest is for the next time.
    for (const run of [...log.tail]) {
      const { baseOffset, nextOffset, length, maxTimestampMs: timeMs } = run
      if (nextOffset <= from) continue
      if (!follows(run)) return
      yield { baseOffset, nextOffset, length, timeMs }
      from = nextOffset
      isFirst = false
    }
  }

  /** Records without timestamps are as old as their extent. */
  async #page(partitionId: number, from: number, limit: number): Promise<Stretch[]> {
    const range = { prefix: [partitionId], from: [from], limit }
    const rows = await this.#deps.database.snapshot('read retained', (tx) =>
      tx.scan(extents, range),
    )
    return rows.map(({ baseOffset, nextOffset, length, maxTimestampMs, createdMs }) => {
      const timeMs = maxTimestampMs >= 0 ? maxTimestampMs : createdMs
      return { baseOffset, nextOffset, length, timeMs }
    })
  }
}
