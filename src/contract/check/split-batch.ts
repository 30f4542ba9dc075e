/** Takes the records that break a contract out of their batch: what stays can be appended. */
import { openBatch, type RecordHeader, recordAt, recordsIn } from '../../record/records.ts'
import { emptyBatch, type KeptRecord, rewriteBatch } from '../../record/rewrite-batch.ts'
import type { RecordViolation } from './check-batch.ts'

/** A record that was taken out, with bytes of its own. */
export interface TakenRecord {
  /** Added to the batch's base offset it is the offset that the record would have had. */
  readonly offsetDelta: number
  /** Milliseconds since 1970; -1: none. */
  readonly timestampMs: number
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly RecordHeader[]
  readonly violation: RecordViolation
}

export interface SplitBatch {
  /**
   * The batch without them: offsets, sequences and the codec are as they were, so that a retry is
   * known for one. Without any record where all were taken, as Kafka leaves batches that it
   * cleaned.
   */
  readonly kept: Uint8Array
  readonly taken: readonly TakenRecord[]
}

/**
 * @param violations of the batch's records, by rising index: one at least.
 * @throws Failure 'corrupt' | 'invalid' as openBatch.
 */
export function splitBatch(bytes: Uint8Array, violations: readonly RecordViolation[]): SplitBatch {
  const { header, cursor } = openBatch(bytes)
  const kept: KeptRecord[] = []
  const taken: TakenRecord[] = []
  for (let index = 0; index < header.recordCount; index++) {
    const from = cursor.at
    cursor.next()
    const violation = violations[taken.length]
    if (violation?.index !== index) {
      kept.push({ from, to: cursor.at, timestampDelta: cursor.timestampDelta })
      continue
    }
    const { key, value, headers, timestampMs } = recordAt(header, cursor)
    taken.push({
      ...{ offsetDelta: cursor.offsetDelta, timestampMs, violation },
      key: ownBytes(key),
      value: ownBytes(value),
      headers: headers.map(({ key: name, value: said }) => ({ key: name, value: ownBytes(said) })),
    })
  }
  return {
    kept: kept.length === 0 ? emptyBatch(header) : rewriteBatch(header, cursor.bytes, kept),
    taken,
  }
}

/**
 * As it was split when it was written: what is not in `stored` was taken out. What breaks the
 * contract by now may be something else.
 *
 * @param taken as it would be now: its reasons are kept where they are about the same records.
 * @param baseOffset of the stored batch.
 * @throws Failure 'corrupt' | 'invalid' as openBatch.
 */
export function splitAs(
  bytes: Uint8Array,
  { stored, baseOffset }: { readonly stored: Uint8Array; readonly baseOffset: number },
  taken: readonly TakenRecord[],
): SplitBatch | undefined {
  const kept = new Set([...recordsIn(stored)].map(({ offset }) => offset - baseOffset))
  const reasons = new Map(taken.map(({ violation }) => [violation.index, violation]))
  const { baseOffset: sentBase } = openBatch(bytes).header
  const missing: RecordViolation[] = []
  let index = 0
  for (const { offset } of recordsIn(bytes)) {
    const reason = reasons.get(index) ?? { index, ...thenViolation }
    if (!kept.has(offset - sentBase)) missing.push(reason)
    index++
  }
  return missing.length === 0 ? undefined : splitBatch(bytes, missing)
}

const thenViolation = {
  ...{ rule: 'schema-id', at: '' },
  message: 'the schema that it names was no version of the subject when it was written',
} as const

const ownBytes = (bytes: Uint8Array | null): Uint8Array | null =>
  bytes === null ? null : new Uint8Array(bytes)

/** What the records take in memory, roughly: parts and what stands around them. Bytes. */
export function takenBytes(taken: readonly TakenRecord[]): number {
  return taken.reduce((sum, { key, value, headers }) => {
    const parts = headers.reduce((all, each) => all + each.key.length + sizeOf(each.value), 0)
    return sum + sizeOf(key) + sizeOf(value) + parts + recordOverheadBytes
  }, 0)
}

/** Why it was taken, its coordinates, and lengths. */
const recordOverheadBytes = 600

const sizeOf = (bytes: Uint8Array | null): number => bytes?.length ?? 0
