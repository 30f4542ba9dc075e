/** What the broker holds batches to: the contract's revision that their topic names. */
import type { Clock } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { type BatchVerdict, verdictText } from './check/check-batch.ts'
import type { ToldSchema } from './check/held-schemas.ts'
import type { Policy } from './check/policy.ts'
import type { RecordChecker } from './check/record-checker.ts'
import { SchemaLookup } from './schema-lookup.ts'

export interface BoundTopic {
  readonly name: string
  /** ID@REVISION */
  readonly contract: string | null
  readonly isCompacted: boolean
}

/** A batch that is not to be appended. */
export interface ContractRefusal {
  readonly message: string
  readonly verdict: BatchVerdict
}

/** Since the broker started. */
export interface ContractStats {
  records: number
  violations: number
  refusedBatches: number
}

/** Policies kept; some kilobytes each. */
const policiesMax = 1_000
/** A topic whose records break its contract is told of in the log so often, milliseconds. */
const toldEveryMs = 10_000
/** So often the checker asks again for schemas that it holds, milliseconds: they may be deleted. */
const epochMs = 60_000
/** Topics of which is remembered when they were told of. */
const toldMax = 1_000

export interface TopicContractsParts {
  readonly database: CatalogDatabase
  readonly checker: RecordChecker
  readonly clock: Clock
  readonly log: Log
}

export class TopicContracts {
  readonly stats: ContractStats = { records: 0, violations: 0, refusedBatches: 0 }
  readonly #parts: TopicContractsParts
  /** By name; a revision never changes. Undefined: nothing is checked. */
  readonly #policies = new Map<string, Promise<Policy | undefined>>()
  readonly #toldMs = new Map<string, number>()
  readonly #schemas: SchemaLookup

  constructor(parts: TopicContractsParts) {
    this.#parts = parts
    this.#schemas = new SchemaLookup(parts.database, parts.clock)
  }

  /**
   * Undefined where the batch may be appended. The bytes must stay as they are until it is over.
   *
   * @throws Failure 'unavailable' | 'invalid' | 'closed': it is not known; nothing is to be
   *   appended.
   */
  async check(topic: BoundTopic, bytes: Uint8Array): Promise<ContractRefusal | undefined> {
    const policy = await this.#policyOf(topic)
    if (policy === undefined) return undefined
    const verdict = await this.#verdictOf(policy, bytes)
    this.stats.records += verdict.records
    this.stats.violations += verdict.count
    if (verdict.count === 0) return undefined
    const message = verdictText(verdict, policy.contract)
    this.#tell(topic, policy, message)
    if (policy.onViolation !== 'reject') return undefined
    this.stats.refusedBatches++
    return { message, verdict }
  }

  /** The checker names schemas that it does not know, and is told of them. */
  async #verdictOf(policy: Policy, bytes: Uint8Array): Promise<BatchVerdict> {
    const { checker, clock } = this.#parts
    const epoch = Math.floor(clock.monotonicMs() / epochMs)
    const schemas: ToldSchema[] = []
    for (;;) {
      const verdict = await checker.check(policy, bytes, { epoch, schemas })
      // What was told once is not asked for again, and a batch names few.
      if (verdict.asked.length === 0) return verdict
      schemas.push(...(await this.#schemas.find(verdict.asked)))
    }
  }

  async #policyOf(topic: BoundTopic): Promise<Policy | undefined> {
    if (topic.contract === null) return undefined
    const name = `${topic.contract}/${topic.name}${topic.isCompacted ? '/compacted' : ''}`
    const known = this.#policies.get(name)
    if (known !== undefined) return known
    const reading = policyOf(this.#parts.database, topic, name)
    this.#policies.set(name, reading)
    for (const oldest of this.#policies.keys()) {
      if (this.#policies.size <= policiesMax) break
      this.#policies.delete(oldest)
    }
    try {
      return await reading
    } catch (error) {
      this.#policies.delete(name)
      if (isFailure(error)) throw error
      throw new Failure('unavailable', `the contract ${topic.contract} cannot be used`, error)
    }
  }

  /** Not of each batch: a producer that breaks its contract does so a thousand times a second. */
  #tell(
    { name: topic }: BoundTopic,
    { contract, onViolation: action }: Policy,
    message: string,
  ): void {
    const nowMs = this.#parts.clock.monotonicMs()
    if (nowMs - (this.#toldMs.get(topic) ?? -Infinity) < toldEveryMs) return
    if (this.#toldMs.size >= toldMax) this.#toldMs.clear()
    this.#toldMs.set(topic, nowMs)
    this.#parts.log.warn({ topic, contract, action }, message)
  }
}

/** What reads contracts is loaded with the first: brokers without any do not pay for it. */
async function policyOf(
  database: CatalogDatabase,
  topic: BoundTopic,
  name: string,
): Promise<Policy | undefined> {
  const { readPolicy } = await import('./store/policy-of.ts')
  return readPolicy(database, topic, name)
}
