/**
 * What is done to batches before they are appended: those of a topic under a contract are held to
 * it, and lose what is set aside; those of a topic that stores another codec are packed anew. Most
 * topics need neither.
 */
import { isFailure } from '../base/errors.ts'
import { boundTopic } from '../log/bound-topic.ts'
import type { KnownTopic } from '../log/topic-directory.ts'
import { violationText } from '../contract/check/record.ts'
import type { SetAside } from '../contract/topic-contracts.ts'
import { readBatchHeader } from '../record/batch-header.ts'
import type { RepackedBatch } from '../record/repack-batch.ts'
import {
  type BatchRules,
  type Refusal,
  validateBatch,
  type ValidBatch,
} from '../record/validate-batch.ts'
import { ErrorCode } from '../wire/error-codes.ts'
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

/** A batch without the records that are set aside; these are written once it is. */
export type SplitApart = RepackedBatch & { readonly aside: SetAside }

/** What is to be appended, or why nothing is. */
export type Prepared = Repacked | RefusedBatch | SplitApart

export function needsPreparing(topic: KnownTopic): boolean {
  return topic.contract !== null || repacks(topic)
}

/**
 * How many records the batch has, where it is known at once that it may be appended as it was sent.
 * Undefined: it is to be prepared.
 */
export function keptNow(
  { contracts }: Broker,
  topic: KnownTopic,
  bytes: Uint8Array,
): number | undefined {
  if (topic.contract === null || repacks(topic)) return undefined
  return contracts.keptNow(boundTopic(topic), bytes)
}

/** Undefined: the batch may be appended as it was sent. The bytes must stay until it is over. */
export async function preparedFor(
  broker: Broker,
  topic: KnownTopic,
  partitionId: number,
  bytes: Uint8Array,
  rules: BatchRules,
): Promise<Prepared | undefined> {
  const repacked = repacks(topic) ? await repackedFor(broker, topic, bytes, rules) : undefined
  if (topic.contract === null || (repacked !== undefined && !isWhole(repacked))) return repacked
  const batch = { topic, partitionId, sent: bytes, repacked }
  return (await heldToContract(broker, batch, rules)) ?? repacked
}

interface JudgedBatch {
  readonly topic: KnownTopic
  readonly partitionId: number
  readonly sent: Uint8Array
  readonly repacked: RepackedBatch | undefined
}

/**
 * True of a retry of what was written when another revision of the contract held: its producer is
 * told what became of it, not what would become of it now. No attempt that is still under way can
 * be committed any more: it was judged by that revision.
 */
async function isWritten(
  { logs }: Broker,
  partitionId: number,
  bytes: Uint8Array,
): Promise<boolean> {
  const { producerId, producerEpoch, baseSequence, lastOffsetDelta } = readBatchHeader(bytes)
  if (producerId < 0) return false
  const sequences = { producerId, producerEpoch, baseSequence, offsetCount: lastOffsetDelta + 1 }
  return (await logs.findDuplicate({ partitionId, ...sequences })) !== undefined
}

const isWhole = (repacked: Repacked): repacked is RepackedBatch =>
  !('errorCode' in repacked) && repacked.ok

/**
 * Undefined: it keeps the contract. KIP-467: each record that breaks it is named, the first hundred
 * of them.
 */
async function heldToContract(
  broker: Broker,
  { topic, partitionId, sent, repacked }: JudgedBatch,
  rules: BatchRules,
): Promise<RefusedBatch | SplitApart | Refusal | undefined> {
  try {
    const breach = await broker.contracts.check(boundTopic(topic), repacked?.bytes ?? sent)
    if (breach === undefined) return undefined
    const { aside, message: errorMessage, verdict } = breach
    if (aside !== undefined) {
      const valid = repacked ?? validateBatch(sent, rules)
      return valid.ok ? await splitApart(broker, valid, aside) : valid
    }
    if (await isWritten(broker, partitionId, sent)) return undefined
    const recordErrors = verdict.violations.map(({ index: batchIndex, ...violation }) => {
      return { batchIndex, batchIndexErrorMessage: violationText(violation) }
    })
    return { errorCode: ErrorCode.INVALID_RECORD, errorMessage, recordErrors }
  } catch (error) {
    if (!isFailure(error)) throw error
    const isInvalid = error.kind === 'invalid'
    const errorCode = isInvalid ? ErrorCode.INVALID_RECORD : failureCode(error)
    return { errorCode, errorMessage: error.message }
  }
}

/** Nothing is taken out of a batch before it is known that there is a place for it. */
async function splitApart(
  { topics }: Broker,
  valid: ValidBatch,
  aside: SetAside,
): Promise<SplitApart | RefusedBatch> {
  const { quarantine, contract } = aside
  if ((await topics.find(quarantine)) === undefined) {
    const errorMessage = `the quarantine topic ${quarantine} is gone: apply ${contract} again`
    return { errorCode: ErrorCode.KAFKA_STORAGE_ERROR, errorMessage }
  }
  // Not shared with anybody: time may be stamped on it.
  const bytes = new Uint8Array(aside.kept)
  const header = readBatchHeader(bytes)
  return { ...valid, header, bytes, maxTimestamp: header.maxTimestamp, aside }
}
