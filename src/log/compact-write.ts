/** Fills a packed object with what a pass of compaction left of some extents of one partition. */
import { crc32c } from '../base/crc32c.ts'
import type { PackedExtent } from '../catalog/pack-swap.ts'
import type { ExtentRow } from '../catalog/schema.ts'
import type { CleanedRun } from './compact-pass.ts'
import { extentBytesMax } from './pack-extents.ts'
import {
  encodePackedFooter,
  encodePackedHeader,
  packedHeaderBytes,
  type PackedIdentity,
} from './packed-object.ts'

/** Whose extents they are; the footer names them again in another catalog. */
export interface CompactedOwner {
  readonly topicId: string
  readonly topicName: string
  readonly partitionIndex: number
}

export interface CompactedObject {
  readonly chunks: readonly Uint8Array[]
  readonly size: number
  /** They tile the range of the extents that they replace. */
  readonly extents: readonly PackedExtent[]
}

interface OpenExtent {
  readonly baseOffset: number
  readonly position: number
  nextOffset: number
  length: number
  minTimestampMs: number
  maxTimestampMs: number
}

/**
 * `runs` hold what is left of `replaced`, one batch at least; all of one leader epoch. What an
 * extent spans in time is bounded as when it was packed, because retention drops whole ones.
 */
export function compactedObject(
  identity: PackedIdentity,
  owner: CompactedOwner,
  replaced: readonly ExtentRow[],
  runs: readonly CleanedRun[],
  spanMsMax: number,
): CompactedObject {
  const chunks = runs.map(({ bytes }) => bytes)
  const body = Buffer.concat(chunks)
  const from = replaced[0]?.baseOffset ?? 0
  const to = replaced.at(-1)?.nextOffset ?? 0
  const leaderEpoch = replaced[0]?.leaderEpoch ?? 0
  const extents = cut(runs, from, to, spanMsMax).map((open): PackedExtent => {
    const { baseOffset, nextOffset, position, length, maxTimestampMs } = open
    return { baseOffset, nextOffset, position, length, maxTimestampMs, leaderEpoch }
  })
  const { topicId, topicName, partitionIndex } = owner
  const index = extents.map((extent) => {
    const at = extent.position - packedHeaderBytes
    const checksum = crc32c(body.subarray(at, at + extent.length))
    return { topicId, partitionIndex, ...extent, checksum }
  })
  const header = encodePackedHeader(identity)
  const topics = new Map([[topicId, topicName]])
  const footer = encodePackedFooter({ topics, extents: index }, header.length + body.length)
  const size = header.length + body.length + footer.length
  return { chunks: [header, body, footer], size, extents }
}

/** A hole between two batches belongs to the extent behind it; the last one reaches to the end. */
function cut(
  runs: readonly CleanedRun[],
  from: number,
  to: number,
  spanMsMax: number,
): readonly OpenExtent[] {
  const extents: OpenExtent[] = []
  let position = packedHeaderBytes
  for (const { batches } of runs) {
    for (const { nextOffset, byteLength, maxTimestampMs } of batches) {
      let open = extents.at(-1)
      if (open === undefined || !joins(open, byteLength, maxTimestampMs, spanMsMax)) {
        const baseOffset = open?.nextOffset ?? from
        const times = { minTimestampMs: Infinity, maxTimestampMs: -1 }
        open = { baseOffset, position, nextOffset, length: 0, ...times }
        extents.push(open)
      }
      open.nextOffset = nextOffset
      open.length += byteLength
      open.maxTimestampMs = Math.max(open.maxTimestampMs, maxTimestampMs)
      if (maxTimestampMs >= 0) open.minTimestampMs = Math.min(open.minTimestampMs, maxTimestampMs)
      position += byteLength
    }
  }
  const last = extents.at(-1)
  if (last !== undefined) last.nextOffset = to
  return extents
}

/** Times that jump to and fro must not make a row of every batch. */
const timedExtentBytesMin = 16 * 1024

function joins(
  open: OpenExtent,
  byteLength: number,
  timestampMs: number,
  spanMsMax: number,
): boolean {
  if (open.length + byteLength > extentBytesMax) return false
  if (timestampMs < 0 || open.length < timedExtentBytesMin) return true
  const latest = Math.max(open.maxTimestampMs, timestampMs)
  return latest - Math.min(open.minTimestampMs, timestampMs) <= spanMsMax
}
