/**
 * What is done to batches before they are appended: those of a topic under a contract are held to
 * it, those of a topic that stores another codec are packed anew. Most topics need neither.
 */
import { isFailure } from '../base/errors.ts'
import type { KnownTopic } from '../log/topic-directory.ts'
import type { BatchRules } from '../record/validate-batch.ts'
import { ErrorCode } from '../wire/error-codes.ts'
import { violationText } from '../contract/check/record.ts'
import type { Broker } from './broker.ts'
import { type Repacked, repackedFor, repacks } from './produce-repack.ts'
import { failureCode } from './to-error-code.ts'

export interface RefusedBatch {
  readonly errorCode: number
  readonly errorMessage: string
  readonly recordErrors?: readonly {
    readonly batchIndex: number
    readonly batchIndexErrorMessage: string
  }[]
}

/** What is to be appended, or why nothing is. */
export type Prepared = Repacked | RefusedBatch

export function needsPreparing(topic: KnownTopic): boolean {
  return topic.contract !== null || repacks(topic)
}

/** Undefined: the batch may be appended as it was sent. The bytes must stay until it is over. */
export async function preparedFor(
  broker: Broker,
  topic: KnownTopic,
  bytes: Uint8Array,
  rules: BatchRules,
): Promise<Prepared | undefined> {
  const refused =
    topic.contract === null ? undefined : await refusedByContract(broker, topic, bytes)
  return refused ?? (repacks(topic) ? repackedFor(broker, topic, bytes, rules) : undefined)
}

/** KIP-467: each record that breaks the contract is named, the first hundred of them. */
async function refusedByContract(
  { contracts }: Broker,
  { name, contract, effective }: KnownTopic,
  bytes: Uint8Array,
): Promise<RefusedBatch | undefined> {
  const isCompacted = effective['cleanup.policy'].includes('compact')
  try {
    const refusal = await contracts.check({ name, contract, isCompacted }, bytes)
    if (refusal === undefined) return undefined
    const recordErrors = refusal.verdict.violations.map(({ index: batchIndex, ...violation }) => {
      return { batchIndex, batchIndexErrorMessage: violationText(violation) }
    })
    return { errorCode: ErrorCode.INVALID_RECORD, errorMessage: refusal.message, recordErrors }
  } catch (error) {
    if (!isFailure(error)) throw error
    const isInvalid = error.kind === 'invalid'
    const errorCode = isInvalid ? ErrorCode.INVALID_RECORD : failureCode(error)
    return { errorCode, errorMessage: error.message }
  }
}
