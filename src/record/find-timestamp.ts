/**
 * Where in a batch a time begins, and where its latest time stands: what ListOffsets asks (KIP-79,
 * KIP-734). Both look inside compressed batches, because consumers start exactly at the record that
 * is named.
 */
import { maxTimestampOf } from './batch-header.ts'
import { checkedBatchBytes } from './batch-sequence.ts'
import { DECOMPRESSED_BYTES_MAX } from './compression.ts'
import { openBatch, timestampAt } from './records.ts'

export type TimedOffset = { readonly offset: number; readonly timestampMs: number }

/**
 * The first record of the batch at `at` whose timestamp is `targetMs` or later and whose offset is
 * `fromOffset` (the log start) or later; undefined where there is none. A batch whose header says
 * that it ends before is not unpacked.
 *
 * @throws Failure 'corrupt': the batch does not hold what it says. Failure 'invalid': unpacks to
 *   more than `bytesMax`.
 */
export function findTimestamp(
  bytes: Uint8Array,
  at: number,
  targetMs: number,
  fromOffset = 0,
  bytesMax: number = DECOMPRESSED_BYTES_MAX,
): TimedOffset | undefined {
  checkedBatchBytes(bytes, at)
  if (maxTimestampOf(bytes, at) < targetMs) return undefined
  const { header, cursor } = openBatch(bytes, at, bytesMax)
  for (let i = 0; i < header.recordCount; i++) {
    cursor.next()
    const offset = header.baseOffset + cursor.offsetDelta
    const timestampMs = timestampAt(header, cursor)
    if (timestampMs >= targetMs && offset >= fromOffset) return { offset, timestampMs }
  }
  return undefined
}

/**
 * The earliest of the records with the largest timestamp in the batch at `at`, from `fromOffset`
 * on; undefined where no record has a timestamp. Judged by the records, not by the header.
 *
 * @throws Failure as `findTimestamp`.
 */
export function findMaxTimestamp(
  bytes: Uint8Array,
  at: number,
  fromOffset = 0,
  bytesMax: number = DECOMPRESSED_BYTES_MAX,
): TimedOffset | undefined {
  const { header, cursor } = openBatch(bytes, at, bytesMax)
  let found: TimedOffset | undefined
  for (let i = 0; i < header.recordCount; i++) {
    cursor.next()
    const offset = header.baseOffset + cursor.offsetDelta
    const timestampMs = timestampAt(header, cursor)
    if (offset < fromOffset || timestampMs <= (found?.timestampMs ?? -1)) continue
    found = { offset, timestampMs }
    if (header.timestampType === 'log-append') break
  }
  return found
}
