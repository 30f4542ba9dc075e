/**
 * Packs the journal: a window of whole journal objects is read once, becomes packed objects that
 * hold long runs of one partition after another, and dies. It may be stopped, or killed, between
 * any two steps: what decides is the swap, one transaction for some hundred partitions.
 */
import { type Clock, sleep } from '../base/clock.ts'
import { type Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import {
  endedObjects,
  endedObjectsMax,
  endJournalObjects,
  findFinished,
} from '../catalog/pack-finish.ts'
import {
  claimPackedObject,
  type PackedPart,
  swapPacked,
  swapPartsMax,
} from '../catalog/pack-swap.ts'
import { isInline } from '../catalog/group-objects.ts'
import type { Run } from '../catalog/manifest.ts'
import type { Journal } from '../journal/journal.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { ExtentIndex } from './extent-index.ts'
import type { LogIndex } from './log-index.ts'
import { mergedBytesMin } from './merge-plan.ts'
import { type ObjectPlan, type PackTopic, planObjects } from './pack-plan.ts'
import {
  fillObject,
  type PackedObject,
  PackMemory,
  type ReadPlan,
  readPlans,
} from './pack-write.ts'
import { objectKey } from './stored-runs.ts'
import { settledSwap } from './settled-swap.ts'

export interface PackerDeps {
  readonly database: CatalogDatabase
  readonly journal: Journal
  readonly objects: ObjectStore
  readonly clusterId: string
  readonly index: LogIndex
  readonly extentIndex: ExtentIndex
  /** Undefined where the topic is deleted: its runs are dropped with it. */
  readonly topicOf: (topicId: string) => PackTopic | undefined
  /** Resolves when every group that was sealed before the call is committed or refused. */
  readonly settled: () => Promise<void>
  readonly clock: Clock
  readonly log: Log
  readonly limits: PackLimits
}

export interface PackLimits {
  /** `pack.window.ms`: data waits about this long. */
  readonly windowMs: number
  /** `pack.window.bytes`: or until there is so much of it. */
  readonly windowBytes: number
  /** `pack.inline.ms`: bytes stay about this long in the catalog. Default: `windowMs`. */
  readonly inlineMs?: number
  /** `pack.object.bytes`, and the memory that packing takes. */
  readonly objectBytes: number
  /**
   * Memory that packing takes instead, where each read is a request; up to twice as much where
   * there are many partitions. The window is divided, so that a journal object is read once for all
   * the packed objects it goes into.
   */
  readonly sliceBytes?: number
}

/** What a window knows from one slice to the next. */
interface PackingWindow {
  /** 0: it is not divided. */
  readonly sliceBytes: number
  readonly memory: PackMemory
  /** Partitions that wait at a run that cannot be read. */
  readonly stuck: Set<number>
  /** Why the first of them does whose object is not there: it may go on later. */
  missing?: Failure
}

export interface PackStats {
  windows: number
  objects: number
  bytes: number
  extents: number
  reads: number
  /** Parts whose partition had changed meanwhile. */
  voidParts: number
  /** Runs that could not be read, at the last look. */
  damagedRuns: number
  /** Journal objects whose space was given back. */
  retired: number
}

/** Runs that a broker keeps in memory before packing begins early: about 100 bytes each. */
const windowRunsMax = 200_000
/** Bytes in the catalog behind others that wait for a window; beyond, the window begins early. */
const windowInlineBytesMax = 32 * 1024 * 1024
/** Extents named in one swap, beside those of its last partition. */
const swapExtentsMax = 1_000

export class Packer {
  readonly #deps: PackerDeps
  readonly stats: PackStats = {
    windows: 0,
    objects: 0,
    bytes: 0,
    extents: 0,
    reads: 0,
    voidParts: 0,
    damagedRuns: 0,
    retired: 0,
  }
  #lastWindowMs: number
  /** Since when bytes in the catalog can be packed, by the looks at them; undefined: there are none. */
  #inlineSinceMs: number | undefined

  constructor(deps: PackerDeps) {
    this.#deps = deps
    this.#lastWindowMs = deps.clock.monotonicMs()
  }

  /** Packs what is due. @throws Failure 'unavailable' | 'overloaded' | 'not-found': later. */
  async packIfDue(signal: AbortSignal): Promise<void> {
    const { clock, limits } = this.#deps
    const waiting = this.#waiting()
    const nowMs = clock.monotonicMs()
    const isOld = nowMs - this.#lastWindowMs >= limits.windowMs
    const isLarge =
      waiting.bytes > limits.windowBytes ||
      waiting.runs > windowRunsMax ||
      waiting.inlineBytes > windowInlineBytesMax
    if (isOld || isLarge) return this.packWindow(signal)
    if (!waiting.hasInline) this.#inlineSinceMs = undefined
    else this.#inlineSinceMs ??= nowMs
    const sinceMs = this.#inlineSinceMs ?? nowMs
    if (nowMs - sinceMs >= (limits.inlineMs ?? limits.windowMs)) await this.packInline(signal)
  }

  /**
   * Packs what is in the catalog alone. What comes behind runs of the journal waits for their
   * window, so that those are read once.
   *
   * @throws Failure as packWindow
   */
  async packInline(signal: AbortSignal): Promise<void> {
    const { journal, settled } = this.#deps
    this.#inlineSinceMs = undefined
    const objectIds = journal.finished().filter(isInline)
    if (objectIds.length === 0) return
    await settled()
    await this.#packObjects(objectIds, signal)
  }

  /**
   * Packs all that is committed, also of the journal object that is being written.
   *
   * @throws Failure 'unavailable' | 'overloaded' | 'unknown-outcome': what was packed stays so.
   *   'not-found': some partitions wait for an object that is not there; all others are packed.
   */
  async packWindow(signal: AbortSignal): Promise<void> {
    const { journal, clock, settled } = this.#deps
    this.#lastWindowMs = clock.monotonicMs()
    if (this.#waiting().isActive) await journal.roll()
    // Before the look at what is committed: a group under way to one of them would be missed.
    const objectIds = journal.finished()
    if (objectIds.length === 0 && !this.#waiting().hasMarkers) return
    await settled()
    this.stats.windows++
    this.#inlineSinceMs = undefined
    await this.#packObjects(objectIds, signal)
  }

  async #packObjects(objectIds: readonly string[], signal: AbortSignal): Promise<void> {
    const sliceBytes = this.#sliceBytes()
    const window: PackingWindow = { sliceBytes, memory: new PackMemory(), stuck: new Set() }
    this.stats.damagedRuns = 0
    // All that came before stays in it: what was learned of before a run that stands in front of it
    // has waited for that.
    let reached: readonly string[] = []
    for (const slice of this.#slicesOf(objectIds, sliceBytes)) {
      reached = [...reached, ...slice]
      await this.#packRuns(new Set(reached), window, signal)
      if (signal.aborted) return
      reached = await this.#endObjects(reached)
    }
    if (window.missing !== undefined) throw window.missing
  }

  /** Neighbours in the order in which they were learned of, which is about that of their commits. */
  #slicesOf(objectIds: readonly string[], sliceBytes: number): (readonly string[])[] {
    const { index } = this.#deps
    if (sliceBytes === 0 || objectIds.length === 0) return [objectIds] // markers need none
    const bytesOf = new Map<string, number>()
    for (const log of index.all()) {
      for (const { objectId, length } of log.tail) {
        bytesOf.set(objectId, (bytesOf.get(objectId) ?? 0) + length)
      }
    }
    return [...portionsUpTo(sliceBytes, objectIds, (objectId) => bytesOf.get(objectId) ?? 0)]
  }

  /** The more partitions there are, the less a slice has of each: it grows with them, to double. */
  #sliceBytes(): number {
    const { index, limits } = this.#deps
    const { sliceBytes = 0 } = limits
    let partitions = 0
    for (const log of index.all()) partitions += Number(log.tail.length > 0)
    return Math.min(2 * sliceBytes, Math.max(sliceBytes, partitions * mergedBytesMin))
  }

  /** What waits to be packed; `isActive` where some of it is in the object that is being written. */
  #waiting(): {
    readonly bytes: number
    readonly runs: number
    readonly isActive: boolean
    readonly hasMarkers: boolean
    /** Of them, in the catalog. */
    readonly inlineBytes: number
    /** Where a partition begins with such, so that they can be packed alone. */
    readonly hasInline: boolean
  } {
    const { index, journal } = this.#deps
    const finished = new Set(journal.finished())
    let bytes = 0
    let runs = 0
    let isActive = false
    let hasMarkers = false
    let inlineBytes = 0
    let hasInline = false
    for (const log of index.all()) {
      runs += log.tail.length
      if (runs > windowRunsMax) break
      const first = log.tail.find(({ marker }) => marker === undefined)
      hasInline ||= first !== undefined && isInline(first.objectId)
      for (const { length, marker, objectId } of log.tail) {
        bytes += length
        if (isInline(objectId)) inlineBytes += length
        if (marker !== undefined) hasMarkers = true
        else isActive ||= !finished.has(objectId)
      }
    }
    isActive ||= runs > windowRunsMax
    return { bytes, runs, isActive, hasMarkers, inlineBytes, hasInline }
  }

  async #packRuns(
    objectIds: ReadonlySet<string>,
    window: PackingWindow,
    signal: AbortSignal,
  ): Promise<void> {
    const { index, topicOf, limits, clock, journal } = this.#deps
    const { stuck, memory } = window
    const plans = planObjects(index.all(), objectIds, topicOf, limits.objectBytes)
    const damaged = (run: Run, error: unknown): void => this.#damaged(window, run, error)
    for (const some of portionsUpTo(window.sliceBytes, plans, ({ byteLength }) => byteLength)) {
      await sleep(clock, 0)
      if (signal.aborted) return
      const { read, reads } = await readPlans(journal, withoutStuck(some, stuck), memory, damaged)
      this.stats.reads += reads
      for (const each of read) {
        if (signal.aborted) return
        await this.#packObject(each, damaged)
      }
    }
  }

  /** The partition waits there; others go on. */
  #damaged(window: PackingWindow, run: Run, error: unknown): void {
    const { log } = this.#deps
    const { message } = error as Error
    const isFirst = !window.stuck.has(run.partitionId)
    window.stuck.add(run.partitionId)
    if (isFailure(error, 'not-found')) {
      // Packed by another broker, as the feed will tell, or lost.
      window.missing ??= error
      if (isFirst) log.warn({ ...run, error: message }, 'a committed run is not there to be packed')
      return
    }
    this.stats.damagedRuns++
    log.error({ ...run, error: message }, 'a committed run is damaged and cannot be packed')
  }

  async #packObject(read: ReadPlan, damaged: (run: Run, error: unknown) => void): Promise<void> {
    const { database, objects, clusterId, clock } = this.#deps
    const { plan } = read
    if (plan.byteLength === 0) {
      const parts = plan.parts.map(({ log: { partitionId }, fromOffset, toOffset }) => {
        return { partitionId, fromOffset, toOffset, extents: [] }
      })
      return this.#swap(undefined, parts)
    }
    const nowMs = clock.nowMs()
    const { objectId, number } = await claimPackedObject(database, nowMs)
    const identity = { clusterId, number, createdMs: nowMs }
    const pause = (): Promise<void> => sleep(clock, 0)
    const filled = await fillObject(read, identity, damaged, pause)
    if (filled.parts.length === 0) return // the sweeper finds the claim
    await objects.put(objectKey(clusterId, objectId), filled.chunks)
    await this.#swapAll(objectId, filled)
  }

  async #swapAll(objectId: string, { size, parts }: PackedObject): Promise<void> {
    this.stats.objects++
    let some: PackedPart[] = []
    let rows = 0
    for (const [index, part] of parts.entries()) {
      some.push(part)
      rows += part.extents.length
      const isLast = index === parts.length - 1
      if (!isLast && some.length < swapPartsMax && rows < swapExtentsMax) continue
      await this.#swap({ objectId, size }, some)
      some = []
      rows = 0
    }
  }

  /** The catalog first, then memory: readers find a run in one or the other at any time. */
  async #swap(
    object: { readonly objectId: string; readonly size: number } | undefined,
    parts: readonly PackedPart[],
  ): Promise<void> {
    const { database, clock, index, extentIndex } = this.#deps
    const results = await settledSwap(clock, (nowMs) => swapPacked(database, object, parts, nowMs))
    for (const [at, { partitionId, isSwapped, packedEnd }] of results.entries()) {
      const { extents = [], fromOffset = 0 } = parts[at] ?? {}
      if (isSwapped) {
        this.stats.extents += extents.length
        for (const { length } of extents) this.stats.bytes += length
      } else this.stats.voidParts++
      if (packedEnd === undefined || packedEnd <= fromOffset) continue
      extentIndex.forget(partitionId)
      // Another broker may have packed what this one has not heard of: the feed tells that later.
      const log = index.get(partitionId)
      log?.dropPacked(Math.min(packedEnd, log.logEnd))
    }
  }

  /**
   * Gives the space of journal objects back of which nothing is needed any more; the others are
   * told.
   */
  async #endObjects(objectIds: readonly string[]): Promise<readonly string[]> {
    const { database, journal, index, clock } = this.#deps
    const unneeded = unneededOf(index, objectIds)
    if (unneeded.length === 0 && objectIds.length > 0) return objectIds
    const { finished, packedGroups } = await findFinished(database, unneeded)
    if (finished.length === 0 && unneeded.length > 0) return objectIds
    for (let at = 0; at === 0 || at < finished.length; at += endedObjectsMax) {
      const some = finished.slice(at, at + endedObjectsMax)
      const isLast = at + endedObjectsMax >= finished.length
      const ends = { finished: some, packedGroups: isLast ? packedGroups : undefined }
      await endJournalObjects(database, ends, clock.nowMs())
      for (const objectId of some) {
        await journal.retire(objectId)
        this.stats.retired++
      }
    }
    const ended = new Set(finished)
    return objectIds.filter((objectId) => !ended.has(objectId))
  }

  /**
   * Where several brokers pack: forgets what another has ended, or it would be ended again when
   * this one packs, and remembered for ever until then.
   *
   * @throws Failure 'unavailable': the rest goes the next time.
   */
  async forgetEnded(signal: AbortSignal): Promise<void> {
    const { database, journal, index } = this.#deps
    const unneeded = unneededOf(index, journal.finished())
    if (signal.aborted) return
    for (const objectId of await endedObjects(database, unneeded)) await journal.retire(objectId)
  }
}

/** Those of the objects in which no run is that is not packed, as far as is known here. */
function unneededOf(index: LogIndex, objectIds: readonly string[]): string[] {
  const needed = new Set<string>()
  for (const log of index.all()) for (const run of log.tail) needed.add(run.objectId)
  return objectIds.filter((objectId) => !needed.has(objectId))
}

/** Nothing of a partition is packed behind what cannot be: the swap would be void. */
function withoutStuck(plans: readonly ObjectPlan[], stuck: ReadonlySet<number>): ObjectPlan[] {
  if (stuck.size === 0) return [...plans]
  return plans.flatMap(({ parts: all }) => {
    const parts = all.filter(({ log }) => !stuck.has(log.partitionId))
    const byteLength = parts.reduce((sum, part) => sum + part.byteLength, 0)
    return parts.length === 0 ? [] : [{ parts, byteLength }]
  })
}

/** One after another, with at most so many bytes together, but one at least. */
function* portionsUpTo<Item>(
  bytesMax: number,
  items: readonly Item[],
  bytesOf: (item: Item) => number,
): Generator<readonly Item[], void> {
  let some: Item[] = []
  let bytes = 0
  for (const item of items) {
    if (some.length > 0 && bytes + bytesOf(item) > bytesMax) {
      yield some
      some = []
      bytes = 0
    }
    some.push(item)
    bytes += bytesOf(item)
  }
  if (some.length > 0) yield some
}
