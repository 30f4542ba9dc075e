/**
 * Where batches are held to contracts: a port, because it takes the processor for as long as a
 * batch is large, which a thread of its own has and a simulation has not.
 */
import type { SchemaFormats } from '../../registry/schema-parser.ts'
import type { EventCheck } from './event-check.ts'
import { HeldSchemas, nothingTold, type ToldSchemas } from './held-schemas.ts'
import { type JudgedBatch, judgeBatch } from './judge-batch.ts'
import { compilePolicy, type Policy } from './policy.ts'

export interface RecordChecker {
  /**
   * The bytes must stay as they are until it is over. Where the verdict asks for schemas, it is
   * none yet: the batch is to be given again, with all that was told of it.
   *
   * @throws Failure 'invalid': the batch unpacks to too much. 'unavailable' | 'closed': not
   *   checked.
   */
  check(policy: Policy, bytes: Uint8Array, told?: ToldSchemas): Promise<JudgedBatch>
  close(): Promise<void>
}

/** Policies that are kept compiled; some hundred kilobytes each. */
const compiledMax = 500

export interface CompiledPolicy {
  readonly check: EventCheck
  readonly onViolation: Policy['onViolation']
}

/** Policies as they are needed, compiled once. */
export class CompiledPolicies {
  readonly #formats: SchemaFormats
  /** In the order of use. */
  readonly #compiled = new Map<string, Promise<CompiledPolicy>>()

  constructor(formats: SchemaFormats) {
    this.#formats = formats
  }

  /** Undefined where it was not compiled yet, or long ago. */
  known(name: string): Promise<CompiledPolicy> | undefined {
    const compiled = this.#compiled.get(name)
    if (compiled !== undefined) this.#use(name, compiled)
    return compiled
  }

  get(policy: Policy): Promise<CompiledPolicy> {
    const compiled = this.known(policy.name) ?? compiledOf(policy, this.#formats)
    this.#use(policy.name, compiled)
    return compiled
  }

  #use(name: string, compiled: Promise<CompiledPolicy>): void {
    this.#compiled.delete(name)
    this.#compiled.set(name, compiled)
    for (const oldest of this.#compiled.keys()) {
      if (this.#compiled.size <= compiledMax) break
      this.#compiled.delete(oldest)
    }
  }
}

async function compiledOf(policy: Policy, formats: SchemaFormats): Promise<CompiledPolicy> {
  return { check: await compilePolicy(policy, formats), onViolation: policy.onViolation }
}

/** Checks where it is called. */
export function inlineChecker(formats: SchemaFormats): RecordChecker {
  const policies = new CompiledPolicies(formats)
  const schemas = new HeldSchemas(formats)
  return {
    check: async (policy, bytes, told = nothingTold) => {
      const [compiled, known] = [await policies.get(policy), await schemas.forBatch(told)]
      return judgeBatch(compiled.check, compiled.onViolation, bytes, known)
    },
    close: async () => undefined,
  }
}
