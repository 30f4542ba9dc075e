/**
 * The job of log compaction: of each key of a partition the newest record stays. It works on packed
 * extents, one partition at a time, and may be stopped, or killed, between any two steps: a pass
 * replaces some extents after others, each in one transaction, and what is done stays done.
 */
import { type Clock, sleep } from '../base/clock.ts'
import { isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import {
  type CompactionBasis,
  noteCompacted,
  readCompactionBasis,
  swapCompacted,
} from '../catalog/compact-swap.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { claimPackedObject } from '../catalog/pack-swap.ts'
import type { ExtentRow } from '../catalog/schema.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import { readAborts } from './aborted-reader.ts'
import type { CleanedRun, PassInput } from './compact-pass.ts'
import {
  type CompactionPlan,
  type CompactionPolicy,
  groupExtents,
  planCompaction,
} from './compact-plan.ts'
import { compactedObject } from './compact-write.ts'
import type { CompactionPass, OpenPass } from './compaction-pass.ts'
import type { ExtentIndex } from './extent-index.ts'
import { objectKey } from './stored-runs.ts'
import type { TailCache } from './tail-cache.ts'
import { settledSwap } from './settled-swap.ts'

export interface CompactorDeps {
  readonly database: CatalogDatabase
  readonly objects: ObjectStore
  readonly clusterId: string
  readonly extentIndex: ExtentIndex
  readonly tailCache: TailCache
  /** Of every living topic that is compacted. */
  readonly policies: () => Iterable<CompactionPolicy>
  readonly openPass: OpenPass
  readonly clock: Clock
  readonly log: Log
  readonly limits: () => CompactLimits
}

export interface CompactLimits {
  /** `log.cleaner.backoff.ms`: the pause between two looks at all partitions. */
  readonly backoffMs: number
  /** `log.cleaner.dedupe.buffer.size`: memory of the offset map. */
  readonly mapBytes: number
  /** `log.cleaner.io.max.bytes.per.second`: read and written. */
  readonly bytesPerSecond: number
  /** `pack.object.bytes`: memory of what is rewritten at once, beside the map. */
  readonly objectBytes: number
  /** `object.grace.ms`: so long a reader may have bytes that were replaced. */
  readonly graceMs: number
}

export interface CompactStats {
  /** Passes that came to their end. */
  passes: number
  readBytes: number
  writtenBytes: number
  recordsRemoved: number
  objects: number
  /** Swaps whose extents were not there any more. */
  voidSwaps: number
  /** Partitions left alone since the start, because their stored bytes are damaged. */
  uncleanable: number
}

/** Passes over one partition in a row, where its keys do not fit into the map at once. */
const passesMax = 1_000

/** What a pass works with. */
interface Work {
  readonly partitionId: number
  readonly policy: CompactionPolicy
  readonly basis: CompactionBasis
  readonly plan: CompactionPlan
  readonly pass: CompactionPass
  readonly limits: CompactLimits
  readonly signal: AbortSignal
}

type PassEnd = 'done' | 'more' | 'stopped'

export class Compactor {
  readonly #deps: CompactorDeps
  readonly #uncleanable = new Set<number>()
  #lastLookMs: number
  readonly stats: CompactStats = {
    passes: 0,
    readBytes: 0,
    writtenBytes: 0,
    recordsRemoved: 0,
    objects: 0,
    voidSwaps: 0,
    uncleanable: 0,
  }

  constructor(deps: CompactorDeps) {
    this.#deps = deps
    this.#lastLookMs = deps.clock.monotonicMs()
  }

  /** `compactAll`, where the pause is over. */
  async compactIfDue(signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#deps
    if (clock.monotonicMs() - this.#lastLookMs < limits().backoffMs) return
    this.#lastLookMs = clock.monotonicMs()
    await this.compactAll(signal)
  }

  /**
   * Looks at every partition of every compacted topic once.
   *
   * @throws Failure 'unavailable' | 'overloaded' | 'unknown-outcome': what was swapped stays so.
   */
  async compactAll(signal: AbortSignal): Promise<void> {
    for (const policy of [...this.#deps.policies()]) {
      for (const partitionId of policy.partitionIds) {
        if (this.#uncleanable.has(partitionId)) continue
        await this.#compact(partitionId, policy, signal)
        if (signal.aborted) return
      }
    }
  }

  async #compact(
    partitionId: number,
    policy: CompactionPolicy,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      for (let passes = 0; passes < passesMax && !signal.aborted; passes++) {
        const end = await this.#passIfDue(partitionId, policy, signal)
        if (end !== 'more') return
      }
    } catch (error) {
      // An object is gone whose extents were replaced or dropped meanwhile: the next look knows.
      if (isFailure(error, 'not-found') || isFailure(error, 'conflict')) return
      if (!isFailure(error, 'corrupt')) throw error
      this.#uncleanable.add(partitionId)
      this.stats.uncleanable = this.#uncleanable.size
      const { message } = error
      this.#deps.log.error({ partitionId, error: message }, 'a partition cannot be compacted')
    }
  }

  async #passIfDue(
    partitionId: number,
    policy: CompactionPolicy,
    signal: AbortSignal,
  ): Promise<PassEnd> {
    const { database, clock, openPass } = this.#deps
    const basis = await readCompactionBasis(database, partitionId)
    if (basis === undefined) return 'stopped'
    const nowMs = clock.nowMs()
    const plan = await planCompaction(database, partitionId, basis, policy, nowMs)
    if (plan === undefined) return 'done'
    const limits = this.#deps.limits()
    const { deleteRetentionMs } = policy
    const rules = {
      dirtyFrom: basis.cleanEnd,
      mapBytesMax: limits.mapBytes,
      nowMs,
      tombstoneHorizonMs: nowMs + deleteRetentionMs,
      markerHorizonMs: nowMs + Math.max(deleteRetentionMs, limits.graceMs),
    }
    const bytes = plan.extents.reduce((sum, { length }) => sum + length, 0)
    const pass = openPass(rules, bytes)
    try {
      return await this.#run({ partitionId, policy, basis, plan, pass, limits, signal })
    } finally {
      await pass.close()
    }
  }

  async #run(work: Work): Promise<PassEnd> {
    const { partitionId, basis, plan, limits } = work
    const mapped = await this.#map(work)
    if (mapped === undefined) return 'stopped'
    const toClean = plan.extents.filter(({ baseOffset }) => baseOffset < mapped.end)
    let horizonMs: number | undefined
    for (const group of groupExtents(toClean, limits.objectBytes)) {
      const cleaned = await this.#clean(work, group)
      if (cleaned === undefined) return 'stopped'
      horizonMs = least(horizonMs, cleaned.horizonMs)
    }
    const after = { partitionId, cleanEnd: mapped.end, horizonMs: horizonMs ?? null }
    await noteCompacted(this.#deps.database, basis, after)
    this.stats.passes++
    return mapped.isFull ? 'more' : 'done'
  }

  /** Undefined where the pass is to stop. `end`: offsets below are clean afterwards. */
  async #map(work: Work): Promise<{ readonly end: number; readonly isFull: boolean } | undefined> {
    const { basis, plan, pass } = work
    for (const extent of plan.extents) {
      if (extent.nextOffset <= basis.cleanEnd) continue
      const input = await this.#read(work, extent)
      if (input === undefined) return undefined
      const { mappedEnd, isFull } = await pass.map(input)
      if (isFull) return { end: mappedEnd, isFull }
    }
    return { end: Math.max(basis.cleanEnd, plan.end), isFull: false }
  }

  /** Judges neighbours and replaces them where something goes; undefined where the pass stops. */
  async #clean(
    work: Work,
    group: readonly ExtentRow[],
  ): Promise<{ readonly horizonMs: number | undefined } | undefined> {
    const { basis, pass } = work
    const runs: CleanedRun[] = []
    let horizonMs: number | undefined
    for (const [at, extent] of group.entries()) {
      const input = await this.#read(work, extent)
      if (input === undefined) return undefined
      const keepsLast = at === group.length - 1
      const run = await pass.clean({ ...input, logStart: basis.logStart, keepsLast })
      runs.push(run)
      horizonMs = least(horizonMs, run.horizonMs)
    }
    const isDone = !runs.some(({ isChanged }) => isChanged) || (await this.#swap(work, group, runs))
    return isDone ? { horizonMs } : undefined
  }

  async #read(work: Work, extent: ExtentRow): Promise<PassInput | undefined> {
    const { objects, clusterId, database } = this.#deps
    const { partitionId, basis, signal } = work
    if (signal.aborted) return undefined
    const { baseOffset, nextOffset, objectId, position, length } = extent
    const from = Math.max(baseOffset, basis.logStart)
    const aborts = await readAborts(database, partitionId, from, nextOffset)
    // The log start has passed it: another pass begins where the log begins now.
    if (aborts === undefined) return undefined
    const bytes = await objects.read(objectKey(clusterId, objectId), position, length)
    this.stats.readBytes += length
    await this.#rest(work, length)
    return { bytes, baseOffset, nextOffset, aborted: aborts.ranges }
  }

  /** False where what it was made of is not there any more. */
  async #swap(
    work: Work,
    replaced: readonly ExtentRow[],
    runs: readonly CleanedRun[],
  ): Promise<boolean> {
    const { database, objects, clusterId, clock, extentIndex, tailCache } = this.#deps
    const { partitionId, policy, basis, signal } = work
    if (signal.aborted) return false
    const nowMs = clock.nowMs()
    const { objectId, number } = await claimPackedObject(database, nowMs)
    const identity = { clusterId, number, createdMs: nowMs }
    const { topicName, spanMsMax } = policy
    const owner = { topicId: basis.topicId, topicName, partitionIndex: basis.partitionIndex }
    const made = compactedObject(identity, owner, replaced, runs, spanMsMax)
    const { chunks, size, extents } = made
    await objects.put(objectKey(clusterId, objectId), chunks)
    this.stats.writtenBytes += size
    this.stats.objects++
    await this.#rest(work, size)
    const endedAborts = runs.flatMap((run) => run.endedAborts)
    const part = { partitionId, replaced, extents, endedAborts }
    let outcome: 'swapped' | 'void'
    try {
      outcome = await settledSwap(clock, (at) =>
        swapCompacted(database, { objectId, size }, part, at),
      )
    } finally {
      // Whatever became of it: what is known here may be old.
      extentIndex.forget(partitionId)
      tailCache.dropBelow(partitionId, replaced.at(-1)?.nextOffset ?? 0)
    }
    if (outcome === 'void') {
      this.stats.voidSwaps++
      return false
    }
    for (const { recordsRemoved } of runs) this.stats.recordsRemoved += recordsRemoved
    return true
  }

  /** Others get their turn, and the store its rest. */
  async #rest({ limits }: Work, bytes: number): Promise<void> {
    await sleep(this.#deps.clock, Math.floor((bytes / limits.bytesPerSecond) * 1_000))
  }
}

function least(one: number | undefined, other: number | undefined): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return Math.min(one, other)
}
