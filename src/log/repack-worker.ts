/** The thread that packs batches anew for `repack-thread.ts`, one after another. */
import { isFailure } from '../base/errors.ts'
import { serveLine } from '../base/serve-line.ts'
import { type Packing, repackBatch, type RepackedBatch } from '../record/repack-batch.ts'
import type { BatchRules, Refusal } from '../record/validate-batch.ts'

export interface RepackJob {
  readonly bytes: Uint8Array
  readonly rules: BatchRules
  readonly packing: Packing
}

export type RepackResult =
  | { readonly outcome: 'judged'; readonly verdict: RepackedBatch | Refusal }
  | { readonly outcome: 'overloaded'; readonly message: string }
  | { readonly outcome: 'broken'; readonly error: unknown }

serveLine<RepackJob, RepackResult>(({ bytes, rules, packing }) => {
  try {
    const verdict = repackBatch(bytes, rules, packing)
    const memory = verdict.ok ? [verdict.bytes.buffer] : []
    return { result: { outcome: 'judged', verdict }, memory }
  } catch (error) {
    const result: RepackResult = isFailure(error, 'overloaded')
      ? { outcome: 'overloaded', message: error.message }
      : { outcome: 'broken', error }
    return { result }
  }
})
