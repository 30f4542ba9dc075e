/**
 * Reads a partition from an offset on: from the tail cache, from journal runs not yet packed, or
 * from packed objects, in this order. Records are not touched.
 */
import { isFailure } from '../base/errors.ts'
import type { Hold } from '../base/hold.ts'
import type { Run } from '../catalog/manifest.ts'
import type { BlockCache } from './block-cache.ts'
import { type Block, findInBlock, sliceOfBlock } from './block.ts'
import type { ExtentIndex } from './extent-index.ts'
import type { AbortedRange } from './log-transactions.ts'
import type { Isolation, PartitionLog } from './partition-log.ts'
import type { CachedBatch, TailCache } from './tail-cache.ts'

export type ReadResult =
  | {
      readonly outcome: 'records'
      /** Whole batches; the first may begin before the offset asked for. Empty at the log's end. */
      readonly chunks: readonly Uint8Array[]
      readonly byteLength: number
      /** The offset behind the last batch read; the offset asked for where nothing was. */
      readonly nextOffset: number
      /** The log as it was looked at: what is read is of this version (T3). */
      readonly version: LogVersion
      /** By first offset; undefined where nobody asked. */
      readonly aborted?: readonly AbortedRange[]
      /** Gives the chunks' memory back, once. */
      readonly release: () => void
    }
  | { readonly outcome: 'out-of-range' }

export interface LogVersion {
  readonly logStart: number
  readonly logEnd: number
  readonly stableEnd: number
}

export interface LogReaderDeps {
  readonly tailCache: TailCache
  readonly blockCache: BlockCache
  readonly extentIndex: ExtentIndex
}

const nothing = (): void => undefined

interface Bounds {
  readonly maxBytes: number
  readonly end: number
}

/** What a read has found so far. */
class Gathered {
  readonly #version: LogVersion
  readonly #chunks: Uint8Array[] = []
  #holds: Hold[] = []
  byteLength = 0
  /** The offset behind what was found. */
  next: number

  constructor(version: LogVersion, offset: number) {
    this.#version = version
    this.next = offset
  }

  /** False where there is no room for the first of them, beside what is there already. */
  addCached(cached: readonly CachedBatch[], roomBytes: number): boolean {
    const isFirst = this.#chunks.length === 0
    for (const [at, { bytes, nextOffset, hold }] of cached.entries()) {
      if (!isFirst && at === 0 && bytes.length > roomBytes) {
        for (const each of cached) each.hold.release()
        return false
      }
      this.#chunks.push(bytes)
      this.#holds.push(hold)
      this.byteLength += bytes.length
      this.next = nextOffset
    }
    return true
  }

  /** False where the read ends here. */
  addBlock(block: Block, run: Run, roomBytes: number, end: number): boolean {
    const first = findInBlock(block, this.next)
    if (first < block.positions.length) {
      if ((block.nextOffsets[first] ?? 0) > end) return false
      const slice = sliceOfBlock(block, first, roomBytes, end)
      if (this.#chunks.length > 0 && slice.bytes.length > roomBytes) return false
      this.#chunks.push(slice.bytes)
      this.byteLength += slice.bytes.length
      this.next = slice.nextOffset
      if (first + 1 < block.positions.length && this.next < run.nextOffset) return true
    }
    this.next = Math.max(this.next, run.nextOffset)
    return true
  }

  release(): void {
    const holds = this.#holds
    this.#holds = []
    for (const hold of holds) hold.release()
  }

  result(): ReadResult {
    const { byteLength, next: nextOffset } = this
    const chunks = this.#chunks
    const release = (): void => this.release()
    return {
      outcome: 'records',
      ...{ chunks, byteLength, nextOffset, version: this.#version, release },
    }
  }
}

export class LogReader {
  readonly #deps: LogReaderDeps

  constructor(deps: LogReaderDeps) {
    this.#deps = deps
  }

  /**
   * Up to `maxBytes` of whole batches below the end that `isolation` lets see, but at least one,
   * from the batch that holds `offset`, or the next. The caller has checked `offset` against a log
   * end that is fresh enough to say 'out-of-range'.
   *
   * @throws Failure 'unavailable' | 'overloaded': try again. 'corrupt': storage is damaged there.
   */
  async read(
    log: PartitionLog,
    offset: number,
    maxBytes: number,
    isolation: Isolation = 'uncommitted',
  ): Promise<ReadResult> {
    if (offset < log.logStart || offset > log.logEnd) return { outcome: 'out-of-range' }
    const version = versionOf(log)
    const end = isolation === 'committed' ? version.stableEnd : version.logEnd
    if (offset >= end) return nothingAt(version, offset)
    const bounds = { maxBytes, end }
    try {
      return await this.#gathered(log, offset, version, bounds)
    } catch (error) {
      // Packed or dropped while we looked: the index knows better by now.
      if (!isFailure(error, 'not-found')) throw error
      this.forget(log)
      if (offset < log.logStart) return { outcome: 'out-of-range' }
      return this.#gathered(log, offset, version, bounds)
    }
  }

  /**
   * Begins to read what a reader of `offset` will ask for, where it is packed: of many partitions
   * that are read in turn none waits for the one before. Nothing comes of a failure.
   */
  async prepare(log: PartitionLog, offset: number): Promise<void> {
    if (offset < log.logStart || offset >= log.packedEnd) return
    try {
      const run = await this.#packedRun(log, offset)
      if (run !== undefined) this.#deps.blockCache.prepare(run)
    } catch (error) {
      if (!isFailure(error)) throw error // the read finds it out, too
    }
  }

  async #gathered(
    log: PartitionLog,
    offset: number,
    version: LogVersion,
    bounds: Bounds,
  ): Promise<ReadResult> {
    const gathered = new Gathered(version, offset)
    try {
      await this.#gather(log, gathered, bounds)
    } catch (error) {
      gathered.release()
      throw error
    }
    return gathered.result()
  }

  /**
   * From memory as long as there is something, else from storage. What memory gave, or one packed
   * run, does not wait for more of storage: the reader comes again, at the begin of a run.
   */
  async #gather(log: PartitionLog, into: Gathered, { maxBytes, end }: Bounds): Promise<void> {
    const { blockCache } = this.#deps
    let isOfMemory = false
    while (into.byteLength < maxBytes && into.next < end) {
      const roomBytes = maxBytes - into.byteLength
      const cached = this.#deps.tailCache.read(log.partitionId, into.next, roomBytes, end)
      if (cached !== undefined) {
        if (!into.addCached(cached, roomBytes)) return
        isOfMemory = true
        continue
      }
      if (isOfMemory) return
      const run = await this.findRun(log, into.next)
      if (run === undefined || run.baseOffset >= end) return
      if (into.byteLength > 0 && run.baseOffset < log.packedEnd && !blockCache.has(run)) return
      const block = await blockCache.readThrough(run, ({ nextOffset }) =>
        this.#packedRun(log, nextOffset),
      )
      if (!into.addBlock(block, run, roomBytes, end)) return
      if (into.next >= run.nextOffset) blockCache.end(run)
    }
  }

  /** What is known of packed runs turned out to be old. */
  forget(log: PartitionLog): void {
    this.#deps.extentIndex.forget(log.partitionId)
  }

  /** The run that holds `offset`, or the next one. */
  async findRun(log: PartitionLog, offset: number): Promise<Run | undefined> {
    return (await this.#packedRun(log, offset)) ?? log.tail[log.findRun(offset)]
  }

  async #packedRun(log: PartitionLog, offset: number): Promise<Run | undefined> {
    if (offset >= log.packedEnd) return undefined
    return this.#deps.extentIndex.find(log.partitionId, offset)
  }
}

function versionOf({ logStart, logEnd, stableEnd }: PartitionLog): LogVersion {
  return { logStart, logEnd, stableEnd }
}

/** What a reader gets who is at the end. */
function nothingAt(version: LogVersion, nextOffset: number): ReadResult {
  return { outcome: 'records', chunks: [], byteLength: 0, nextOffset, version, release: nothing }
}
