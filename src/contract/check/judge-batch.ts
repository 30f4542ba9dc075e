/** What is to become of a batch under its contract: it stays whole, or records are taken out. */
import { isFailure } from '../../base/errors.ts'
import { isTransactionalBatch } from '../../record/batch-header.ts'
import { type BatchVerdict, checkBatch, violationsMax } from './check-batch.ts'
import type { EventCheck } from './event-check.ts'
import type { BatchSchemas } from './held-schemas.ts'
import type { Policy } from './policy.ts'
import { type SplitBatch, splitBatch, takenBytes } from './split-batch.ts'

export interface JudgedBatch extends BatchVerdict {
  /** Where the policy says quarantine and records break it: both halves. */
  readonly split?: SplitBatch
  /** Why there is no `split` all the same, to the developer of the producer. */
  readonly wholeBecause?: string
}

/** Records of one batch that are set aside: a producer that breaks more is to be told instead. */
export const takenMax = 10_000
/** What they may take while they are on their way to the quarantine topic, bytes. */
export const takenBytesMax: number = 16 * 1024 * 1024

/** @throws Failure as checkBatch. */
export function judgeBatch(
  check: EventCheck,
  onViolation: Policy['onViolation'],
  bytes: Uint8Array,
  schemas: BatchSchemas,
): JudgedBatch {
  if (onViolation !== 'quarantine') return checkBatch(check, bytes, schemas)
  const { violations, count, ...rest } = checkBatch(check, bytes, schemas, takenMax)
  const verdict = { violations: violations.slice(0, violationsMax), count, ...rest }
  if (count === 0 || verdict.asked.length > 0) return verdict
  if (isTransactionalBatch(bytes)) {
    const wholeBecause = 'a transaction is whole or not at all, so nothing is set aside: abort it'
    return { ...verdict, wholeBecause }
  }
  if (count > takenMax) {
    return { ...verdict, wholeBecause: `more than ${takenMax} records of a batch are refused` }
  }
  try {
    const split = splitBatch(bytes, violations)
    if (takenBytes(split.taken) <= takenBytesMax) return { ...verdict, split }
  } catch (error) {
    // Whoever validates batches says what is wrong with it.
    if (!isFailure(error, 'corrupt')) throw error
    return verdict
  }
  return { ...verdict, wholeBecause: `more than ${takenBytesMax} bytes of a batch are refused` }
}
