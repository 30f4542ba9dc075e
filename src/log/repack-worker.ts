/** The thread that packs batches anew for `repack-thread.ts`, one after another. */
import { parentPort } from 'node:worker_threads'
import { assert } from '../base/assert.ts'
import { isFailure } from '../base/errors.ts'
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

assert(parentPort !== null, 'this file runs as a worker')
const port = parentPort

port.on('message', ({ bytes, rules, packing }: RepackJob) => {
  try {
    const verdict = repackBatch(bytes, rules, packing)
    const moved = verdict.ok ? [verdict.bytes.buffer] : []
    port.postMessage({ outcome: 'judged', verdict } satisfies RepackResult, moved)
  } catch (error) {
    const result: RepackResult = isFailure(error, 'overloaded')
      ? { outcome: 'overloaded', message: error.message }
      : { outcome: 'broken', error }
    port.postMessage(result)
  }
})
