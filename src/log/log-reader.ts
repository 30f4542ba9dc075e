/**
 * Reads a partition from an offset on: from the tail cache, from journal runs not yet packed, or
 * from packed objects, in this order. Records are not touched.
 */
import { isFailure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import type { BlockCache } from './block-cache.ts'
import { findInBlock, sliceOfBlock } from './block.ts'
import type { ExtentIndex } from './extent-index.ts'
import type { PartitionLog } from './partition-log.ts'
import type { TailCache } from './tail-cache.ts'

export type ReadResult =
  | {
      readonly outcome: 'records'
      /** Whole batches; the first may begin before the offset asked for. Empty at the log's end. */
      readonly chunks: readonly Uint8Array[]
      readonly byteLength: number
      /** The offset behind the last batch read; the offset asked for where nothing was. */
      readonly nextOffset: number
      /** Gives the chunks' memory back, once. */
      readonly release: () => void
    }
  | { readonly outcome: 'out-of-range' }

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

  /** True where a read at `offset` is answered from memory, without waiting. */
  isAtTail(log: PartitionLog, offset: number): boolean {
    return offset >= log.logEnd
  }

  /**
   * Up to `maxBytes` of whole batches, but at least one, from the batch that holds `offset`, or the
   * next. The caller has checked `offset` against a log end that is fresh enough to say
   * 'out-of-range'.
   *
   * @throws Failure 'unavailable' | 'overloaded': try again. 'corrupt': storage is damaged there.
   */
  async read(log: PartitionLog, offset: number, maxBytes: number): Promise<ReadResult> {
    if (offset < log.logStart || offset > log.logEnd) return { outcome: 'out-of-range' }
    if (offset === log.logEnd) return records([], 0, offset, nothing)
    const cached = this.#deps.tailCache.read(log.partitionId, offset, maxBytes)
    if (cached !== undefined) {
      const release = (): void => {
        for (const { hold } of cached) hold.release()
      }
      const chunks = cached.map(({ bytes }) => bytes)
      const byteLength = chunks.reduce((sum, { length }) => sum + length, 0)
      return records(chunks, byteLength, cached.at(-1)?.nextOffset ?? offset, release)
    }
    return this.#readStored(log, offset, maxBytes, true)
  }

  async #readStored(
    log: PartitionLog,
    offset: number,
    maxBytes: number,
    mayRetry: boolean,
  ): Promise<ReadResult> {
    const chunks: Uint8Array[] = []
    let byteLength = 0
    let next = offset
    try {
      while (byteLength < maxBytes && next < log.logEnd) {
        const run = await this.findRun(log, next)
        if (run === undefined) break
        const block = await this.#deps.blockCache.read(run)
        const first = findInBlock(block, next)
        if (first < block.positions.length) {
          const slice = sliceOfBlock(block, first, maxBytes - byteLength)
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
      return this.#readStored(log, offset, maxBytes, false)
    }
    return records(chunks, byteLength, next, nothing)
  }

  /** What is known of packed runs turned out to be old. */
  forget(log: PartitionLog): void {
    this.#deps.extentIndex.forget(log.partitionId)
  }

  /** The run that holds `offset`, or the next one. */
  async findRun(log: PartitionLog, offset: number): Promise<Run | undefined> {
    if (offset < log.packedEnd) {
      const packed = await this.#deps.extentIndex.find(log.partitionId, offset)
      if (packed !== undefined) return packed
    }
    return log.tail[log.findRun(offset)]
  }
}

function records(
  chunks: readonly Uint8Array[],
  byteLength: number,
  nextOffset: number,
  release: () => void,
): ReadResult {
  return { outcome: 'records', chunks, byteLength, nextOffset, release }
}
