/** The contracts in force, read from the catalog and parsed; what was parsed once is kept. */
import { type Clock, sleep } from '../../base/clock.ts'
import { Failure } from '../../base/errors.ts'
import type { CatalogDatabase } from '../../catalog/database.ts'
import { scanBelow } from '../../catalog/scan-below.ts'
import { contracts, contractTopics } from '../../catalog/schema-contracts.ts'
import type { Contract } from '../contract.ts'
import { parseContract } from '../file/parse-contract.ts'
import { quarantineName, readRevision } from '../store/contract-reads.ts'
import { type EventField, eventFields } from './event-fields.ts'

export interface AppliedContract {
  readonly contractId: string
  readonly revision: number
  /** Topics of events as the catalog has them, by name; and those that take what is set aside. */
  readonly topics: readonly string[]
  readonly quarantines: readonly string[]
  readonly parsed: ParsedRevision
}

export interface ParsedRevision {
  readonly version: string
  readonly appliedMs: number
  readonly approvedBy: string | null
  /** Undefined: this release refuses what another has applied. */
  readonly contract: Contract | undefined
  /** By the name of the event. */
  readonly fields: ReadonlyMap<string, readonly EventField[]>
  /** Of the text and the files that were parsed: what it takes in memory is about that. */
  readonly chars: number
}

/** Revisions kept. */
const parsedMax = 10_000
/** Their texts together, in UTF-16 units: some ten thousand contracts of some pages. */
const parsedCharsMax = 64 * 1024 * 1024

export class AppliedContracts {
  readonly #database: CatalogDatabase
  readonly #clock: Clock
  /** By id and revision, which never changes; the latest used last. */
  readonly #parsed = new Map<string, ParsedRevision>()
  #chars = 0

  constructor(database: CatalogDatabase, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** All of them, by id. @throws Failure 'unavailable' */
  async all(): Promise<AppliedContract[]> {
    const { rows, topics } = await this.#database.snapshot('list contracts', async (tx) => ({
      rows: await scanBelow(tx, contracts, []),
      topics: await scanBelow(tx, contractTopics, []),
    }))
    const byContract = Map.groupBy(topics, ({ contractId }) => contractId)
    const found: AppliedContract[] = []
    for (const { contractId, revision } of rows) {
      const own = Map.groupBy(byContract.get(contractId) ?? [], ({ eventName }) =>
        eventName === quarantineName ? 'quarantines' : 'topics',
      )
      const names = (of: 'topics' | 'quarantines'): string[] =>
        (own.get(of) ?? []).map(({ topicName }) => topicName)
      const parsed = await this.#revision(contractId, revision)
      const bound = { topics: names('topics'), quarantines: names('quarantines') }
      found.push({ contractId, revision, ...bound, parsed })
    }
    return found
  }

  async #revision(contractId: string, revision: number): Promise<ParsedRevision> {
    const key = `${contractId}@${revision}`
    const known = this.#parsed.get(key)
    if (known !== undefined) {
      this.#parsed.delete(key)
      this.#parsed.set(key, known)
      return known
    }
    const row = await this.#database.snapshot('read contract', (tx) =>
      readRevision(tx, contractId, revision),
    )
    if (row === undefined) throw new Failure('corrupt', `there is no contract ${key}`)
    const { contract } = parseContract(row.text)
    const files = JSON.parse(row.files) as Record<string, string>
    const parsed: ParsedRevision = {
      ...{ version: row.version, appliedMs: row.appliedMs, approvedBy: row.approvedBy, contract },
      fields: new Map(
        (contract?.events ?? []).map((event) => [
          event.name,
          eventFields(event, files[event.source?.file ?? '']),
        ]),
      ),
      chars: row.text.length + row.files.length,
    }
    this.#keep(key, parsed)
    // Hundreds of contracts in a row would hold up who else waits for this thread.
    await sleep(this.#clock, 0)
    return parsed
  }

  #keep(key: string, parsed: ParsedRevision): void {
    this.#chars += parsed.chars - (this.#parsed.get(key)?.chars ?? 0)
    this.#parsed.set(key, parsed)
    for (const [oldest, { chars }] of this.#parsed) {
      if (this.#parsed.size <= parsedMax && this.#chars <= parsedCharsMax) break
      this.#parsed.delete(oldest)
      this.#chars -= chars
    }
  }
}
