/**
 * What became of each append of a group, stored with the group, so that an answer that was lost can
 * be given again, to the letter. Persisted in commit_log.outcomes:
 *
 *     0  u8  format version, 1
 *     1  per append: u8 kind · i64 base offset (-1 when refused) ·
 *        i64 timestamp (ms; -1 unless a duplicate)
 */
import { Failure } from '../base/errors.ts'
import { readInt64, writeInt64 } from '../base/big-endian.ts'

export type RefusedReason =
  /** The partition does not exist (any more). */
  | 'unknown-partition'
  /** The topic's configuration changed since the batch was validated: validate again and retry. */
  | 'config-changed'
  /** Not the sequence that follows what is known of the producer (KIP-98). */
  | 'out-of-order-sequence'
  /** A producer with a newer epoch has written to this partition. */
  | 'stale-producer-epoch'
  /** A transactional id that is unknown, or has another producer id. */
  | 'wrong-producer-id'
  /**
   * No transaction of the batch is open in the partition, or one is and the batch is not of it
   * (KIP-98).
   */
  | 'wrong-transaction'

export type AppendOutcome =
  | { readonly outcome: 'appended'; readonly baseOffset: number }
  /** A retry of what was appended before: the first answer, again. */
  | { readonly outcome: 'duplicate'; readonly baseOffset: number; readonly timestampMs: number }
  | { readonly outcome: 'refused'; readonly reason: RefusedReason }

const version = 1
const entryBytes = 17

/** Persisted; keep stable. */
const kinds: readonly (RefusedReason | 'appended' | 'duplicate')[] = [
  'appended',
  'duplicate',
  'unknown-partition',
  'config-changed',
  'out-of-order-sequence',
  'stale-producer-epoch',
  'wrong-producer-id',
  'wrong-transaction',
]

export function encodeOutcomes(outcomes: readonly AppendOutcome[]): Uint8Array {
  const bytes = new Uint8Array(1 + outcomes.length * entryBytes)
  bytes[0] = version
  let at = 1
  for (const entry of outcomes) {
    const kind = entry.outcome === 'refused' ? entry.reason : entry.outcome
    bytes[at] = kinds.indexOf(kind)
    writeInt64(bytes, at + 1, entry.outcome === 'refused' ? -1 : entry.baseOffset)
    writeInt64(bytes, at + 9, entry.outcome === 'duplicate' ? entry.timestampMs : -1)
    at += entryBytes
  }
  return bytes
}

/** @throws Failure 'corrupt': not outcomes of a known version. */
export function decodeOutcomes(bytes: Uint8Array): AppendOutcome[] {
  if (bytes.length % entryBytes !== 1 || bytes[0] !== version) {
    throw new Failure('corrupt', `outcomes of a group: ${bytes.length} bytes`)
  }
  const outcomes: AppendOutcome[] = []
  for (let at = 1; at < bytes.length; at += entryBytes) {
    const kind = kinds[bytes[at]!]
    const baseOffset = readInt64(bytes, at + 1)
    if (kind === undefined) throw new Failure('corrupt', `outcome of unknown kind at byte ${at}`)
    if (kind === 'appended') outcomes.push({ outcome: 'appended', baseOffset })
    else if (kind === 'duplicate') {
      outcomes.push({ outcome: 'duplicate', baseOffset, timestampMs: readInt64(bytes, at + 9) })
    } else outcomes.push({ outcome: 'refused', reason: kind })
  }
  return outcomes
}
