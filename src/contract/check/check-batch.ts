/** Holds a whole batch to a contract, and names its records that break it. */
import { isFailure } from '../../base/errors.ts'
import { type BatchRecord, recordsIn } from '../../record/records.ts'
import { countNamed } from './count-named.ts'
import type { EventCheck } from './event-check.ts'
import type { BatchSchemas, SubjectSchema } from './held-schemas.ts'
import { type CheckedRecord, type Violation, violationText } from './record.ts'

export interface RecordViolation extends Violation {
  /** Of the record in its batch, from 0. */
  readonly index: number
}

export interface BatchVerdict {
  /** The first of them; none: the batch may be appended. */
  readonly violations: readonly RecordViolation[]
  /** How many records break the contract in all. */
  readonly count: number
  readonly records: number
  /** Schemas that are not known yet: nothing is decided until they are told. */
  readonly asked: readonly SubjectSchema[]
}

/** Told of a batch: a producer that breaks its contract does so in every record. */
export const violationsMax = 100

/**
 * A batch that cannot be read is left to whoever validates batches.
 *
 * @param toldMax how many violations are told; all are counted.
 * @throws Failure 'invalid': it unpacks to more than may be looked at.
 */
export function checkBatch(
  check: EventCheck,
  bytes: Uint8Array,
  schemas: BatchSchemas,
  toldMax: number = violationsMax,
): BatchVerdict {
  const violations: RecordViolation[] = []
  let [count, records] = [0, 0]
  try {
    const { namesOnly } = check
    const all = namesOnly && countNamed(bytes, namesOnly, schemas)
    if (all !== undefined) return { violations, count, records: all, asked: schemas.asked }
    for (const { key, value, headers } of recordsIn(bytes)) {
      const violation = check.check({ key, value, headers: namedOf(headers) }, schemas)
      if (violation !== undefined && count++ < toldMax) {
        violations.push({ index: records, ...violation })
      }
      records++
    }
  } catch (error) {
    if (!isFailure(error, 'corrupt')) throw error
  }
  return { violations, count, records, asked: schemas.asked }
}

const noHeaders: CheckedRecord['headers'] = []

function namedOf(headers: BatchRecord['headers']): CheckedRecord['headers'] {
  if (headers.length === 0) return noHeaders
  return headers.map(({ key: name, value }) => ({ name, value }))
}

/** One sentence for the whole batch, for clients that show no more. */
export function verdictText(
  { violations, count, records }: BatchVerdict,
  contract: string,
): string {
  const [first] = violations
  const told = first === undefined ? '' : `: record ${first.index}: ${violationText(first)}`
  return `${count} of ${records} records break the contract ${contract}${told}`
}
