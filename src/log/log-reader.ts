/**
 * Reads a partition from an offset on: from the tail cache, from journal runs not yet packed, or
 * from packed objects, in this order. Records are not touched.
 */
import { isFailure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import type { BlockCache } from './block-cache.ts'
import { findInBlock, sliceOfBlock } from './block.ts'
import type { ExtentIndex } from './extent-index.ts'
import type { AbortedRange } from './log-transactions.ts'
import type { Isolation, PartitionLog } from './partition-log.ts'
import type { TailCache } from './tail-cache.ts'

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
    const cached = this.#deps.tailCache.read(log.partitionId, offset, maxBytes, end)
    if (cached !== undefined) {
      const release = (): void => {
        for (const { hold } of cached) hold.release()
      }
      const chunks = cached.map(({ bytes }) => bytes)
      const byteLength = chunks.reduce((sum, { length }) => sum + length, 0)
      const nextOffset = cached.at(-1)?.nextOffset ?? offset
      return { outcome: 'records', chunks, byteLength, nextOffset, version, release }
    }
    return this.#readStored(log, offset, maxBytes, { version, end, mayRetry: true })
  }

  async #readStored(
    log: PartitionLog,
    offset: number,
    maxBytes: number,
    { version, end, mayRetry }: { version: LogVersion; end: number; mayRetry: boolean },
  ): Promise<ReadResult> {
    const chunks: Uint8Array[] = []
    let byteLength = 0
    let next = offset
    try {
      while (byteLength < maxBytes && next < end) {
        const run = await this.findRun(log, next)
        if (run === undefined || run.baseOffset >= end) break
        const block = await this.#deps.blockCache.readThrough(run, ({ nextOffset }) =>
          this.#packedRun(log, nextOffset),
        )
        const first = findInBlock(block, next)
        if (first < block.positions.length) {
          if ((block.nextOffsets[first] ?? 0) > end) break
          const slice = sliceOfBlock(block, first, maxBytes - byteLength, end)
          if (chunks.length > 0 && byteLength + slice.bytes.length > maxBytes) break
          chunks.push(slice.bytes)
          byteLength += slice.bytes.length
          next = slice.nextOffset
          if (first + 1 < block.positions.length && next < run.nextOffset) continue
        }
        next = Math.max(next, run.nextOffset)
      }
    } catch (error) {
      // Packed or dropped while we looked: the index knows better by now.
      if (!mayRetry || !isFailure(error, 'not-found')) throw error
      this.forget(log)
      if (offset < log.logStart) return { outcome: 'out-of-range' }
      return this.#readStored(log, offset, maxBytes, { version, end, mayRetry: false })
    }
    return { outcome: 'records', chunks, byteLength, nextOffset: next, version, release: nothing }
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
