/** What the broker holds batches to: the contract's revision that their topic names. */
import type { Clock } from '../base/clock.ts'
import { Failure, isFailure } from '../base/errors.ts'
import type { Log } from '../base/log.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { type BatchVerdict, verdictText } from './check/check-batch.ts'
import type { ToldSchema } from './check/held-schemas.ts'
import type { JudgedBatch } from './check/judge-batch.ts'
import type { Policy } from './check/policy.ts'
import type { RecordChecker } from './check/record-checker.ts'
import { splitAs, type SplitBatch } from './check/split-batch.ts'
import { SchemaLookup } from './schema-lookup.ts'
import type { Place } from './store/revision-at.ts'

export interface BoundTopic {
  readonly name: string
  /** ID@REVISION */
  readonly contract: string | null
  readonly isCompacted: boolean
}

/** What is to become of a batch that breaks its contract. */
export interface ContractBreach {
  readonly message: string
  readonly verdict: BatchVerdict
  /** Undefined: it is not to be appended. */
  readonly aside?: SetAside
}

/** Records that leave their batch for the quarantine topic. */
export interface SetAside extends SplitBatch {
  readonly quarantine: string
  /** ID@VERSION that they break, and ID@REVISION of what is in force. */
  readonly contract: string
  readonly revision: string
}

/** Since the broker started. */
export interface ContractStats {
  records: number
  violations: number
  refusedBatches: number
  /** Records that were taken out of their batches. */
  quarantined: number
}

/** Policies kept; some kilobytes each. */
const policiesMax = 1_000
/** A topic whose records break its contract is told of in the log so often, milliseconds. */
const toldEveryMs = 10_000
/** So often the checker asks again for schemas that it holds, milliseconds: they may be deleted. */
const epochMs = 60_000
/** Of checks that go on, one begins or ends so often, milliseconds. */
const movingMs = 3
/** Topics of which is remembered when they were told of. */
const toldMax = 1_000

interface KnownPolicy {
  readonly reading: Promise<Policy | undefined>
  /** When it is read, and there is one. */
  now?: Policy
}

export interface TopicContractsParts {
  readonly database: CatalogDatabase
  readonly checker: RecordChecker
  readonly clock: Clock
  readonly log: Log
}

export class TopicContracts {
  readonly stats: ContractStats = { records: 0, violations: 0, refusedBatches: 0, quarantined: 0 }
  readonly #parts: TopicContractsParts
  /** By name; a revision never changes. Undefined: nothing is checked. */
  readonly #policies = new Map<string, KnownPolicy>()
  readonly #toldMs = new Map<string, number>()
  readonly #schemas: SchemaLookup
  #underWay = 0
  /** When a check began or ended. */
  #movedMs = -Infinity

  constructor(parts: TopicContractsParts) {
    this.#parts = parts
    this.#schemas = new SchemaLookup(parts.database, parts.clock)
  }

  /** True while batches are being checked, and not for as long as one that takes very long. */
  get isChecking(): boolean {
    return this.#underWay > 0 && this.#parts.clock.monotonicMs() - this.#movedMs < movingMs
  }

  /**
   * Undefined where the batch may be appended. The bytes must stay as they are until it is over.
   *
   * @throws Failure 'unavailable' | 'invalid' | 'closed': it is not known; nothing is to be
   *   appended.
   */
  async check(topic: BoundTopic, bytes: Uint8Array): Promise<ContractBreach | undefined> {
    const policy = await this.#policyOf(topic)
    if (policy === undefined) return undefined
    const verdict = await this.#verdictOf(policy, bytes)
    this.stats.records += verdict.records
    this.stats.violations += verdict.count
    if (verdict.count === 0) return undefined
    const why = verdict.wholeBecause === undefined ? '' : `; ${verdict.wholeBecause}`
    const message = `${verdictText(verdict, policy.contract)}${why}`
    this.#tell(topic, policy, message)
    const { split } = verdict
    const { onViolation, quarantine, contract } = policy
    if (onViolation === 'warn') return undefined
    if (split !== undefined && quarantine !== undefined) {
      this.stats.quarantined += split.taken.length
      return {
        message,
        verdict,
        aside: { ...split, quarantine, contract, revision: topic.contract ?? '' },
      }
    }
    this.stats.refusedBatches++
    return { message, verdict }
  }

  /**
   * Without waiting: how many records the batch has, where all is at hand that tells that they keep
   * the contract. Whoever appends it counts them. Undefined: `check` tells.
   */
  keptNow(topic: BoundTopic, bytes: Uint8Array): number | undefined {
    const policy = this.#policies.get(policyName(topic))?.now
    return policy && this.#parts.checker.keptNow?.(policy, bytes, this.#epoch())
  }

  /** What was told to the checker under an earlier one it asks for again. */
  #epoch(): number {
    return Math.floor(this.#parts.clock.monotonicMs() / epochMs)
  }

  /** The checker names schemas that it does not know, and is told of them. */
  async #verdictOf(policy: Policy, bytes: Uint8Array): Promise<JudgedBatch> {
    const { checker } = this.#parts
    const epoch = this.#epoch()
    const schemas: ToldSchema[] = []
    for (;;) {
      this.#moved(1)
      const checking = checker.check(policy, bytes, { epoch, schemas })
      const verdict = await checking.finally(() => this.#moved(-1))
      // What was told once is not asked for again, and a batch names few.
      if (verdict.asked.length === 0) return verdict
      schemas.push(...(await this.#schemas.find(verdict.asked)))
    }
  }

  #moved(by: 1 | -1): void {
    this.#underWay += by
    this.#movedMs = this.#parts.clock.monotonicMs()
  }

  /**
   * What was taken out of a batch that is written already, by the revision that held where it
   * stands: a retry may come when another does. Where records name their schema the registry may
   * say other things by now, so that the log is asked what stayed.
   *
   * @param stored reads the batch as it was written; undefined where it is not there any more.
   * @throws Failure as check.
   */
  async asideOf(
    topic: BoundTopic,
    place: Place,
    bytes: Uint8Array,
    stored: () => Promise<Uint8Array | undefined>,
  ): Promise<SetAside | undefined> {
    const contractId = contractIdOf(topic.contract ?? '')
    const revision = await revisionOf(this.#parts.database, contractId, place)
    if (revision === undefined) return undefined
    const then = { ...topic, contract: `${contractId}@${revision}` }
    const policy = await this.#policyOf(then)
    if (policy?.quarantine === undefined) return undefined
    const now = (await this.#verdictOf(policy, bytes)).split
    const written = policy.encoding === 'registry' ? await stored() : undefined
    const split =
      written === undefined
        ? now
        : splitAs(bytes, { stored: written, baseOffset: place.offset }, now?.taken ?? [])
    const { quarantine, contract } = policy
    return split && { ...split, quarantine, contract, revision: then.contract }
  }

  async #policyOf(topic: BoundTopic): Promise<Policy | undefined> {
    if (topic.contract === null) return undefined
    const name = policyName(topic)
    const known = this.#policies.get(name)
    if (known !== undefined) return known.reading
    const reading = policyOf(this.#parts.database, topic, name)
    const policy: KnownPolicy = { reading }
    this.#policies.set(name, policy)
    for (const oldest of this.#policies.keys()) {
      if (this.#policies.size <= policiesMax) break
      this.#policies.delete(oldest)
    }
    try {
      const read = await reading
      if (read !== undefined) policy.now = read
      return read
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

const policyName = ({ name, contract, isCompacted }: BoundTopic): string =>
  `${contract}/${name}${isCompacted ? '/compacted' : ''}`

const contractIdOf = (binding: string): string => binding.slice(0, binding.lastIndexOf('@'))

async function revisionOf(
  database: CatalogDatabase,
  contractId: string,
  place: Place,
): Promise<number | undefined> {
  const { revisionAt } = await import('./store/revision-at.ts')
  return revisionAt(database, contractId, place)
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
