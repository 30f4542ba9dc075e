/** The thread that holds batches to contracts for `check-thread.ts`, one after another. */
import { isFailure } from '../../base/errors.ts'
import { serveLine } from '../../base/serve-line.ts'
import { schemaFormats } from '../../registry/schema/schema-formats.ts'
import { HeldSchemas, type ToldSchemas } from './held-schemas.ts'
import { type JudgedBatch, judgeBatch } from './judge-batch.ts'
import type { Policy } from './policy.ts'
import { CompiledPolicies } from './record-checker.ts'

export interface CheckJob {
  /** Of the policy. */
  readonly name: string
  /** Absent where the thread has it already. */
  readonly policy?: Policy
  readonly bytes: Uint8Array
  readonly told: ToldSchemas
}

export type CheckResult =
  /** The thread does not have the policy: the batch is to come with it. */
  | { readonly outcome: 'unknown-policy' }
  | { readonly outcome: 'checked'; readonly verdict: JudgedBatch }
  | { readonly outcome: 'invalid'; readonly message: string }
  | { readonly outcome: 'broken'; readonly error: unknown }

const policies = new CompiledPolicies(schemaFormats)
const schemas = new HeldSchemas(schemaFormats)

async function resultOf({ name, policy, bytes, told }: CheckJob): Promise<CheckResult> {
  try {
    const compiled = policies.known(name) ?? (policy && policies.get(policy))
    if (compiled === undefined) return { outcome: 'unknown-policy' }
    const [{ check, onViolation }, known] = [await compiled, await schemas.forBatch(told)]
    return { outcome: 'checked', verdict: judgeBatch(check, onViolation, bytes, known) }
  } catch (error) {
    if (isFailure(error, 'invalid')) return { outcome: 'invalid', message: error.message }
    return { outcome: 'broken', error }
  }
}

serveLine<CheckJob, CheckResult>(async (job) => ({ result: await resultOf(job) }))
