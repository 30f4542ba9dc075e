/** What a topic wants of a produced batch, and the time that is stamped on it. */
import type { KnownTopic } from '../log/topic-directory.ts'
import {
  BATCH_HEADER_BYTES,
  patchLogAppendTime,
  patchMaxTimestamp,
} from '../record/batch-header.ts'
import { DECOMPRESSED_BYTES_MAX } from '../record/compression.ts'
import type { BatchRules, ValidBatch } from '../record/validate-batch.ts'

/** zstd came with Produce 7 (KIP-110). */
const zstdFrom = 7

export function rulesOf({ effective }: KnownTopic, nowMs: number, apiVersion: number): BatchRules {
  const isCompacted = effective['cleanup.policy'].includes('compact')
  const timestampBeforeMaxMs = effective['message.timestamp.before.max.ms']
  // Only the first and the largest time of a compressed batch stand in its header.
  const boundsPast = timestampBeforeMaxMs < Number.MAX_SAFE_INTEGER
  return {
    batchBytesMax: effective['max.message.bytes'],
    timestampType:
      effective['message.timestamp.type'] === 'LogAppendTime' ? 'log-append' : 'create',
    timestampBeforeMaxMs,
    timestampAfterMaxMs: effective['message.timestamp.after.max.ms'],
    nowMs,
    zstdAllowed: apiVersion >= zstdFrom,
    keysRequired: isCompacted,
    inspectRecords: isCompacted || boundsPast,
    decompressedBytesMax: DECOMPRESSED_BYTES_MAX,
  }
}

export interface StampedTimes {
  readonly maxTimestampMs: number
  /** What producers are told: -1 where the batch has its own times. */
  readonly stampedMs: number
  /** Its header as it was, where it was changed: only brokers may have stamped a batch. */
  readonly sentHeader: Uint8Array | undefined
}

/** Writes to `bytes` the broker's time, or the true largest one, where either is not there. */
export function stampTimes(
  bytes: Uint8Array,
  { header, maxTimestamp }: ValidBatch,
  { timestampType, nowMs }: BatchRules,
): StampedTimes {
  const isStamped = timestampType === 'log-append'
  const isCorrected = !isStamped && maxTimestamp !== header.maxTimestamp
  const sentHeader =
    isStamped || isCorrected ? Uint8Array.from(bytes.subarray(0, BATCH_HEADER_BYTES)) : undefined
  if (isStamped) patchLogAppendTime(bytes, 0, nowMs)
  else if (isCorrected) patchMaxTimestamp(bytes, 0, maxTimestamp)
  const maxTimestampMs = isStamped ? nowMs : maxTimestamp
  return { maxTimestampMs, stampedMs: isStamped ? nowMs : -1, sentHeader }
}
