/**
 * One pass of compaction over a partition, without I/O (Kafka's Cleaner): first it learns the
 * newest offset of each key in the dirty part, then it judges every batch from the log start on.
 * What it is given lies below the last stable offset: each transaction in it is decided.
 *
 * Records of aborted transactions go at once and never shadow. A marker stays until no record of
 * its transaction is left before it, and then, as a tombstone that nothing older needs any more,
 * until the delete horizon that this pass or an earlier one has written into its batch (KIP-534).
 */
import { Failure, isFailure } from '../base/errors.ts'
import {
  type BatchHeader,
  baseOffsetOf,
  lastOffsetDeltaOf,
  readBatchHeader,
} from '../record/batch-header.ts'
import { batchesIn, checkBatchCrc } from '../record/batch-sequence.ts'
import { readMarker } from '../record/control.ts'
import type { RecordCursor } from '../record/record-cursor.ts'
import { openBatch } from '../record/records.ts'
import {
  emptyBatch,
  exactTimestampMsMax,
  type KeptRecord,
  rewriteBatch,
} from '../record/rewrite-batch.ts'
import { digestOf, type KeyDigest } from './key-digest.ts'
import { KeyOffsets } from './key-offsets.ts'
import type { AbortedRange } from './log-transactions.ts'

export interface PassRules {
  /** The first dirty offset: what lies below is in the map of an earlier pass. */
  readonly dirtyFrom: number
  /** Memory of the offset map: `log.cleaner.dedupe.buffer.size`. */
  readonly mapBytesMax: number
  /** Time at the begin of the pass. */
  readonly nowMs: number
  /** When a tombstone that this pass meets first may go: `delete.retention.ms` from now. */
  readonly tombstoneHorizonMs: number
  /** The same of markers: no reader has bytes from before their records went by then. */
  readonly markerHorizonMs: number
}

/** Consecutive batches of the partition, with their final offsets. */
export interface PassInput {
  readonly bytes: Uint8Array
  readonly baseOffset: number
  readonly nextOffset: number
  /** Every aborted transaction that has an offset in them. */
  readonly aborted: readonly AbortedRange[]
}

export interface CleanInput extends PassInput {
  /** Batches that lie below go. */
  readonly logStart: number
  /** The last batch of the bytes stays, empty if need be. */
  readonly keepsLast: boolean
}

/** A batch as it is after the pass. */
export interface CleanedBatch {
  readonly baseOffset: number
  readonly nextOffset: number
  readonly byteLength: number
  /** -1 where it has no record, or its records have no time. */
  readonly maxTimestampMs: number
}

export interface CleanedRun {
  /** Batches one behind the other; those that were given where nothing changed. */
  readonly bytes: Uint8Array
  readonly batches: readonly CleanedBatch[]
  readonly recordsRemoved: number
  /** Offsets of abort markers that went: their aborted ranges go with them. */
  readonly endedAborts: readonly number[]
  /** When the first of its tombstones and markers may go; undefined where none waits. */
  readonly horizonMs: number | undefined
  readonly isChanged: boolean
}

export interface MappedRun {
  /** Offsets below are known to the map; less than what was given where it is full. */
  readonly mappedEnd: number
  readonly isFull: boolean
}

/** What becomes of a batch: bytes to write, or nothing. */
interface Verdict {
  readonly bytes: Uint8Array | undefined
  readonly recordsRemoved: number
}

const unchangedRecords = 0

export class CompactPass {
  readonly #rules: PassRules
  readonly #keys: KeyOffsets
  readonly #digest: KeyDigest = new Uint32Array(4)
  #mappedEnd: number
  /** The earliest that is still to come, of the run under way. */
  #horizonMs = Infinity
  /** Producers with records, since their last marker, that stay. */
  readonly #surviving = new Set<number>()
  /** Producers with records, since their last marker, that this pass takes away. */
  readonly #leaving = new Set<number>()

  constructor(rules: PassRules) {
    this.#rules = rules
    this.#keys = new KeyOffsets(rules.mapBytesMax)
    this.#mappedEnd = rules.dirtyFrom
  }

  /**
   * Learns the keys at or behind the first dirty offset. To be called in the order of offsets, and
   * not again once it was full.
   *
   * @throws Failure 'corrupt': these are not the bytes that were stored.
   */
  map(input: PassInput): MappedRun {
    const { dirtyFrom } = this.#rules
    const aborted = new Aborts(input.aborted)
    for (const { at, header } of provenBatches(input)) {
      if (header.isControl || aborted.has(header)) continue
      const opened = unpacked(input.bytes, at)
      for (let i = 0; opened !== undefined && i < header.recordCount; i++) {
        opened.next()
        const offset = header.baseOffset + opened.offsetDelta
        if (offset < dirtyFrom || opened.keyLength < 0) continue
        digestOf(keyOf(opened), this.#digest)
        if (this.#keys.put(this.#digest, offset)) continue
        this.#mappedEnd = offset
        return { mappedEnd: offset, isFull: true }
      }
    }
    this.#mappedEnd = input.nextOffset
    return { mappedEnd: input.nextOffset, isFull: false }
  }

  /**
   * Takes away what is not needed any more. To be called from the log start on, in the order of
   * offsets, without a gap.
   *
   * @throws Failure 'corrupt': these are not the bytes that were stored.
   */
  clean(input: CleanInput): CleanedRun {
    const { bytes, logStart, keepsLast } = input
    const aborted = new Aborts(input.aborted)
    const chunks: Uint8Array[] = []
    const batches: CleanedBatch[] = []
    const endedAborts: number[] = []
    let recordsRemoved = 0
    let isChanged = false
    this.#horizonMs = Infinity
    for (const { at, size, header } of provenBatches(input)) {
      const own = bytes.subarray(at, at + size)
      const isLast = keepsLast && at + size === bytes.length
      const nextOffset = header.baseOffset + header.lastOffsetDelta + 1
      const verdict =
        nextOffset <= logStart
          ? { bytes: undefined, recordsRemoved: header.recordCount }
          : header.isControl
            ? this.#judgeMarker(own, header, isLast, endedAborts)
            : this.#judgeRecords(own, header, aborted)
      const kept = verdict.bytes ?? (isLast ? emptied(own, header) : undefined)
      recordsRemoved += verdict.recordsRemoved
      isChanged ||= kept === undefined || kept !== own
      if (kept === undefined) continue
      chunks.push(kept)
      batches.push(cleanedBatch(kept))
    }
    const cleaned = isChanged ? Buffer.concat(chunks) : bytes
    const horizonMs = this.#horizonMs === Infinity ? undefined : this.#horizonMs
    return { bytes: cleaned, batches, recordsRemoved, endedAborts, horizonMs, isChanged }
  }

  #judgeMarker(
    bytes: Uint8Array,
    header: BatchHeader,
    isLast: boolean,
    endedAborts: number[],
  ): Verdict {
    const stays: Verdict = { bytes, recordsRemoved: unchangedRecords }
    const marker = header.recordCount === 1 ? readMarker(bytes) : undefined
    if (marker === undefined) return stays
    const hasRecords = this.#surviving.delete(header.producerId)
    const nextOffset = header.baseOffset + header.lastOffsetDelta + 1
    const isBereft = this.#leaving.delete(header.producerId)
    if (hasRecords || nextOffset > this.#mappedEnd) return stays
    if (isBereft) {
      // Readers may have its records until this pass is over: the next one writes the horizon.
      this.#waitsUntil(this.#rules.nowMs)
      return stays
    }
    if (!header.hasDeleteHorizon) {
      const { cursor } = openBatch(bytes)
      const from = cursor.at
      cursor.next()
      const { at: to, timestampDelta } = cursor
      const kept = [{ from, to, timestampDelta }]
      const { markerHorizonMs } = this.#rules
      const dated = rewriteBatch(header, cursor.bytes, kept, markerHorizonMs)
      this.#waitsUntil(markerHorizonMs)
      return { bytes: dated, recordsRemoved: 0 }
    }
    if (header.baseTimestamp > this.#rules.nowMs) {
      this.#waitsUntil(header.baseTimestamp)
      return stays
    }
    if (isLast) return stays
    if (marker.type === 'abort') endedAborts.push(header.baseOffset)
    return { bytes: undefined, recordsRemoved: 1 }
  }

  #judgeRecords(bytes: Uint8Array, header: BatchHeader, aborted: Aborts): Verdict {
    const { recordCount } = header
    if (recordCount > 0 && header.isTransactional) this.#leaving.add(header.producerId)
    if (aborted.has(header)) {
      return { bytes: undefined, recordsRemoved: recordCount }
    }
    if (recordCount === 0) return { bytes: undefined, recordsRemoved: 0 }
    const opened = unpacked(bytes, 0)
    const judged = opened === undefined ? undefined : this.#judgeEach(opened, header)
    const survives = judged === undefined || judged.kept.length > 0
    if (survives && header.isTransactional) this.#surviving.add(header.producerId)
    // What nobody can unpack is in the log as its producer made it: it hides what it holds.
    if (opened === undefined || judged === undefined) return { bytes, recordsRemoved: 0 }
    const { kept, horizonMs } = judged
    const removed = recordCount - kept.length
    if (kept.length === 0) return { bytes: undefined, recordsRemoved: removed }
    if (removed === 0 && horizonMs === undefined) return { bytes, recordsRemoved: 0 }
    return { bytes: rewriteBatch(header, opened.bytes, kept, horizonMs), recordsRemoved: removed }
  }

  /** Undefined where the batch breaks off in the middle. */
  #judgeEach(
    opened: RecordCursor,
    header: BatchHeader,
  ): { readonly kept: readonly KeptRecord[]; readonly horizonMs: number | undefined } | undefined {
    const { nowMs, tombstoneHorizonMs } = this.#rules
    const isPastHorizon = header.hasDeleteHorizon && header.baseTimestamp <= nowMs
    const nextOffset = header.baseOffset + header.lastOffsetDelta + 1
    const kept: KeptRecord[] = []
    let isDatable = !header.hasDeleteHorizon && nextOffset <= this.#mappedEnd
    let hasTombstone = false
    for (let i = 0; i < header.recordCount; i++) {
      const from = opened.at
      opened.next()
      const isTombstone = opened.valueLength < 0
      if (!this.#stays(opened, header, isTombstone && isPastHorizon)) continue
      hasTombstone ||= isTombstone
      isDatable &&= isExact(header, opened)
      kept.push({ from, to: opened.at, timestampDelta: opened.timestampDelta })
    }
    const horizonMs = hasTombstone && isDatable ? tombstoneHorizonMs : undefined
    if (horizonMs !== undefined) this.#waitsUntil(horizonMs)
    else if (hasTombstone && header.hasDeleteHorizon) this.#waitsUntil(header.baseTimestamp)
    return { kept, horizonMs }
  }

  /** What is over already and still here stands where no pass has come to. */
  #waitsUntil(horizonMs: number): void {
    if (horizonMs >= this.#rules.nowMs) this.#horizonMs = Math.min(this.#horizonMs, horizonMs)
  }

  #stays(record: RecordCursor, header: BatchHeader, isSpent: boolean): boolean {
    const offset = header.baseOffset + record.offsetDelta
    if (offset >= this.#mappedEnd) return true
    // From before the topic was compacted; Kafka drops them, too.
    if (record.keyLength < 0) return false
    digestOf(keyOf(record), this.#digest)
    return this.#keys.get(this.#digest) <= offset && !isSpent
  }
}

/** Which batches are of aborted transactions. */
class Aborts {
  readonly #byProducer: ReadonlyMap<number, readonly AbortedRange[]>

  constructor(ranges: readonly AbortedRange[]) {
    this.#byProducer = Map.groupBy(ranges, ({ producerId }) => producerId)
  }

  has({ isTransactional, producerId, baseOffset }: BatchHeader): boolean {
    if (!isTransactional) return false
    const ranges = this.#byProducer.get(producerId) ?? []
    return ranges.some((range) => range.firstOffset <= baseOffset && baseOffset < range.lastOffset)
  }
}

/** A batch that is empty already stays as it is. */
const emptied = (own: Uint8Array, header: BatchHeader): Uint8Array =>
  header.recordCount === 0 ? own : emptyBatch(header)

/** By the records that are left: the header of an emptied batch tells of what was there. */
function cleanedBatch(bytes: Uint8Array): CleanedBatch {
  const header = readBatchHeader(bytes, 0)
  const { baseOffset, lastOffsetDelta, recordCount } = header
  return {
    baseOffset,
    nextOffset: baseOffset + lastOffsetDelta + 1,
    byteLength: bytes.length,
    maxTimestampMs: recordCount === 0 ? -1 : header.maxTimestamp,
  }
}

const keyOf = ({ bytes, keyAt, keyLength }: RecordCursor): Uint8Array =>
  bytes.subarray(keyAt, keyAt + keyLength)

/** Deltas of such times can be written without loss. */
function isExact(header: BatchHeader, { timestampDelta }: RecordCursor): boolean {
  const timestampMs = header.baseTimestamp + timestampDelta
  return (
    Math.abs(timestampMs) < exactTimestampMsMax && Math.abs(timestampDelta) < exactTimestampMsMax
  )
}

/** Undefined where its producer's bytes cannot be unpacked, or break off: proven before it counts. */
function unpacked(bytes: Uint8Array, at: number): RecordCursor | undefined {
  try {
    const { header, cursor } = openBatch(bytes, at)
    for (let i = 0; i < header.recordCount; i++) cursor.next()
    return openBatch(bytes, at).cursor
  } catch (error) {
    if (isFailure(error, 'corrupt') || isFailure(error, 'invalid')) return undefined
    throw error
  }
}

/** @throws Failure 'corrupt' where a CRC is wrong, or offsets do not lie where the extent says. */
function* provenBatches({
  bytes,
  baseOffset,
  nextOffset,
}: PassInput): Generator<
  { readonly at: number; readonly size: number; readonly header: BatchHeader },
  void
> {
  let expected = baseOffset
  for (const { at, size } of batchesIn(bytes)) {
    checkBatchCrc(bytes, at)
    const base = baseOffsetOf(bytes, at)
    if (base < expected) {
      throw new Failure('corrupt', `a batch of offset ${base} stands behind ${expected}`)
    }
    expected = base + lastOffsetDeltaOf(bytes, at) + 1
    yield { at, size, header: readBatchHeader(bytes, at) }
  }
  if (expected <= nextOffset) return
  throw new Failure('corrupt', `a run that ends at ${nextOffset} holds offset ${expected - 1}`)
}
