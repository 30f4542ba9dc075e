/**
 * Turns journal runs that lie behind one another in memory into extents of a packed object: proves
 * every batch, writes its final offset and leader epoch into it, and decides where extents end.
 */
import { crc32c } from '../base/crc32c.ts'
import { Failure } from '../base/errors.ts'
import type { Run } from '../catalog/manifest.ts'
import type { PackedExtent } from '../catalog/pack-swap.ts'
import { lastOffsetDeltaOf, maxTimestampOf, patchBatch } from '../record/batch-header.ts'
import { checkBatchCrc, forEachBatch } from '../record/batch-sequence.ts'
import { packedBytesOf } from './marker-batch.ts'

/**
 * What is read at once from a packed object: as much as clients fetch of a partition by default.
 * One that reads many partitions in turn would find more pushed out again before its next turn, and
 * have it read anew for each.
 */
export const extentBytesMax: number = 1024 * 1024
/**
 * An extent that spans too much time is ended early, but not below this: times that jump to and fro
 * must not make a row of every batch.
 */
const timedExtentBytesMin = 16 * 1024
/** A tenth of a very short retention would end an extent at every batch. */
const spanMsMin = 1_000

export interface ChecksummedExtent extends PackedExtent {
  /** CRC-32C of its bytes as they are stored. */
  readonly checksum: number
}

/** How much time an extent may span: retention drops whole ones (pitfall C6). */
export function extentSpanMsMax(topic: {
  readonly retentionMs: number
  readonly segmentMs: number
}): number {
  const tenth = topic.retentionMs < 0 ? Infinity : topic.retentionMs / 10
  return Math.max(spanMsMin, Math.min(topic.segmentMs, tenth))
}

interface OpenExtent {
  readonly baseOffset: number
  readonly from: number
  readonly leaderEpoch: number
  nextOffset: number
  to: number
  minTimestampMs: number
  maxTimestampMs: number
}

/** Takes the runs of one partition in the order of their offsets, and cuts them into extents. */
export class ExtentCutter {
  readonly #bytes: Uint8Array
  /** Where the bytes begin in the object. */
  readonly #position: number
  readonly #spanMsMax: number
  readonly #extents: ChecksummedExtent[] = []
  #open: OpenExtent | undefined

  constructor(bytes: Uint8Array, position: number, spanMsMax: number) {
    this.#bytes = bytes
    this.#position = position
    this.#spanMsMax = spanMsMax
  }

  /**
   * `run` lies at `from` of the bytes, as the journal held it, or as a marker was made; its batches
   * are changed in place.
   *
   * @throws Failure 'corrupt': it is not what the catalog says it is; nothing of it was taken.
   */
  add(run: Run, from: number): void {
    const view = this.#bytes.subarray(from, from + packedBytesOf(run))
    proveRun(run, view)
    let offset = run.baseOffset
    forEachBatch(view, (at, size) => {
      patchBatch(view, at, offset, run.leaderEpoch)
      const nextOffset = offset + lastOffsetDeltaOf(view, at) + 1
      this.#append(run, offset, nextOffset, from + at, size, maxTimestampOf(view, at))
      offset = nextOffset
    })
  }

  finish(): readonly ChecksummedExtent[] {
    this.#close()
    return this.#extents
  }

  #append(
    { leaderEpoch }: Run,
    baseOffset: number,
    nextOffset: number,
    from: number,
    size: number,
    timestampMs: number,
  ): void {
    if (!this.#joins(leaderEpoch, baseOffset, from, size, timestampMs)) this.#close()
    this.#open ??= {
      baseOffset,
      nextOffset,
      from,
      to: from,
      leaderEpoch,
      minTimestampMs: Infinity,
      maxTimestampMs: -1,
    }
    const open = this.#open
    open.nextOffset = nextOffset
    open.to = from + size
    open.maxTimestampMs = Math.max(open.maxTimestampMs, timestampMs)
    if (timestampMs >= 0) open.minTimestampMs = Math.min(open.minTimestampMs, timestampMs)
  }

  #joins(
    leaderEpoch: number,
    baseOffset: number,
    from: number,
    size: number,
    timestampMs: number,
  ): boolean {
    const open = this.#open
    if (open === undefined) return true
    const touches = open.to === from && open.nextOffset === baseOffset
    if (!touches || open.leaderEpoch !== leaderEpoch) return false
    if (open.to - open.from + size > extentBytesMax) return false
    if (timestampMs < 0 || open.to - open.from < timedExtentBytesMin) return true
    const latest = Math.max(open.maxTimestampMs, timestampMs)
    return latest - Math.min(open.minTimestampMs, timestampMs) <= this.#spanMsMax
  }

  #close(): void {
    const open = this.#open
    this.#open = undefined
    if (open === undefined) return
    const { baseOffset, nextOffset, from, to, maxTimestampMs, leaderEpoch } = open
    const checksum = crc32c(this.#bytes.subarray(from, to))
    const place = { position: this.#position + from, length: to - from }
    this.#extents.push({ baseOffset, nextOffset, ...place, maxTimestampMs, leaderEpoch, checksum })
  }
}

function proveRun(run: Run, bytes: Uint8Array): void {
  let offset = run.baseOffset
  forEachBatch(bytes, (at) => {
    checkBatchCrc(bytes, at)
    offset += lastOffsetDeltaOf(bytes, at) + 1
  })
  if (offset === run.nextOffset) return
  const claimed = `${run.baseOffset} to ${run.nextOffset}`
  throw new Failure('corrupt', `${run.objectId}: a run of ${claimed} ends at ${offset}`)
}
