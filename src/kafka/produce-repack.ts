/**
 * Batches for topics that say how they are stored (`compression.type`): those of another codec are
 * packed anew before they are appended. Where a topic leaves it to the producers nothing is done.
 */
import { isFailure } from '../base/errors.ts'
import { packingOf } from '../log/repacker.ts'
import type { KnownTopic } from '../log/topic-directory.ts'
import { BATCH_HEADER_BYTES, codecIdOf } from '../record/batch-header.ts'
import { codecIdOfName } from '../record/codec.ts'
import type { RepackedBatch } from '../record/repack-batch.ts'
import type { BatchRules, Refusal } from '../record/validate-batch.ts'
import type { Broker } from './broker.ts'
import { failureCode } from './to-error-code.ts'

/** What became of a batch: it is to be appended, its producer is at fault, or this broker is. */
export type Repacked =
  | RepackedBatch
  | Refusal
  | { readonly errorCode: number; readonly errorMessage: string }

/** True where batches to this topic may have to be packed anew. */
export function repacks({ effective }: KnownTopic): boolean {
  return effective['compression.type'] !== 'producer'
}

/** Undefined: the batch may stay as it was sent, or is too short to be one. */
export async function repackedFor(
  broker: Broker,
  topic: KnownTopic,
  bytes: Uint8Array,
  rules: BatchRules,
): Promise<Repacked | undefined> {
  const packing = packingOf(topic)
  if (packing === undefined || bytes.length < BATCH_HEADER_BYTES) return undefined
  if (codecIdOf(bytes, 0) === codecIdOfName(packing.codec)) return undefined
  try {
    return await broker.repacker.repack(bytes, rules, packing)
  } catch (error) {
    if (!isFailure(error)) throw error
    return { errorCode: failureCode(error), errorMessage: error.message }
  }
}
