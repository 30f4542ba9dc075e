/**
 * Where batches are held to contracts: a port, because it takes the processor for as long as a
 * batch is large, which a thread of its own has and a simulation has not.
 */
import { isFailure } from '../../base/errors.ts'
import type { SchemaFormats } from '../../registry/schema-parser.ts'
import { countNamed, type NamesOnly } from './count-named.ts'
import type { EventCheck } from './event-check.ts'
import { type BatchSchemas, HeldSchemas, nothingTold, type ToldSchemas } from './held-schemas.ts'
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
  /**
   * Without waiting: how many records the batch has, where each keeps the policy and that takes
   * less than its checksum. Undefined: `check` tells.
   *
   * @param epoch as in what is told.
   */
  keptNow?(policy: Policy, bytes: Uint8Array, epoch: number): number | undefined
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
  readonly #compiled = new Map<string, Compiling>()

  constructor(formats: SchemaFormats) {
    this.#formats = formats
  }

  /** Undefined where it was not compiled yet, or long ago. */
  known(name: string): Promise<CompiledPolicy> | undefined {
    const compiled = this.#compiled.get(name)
    if (compiled !== undefined) this.#use(name, compiled)
    return compiled?.whenReady
  }

  /** Undefined as `known`, and while it is being compiled. */
  ready(name: string): CompiledPolicy | undefined {
    return this.#compiled.get(name)?.now
  }

  get(policy: Policy): Promise<CompiledPolicy> {
    const known = this.known(policy.name)
    if (known !== undefined) return known
    const compiling = compile(policy, this.#formats)
    this.#use(policy.name, compiling)
    return compiling.whenReady
  }

  #use(name: string, compiled: Compiling): void {
    this.#compiled.delete(name)
    this.#compiled.set(name, compiled)
    for (const oldest of this.#compiled.keys()) {
      if (this.#compiled.size <= compiledMax) break
      this.#compiled.delete(oldest)
    }
  }
}

interface Compiling {
  readonly whenReady: Promise<CompiledPolicy>
  now?: CompiledPolicy
}

function compile(policy: Policy, formats: SchemaFormats): Compiling {
  const whenReady = compilePolicy(policy, formats).then((check) => {
    return (compiling.now = { check, onViolation: policy.onViolation })
  })
  const compiling: Compiling = { whenReady }
  return compiling
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
    keptNow: ({ name }, bytes, epoch) => {
      const namesOnly = policies.ready(name)?.check.namesOnly
      return namesOnly && keptOf(bytes, namesOnly, schemas.atHand(epoch))
    },
    close: async () => undefined,
  }
}

/** What cannot be read is told of where batches are validated. */
function keptOf(
  bytes: Uint8Array,
  namesOnly: NamesOnly,
  schemas: BatchSchemas,
): number | undefined {
  try {
    return countNamed(bytes, namesOnly, schemas)
  } catch (error) {
    if (isFailure(error, 'corrupt') || isFailure(error, 'invalid')) return undefined
    throw error
  }
}
