/** The thread that holds batches to contracts for `check-thread.ts`, one after another. */
import { parentPort } from 'node:worker_threads'
import { assert } from '../../base/assert.ts'
import { isFailure } from '../../base/errors.ts'
import { schemaFormats } from '../../registry/schema/schema-formats.ts'
import { HeldSchemas, type ToldSchemas } from './held-schemas.ts'
import { type JudgedBatch, judgeBatch } from './judge-batch.ts'
import type { Policy } from './policy.ts'
import { CompiledPolicies } from './record-checker.ts'

export interface CheckJob {
  readonly policy: Policy
  readonly bytes: Uint8Array
  readonly told: ToldSchemas
}

export type CheckResult =
  | { readonly outcome: 'checked'; readonly verdict: JudgedBatch }
  | { readonly outcome: 'invalid'; readonly message: string }
  | { readonly outcome: 'broken'; readonly error: unknown }

assert(parentPort !== null, 'this file runs as a worker')
const port = parentPort
const policies = new CompiledPolicies(schemaFormats)
const schemas = new HeldSchemas(schemaFormats)

async function resultOf({ policy, bytes, told }: CheckJob): Promise<CheckResult> {
  try {
    const [check, known] = [await policies.get(policy), await schemas.forBatch(told)]
    return { outcome: 'checked', verdict: judgeBatch(check, policy, bytes, known) }
  } catch (error) {
    if (isFailure(error, 'invalid')) return { outcome: 'invalid', message: error.message }
    return { outcome: 'broken', error }
  }
}

port.on('message', (job: CheckJob) => {
  void resultOf(job).then((result) => port.postMessage(result))
})
