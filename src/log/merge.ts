/**
 * The second level of packing: what windows left in small pieces becomes large ones, many of them
 * in one object. It may be stopped, or killed, between any two steps: what decides is the swap, one
 * transaction for each partition.
 */
import { type Clock, sleep } from '../base/clock.ts'
import { isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { readExtentsFrom, swapMerged } from '../catalog/merge-swap.ts'
import { claimPackedObject } from '../catalog/pack-swap.ts'
import type { ExtentRow } from '../catalog/schema.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { CompactedOwner } from './compact-write.ts'
import type { ExtentIndex } from './extent-index.ts'
import type { LogIndex } from './log-index.ts'
import { planMerge } from './merge-plan.ts'
import { type MergedExtent, MergeObject } from './merge-write.ts'
import { extentSpanMsMax } from './pack-extents.ts'
import type { PackTopic } from './pack-plan.ts'
import type { PartitionLog } from './partition-log.ts'
import { objectKey } from './stored-runs.ts'
import { settledSwap } from './settled-swap.ts'

export interface MergerDeps {
  readonly database: CatalogDatabase
  readonly objects: ObjectStore
  readonly clusterId: string
  readonly index: LogIndex
  readonly extentIndex: ExtentIndex
  /** Undefined where the topic is deleted, or where compaction does more than this. */
  readonly topicOf: (topicId: string) => PackTopic | undefined
  readonly clock: Clock
  readonly log: Log
  readonly limits: {
    /** `pack.object.bytes`, and the memory that merging takes. */
    readonly objectBytes: number
    /** A partition is looked at so often, where something of it was packed since. */
    readonly lookMs: number
    /** See MergeRules. */
    readonly ageMs: number
  }
}

export interface MergeStats {
  /** Extents that are gone, and those in their place. */
  replaced: number
  merged: number
  bytes: number
  objects: number
  /** Swaps whose extents were not there any more. */
  voidSwaps: number
}

/** Read and written at most so fast: what is stored already has time. */
const bytesPerSecond = 32 * 1024 * 1024

interface Seen {
  readonly packedEnd: number
  readonly atMs: number
  /** Offsets below are as they shall be. */
  readonly doneEnd: number
}

export class Merger {
  readonly #deps: MergerDeps
  readonly #seen = new Map<number, Seen>()
  readonly stats: MergeStats = { replaced: 0, merged: 0, bytes: 0, objects: 0, voidSwaps: 0 }

  constructor(deps: MergerDeps) {
    this.#deps = deps
  }

  /**
   * Looks at each partition whose time has come.
   *
   * @throws Failure 'unavailable' | 'overloaded' | 'unknown-outcome': what was swapped stays so.
   */
  async mergeDue(signal: AbortSignal): Promise<void> {
    const { index } = this.#deps
    for (const partitionId of this.#seen.keys()) {
      if (index.get(partitionId) === undefined) this.#seen.delete(partitionId)
    }
    let open = new MergeObject()
    for (const log of [...index.all()]) {
      if (signal.aborted) return
      if (this.#isDue(log)) open = await this.#look(log, open, signal)
    }
    await this.#write(open)
  }

  #isDue({ partitionId, packedEnd }: PartitionLog): boolean {
    const seen = this.#seen.get(partitionId)
    if (packedEnd === 0 || seen === undefined) return packedEnd > 0
    const isOld = this.#deps.clock.monotonicMs() - seen.atMs >= this.#deps.limits.lookMs
    return isOld && packedEnd > seen.doneEnd
  }

  /** Resolves with the object that is open afterwards. */
  async #look(log: PartitionLog, before: MergeObject, signal: AbortSignal): Promise<MergeObject> {
    const { database, clock, topicOf } = this.#deps
    const { partitionId, topicId, partitionIndex, packedEnd } = log
    const topic = topicOf(topicId)
    const from = Math.max(this.#seen.get(partitionId)?.doneEnd ?? 0, log.logStart)
    const atMs = clock.monotonicMs()
    this.#seen.set(partitionId, { packedEnd, atMs, doneEnd: from })
    if (topic === undefined) return before
    const rows = await readExtentsFrom(database, partitionId, from)
    const { ageMs } = this.#deps.limits
    const spanMsMax = extentSpanMsMax(topic)
    const { groups, doneEnd } = planMerge(rows, { spanMsMax, ageMs, nowMs: clock.nowMs() })
    this.#seen.set(partitionId, { packedEnd, atMs, doneEnd: Math.max(from, doneEnd) })
    const owner = { topicId, topicName: topic.name, partitionIndex }
    let open = before
    for (const group of groups) {
      if (signal.aborted) return open
      await this.#add(open, partitionId, owner, group)
      if (open.byteLength < this.#deps.limits.objectBytes) continue
      await this.#write(open)
      open = new MergeObject()
    }
    return open
  }

  async #add(
    open: MergeObject,
    partitionId: number,
    owner: CompactedOwner,
    group: readonly ExtentRow[],
  ): Promise<void> {
    const { objects, clusterId, clock, log } = this.#deps
    const bytes: Uint8Array[] = []
    try {
      for (const { objectId, position, length } of group) {
        const key = objectKey(clusterId, objectId)
        bytes.push(await objects.read(key, position, length, { priority: 'background' }))
        await sleep(clock, Math.floor((length / bytesPerSecond) * 1_000))
      }
      open.add(partitionId, owner, group, bytes)
    } catch (error) {
      // Dropped or replaced meanwhile: the next look knows.
      if (isFailure(error, 'not-found')) return
      if (!isFailure(error, 'corrupt')) throw error
      const { message } = error
      log.error({ partitionId, error: message }, 'small extents cannot be merged: they are damaged')
    }
  }

  async #write(open: MergeObject): Promise<void> {
    if (open.merged.length === 0) return
    const { database, objects, clusterId, clock } = this.#deps
    const nowMs = clock.nowMs()
    const { objectId, number } = await claimPackedObject(database, nowMs)
    const { chunks, size } = open.end({ clusterId, number, createdMs: nowMs })
    await objects.put(objectKey(clusterId, objectId), chunks, { priority: 'background' })
    this.stats.objects++
    const byPartition = Map.groupBy(open.merged, ({ partitionId }) => partitionId)
    // One transaction each; where all are void the sweeper finds the claim.
    for (const [partitionId, merged] of byPartition) {
      await this.#swap({ objectId, size }, partitionId, merged)
    }
  }

  async #swap(
    object: { readonly objectId: string; readonly size: number },
    partitionId: number,
    merged: readonly MergedExtent[],
  ): Promise<void> {
    const replaced = merged.flatMap((each) => each.replaced)
    const extents = merged.map(({ extent }) => extent)
    const { database, clock, extentIndex } = this.#deps
    const part = { partitionId, replaced, extents }
    try {
      const swap = (nowMs: number): Promise<string> => swapMerged(database, object, part, nowMs)
      if ((await settledSwap(clock, swap)) === 'void') {
        this.stats.voidSwaps++
        return
      }
    } finally {
      // Whatever became of it: what is known here may be old.
      extentIndex.forget(partitionId)
    }
    this.stats.replaced += replaced.length
    this.stats.merged += extents.length
    this.stats.bytes += extents.reduce((sum, { length }) => sum + length, 0)
  }
}
