/** Contracts of the cluster: read from files, planned, applied, taken back, and remembered. */
import { Failure } from '../base/errors.ts'
import type { ContractRevisionRow } from '../catalog/schema-contracts.ts'
import { listTopics, type Topic } from '../catalog/topics.ts'
import type { ContractIssue } from './file/issue.ts'
import { parseContract } from './file/parse-contract.ts'
import { applyContract, type ApplyParts } from './store/apply.ts'
import { contractHistory, quarantineTopics, readRevision } from './store/contract-reads.ts'
import { type ContractPlan, planContract, type PlannedChange } from './store/plan.ts'
import { bindingOf } from './store/wanted.ts'

export interface GivenContract {
  readonly text: string
  /** Texts of the files that it names, by path. */
  readonly files: Readonly<Record<string, string>>
  /** See ContractFile.approvedBy. */
  readonly approvedBy?: string
}

/** `plan` is absent where the file itself has errors. */
export interface Planned {
  readonly issues: readonly ContractIssue[]
  readonly plan?: ContractPlan
}

export interface Applied extends Planned {
  /** Undefined: nothing was changed. */
  readonly revision?: number
}

/** Files that a contract may name. */
const filesMax = 100

export class Contracts {
  readonly #parts: ApplyParts

  constructor(parts: ApplyParts) {
    this.#parts = parts
  }

  /** @throws Failure 'unavailable' */
  async plan({ text, files, approvedBy }: GivenContract): Promise<Planned> {
    const { contract, issues } = parseContract(text)
    if (contract === undefined) return { issues }
    assertFew(files)
    const { database, parser, nowMs } = this.#parts
    const { plan } = await parser.run((own) =>
      database.snapshot('plan contract', (tx) =>
        planContract(tx, own, contract, files, nowMs(), approvedBy),
      ),
    )
    return { issues, plan }
  }

  /** See applyContract. */
  async apply(given: GivenContract): Promise<Applied> {
    const { contract, issues } = parseContract(given.text)
    if (contract === undefined) return { issues }
    assertFew(given.files)
    const outcome = await applyContract(this.#parts, { ...given, contract })
    const { plan } = outcome
    return outcome.outcome === 'applied'
      ? { issues, plan, revision: outcome.revision }
      : { issues, plan }
  }

  /**
   * Applies an earlier revision again, as the next one.
   *
   * @throws Failure 'not-found': there is no such revision.
   */
  async rollback(contractId: string, revision: number, approvedBy?: string): Promise<Applied> {
    const { text, files } = await this.revision(contractId, revision)
    const given = { text, files: JSON.parse(files) as Record<string, string> }
    return this.apply(approvedBy === undefined ? given : { ...given, approvedBy })
  }

  /**
   * Where the cluster is not as the contract in force says: what somebody changed by other ways.
   * Empty: nowhere.
   *
   * @throws Failure 'not-found'
   */
  async drift(contractId: string): Promise<PlannedChange[]> {
    const { text, files, revision } = await this.revision(contractId)
    const { contract } = parseContract(text)
    if (contract === undefined) throw new Failure('corrupt', `${contractId} is not readable`)
    const { database, parser, nowMs } = this.#parts
    const named = JSON.parse(files) as Record<string, string>
    const { plan, events } = await parser.run((own) =>
      database.snapshot('look for drift', (tx) => planContract(tx, own, contract, named, nowMs())),
    )
    const binding = bindingOf(contractId, revision)
    const free = events.flatMap(({ topic: target, existing }): PlannedChange[] => {
      const before = existing?.contract ?? 'no contract'
      if (before === binding) return []
      return [{ area: 'enforcement', target, action: 'change', before, after: binding }]
    })
    const isDrift = ({ area, action }: PlannedChange): boolean =>
      action !== 'keep' && ['topic', 'config', 'subject'].includes(area)
    return [...plan.changes.filter(isDrift), ...free]
  }

  /** Topics that are under no contract, by name. @throws Failure 'unavailable' */
  async shadowTopics(): Promise<string[]> {
    const all = await listTopics(this.#parts.database)
    const asides = await quarantineTopics(this.#parts.database)
    const isShadow = ({ name, contract }: Topic): boolean => contract === null && !asides.has(name)
    return all.filter(isShadow).map(({ name }) => name)
  }

  /** Newest first. @throws Failure 'not-found' */
  async history(contractId: string): Promise<ContractRevisionRow[]> {
    const rows = await contractHistory(this.#parts.database, contractId)
    if (rows.length === 0) throw new Failure('not-found', `there is no contract ${contractId}`)
    return rows
  }

  /** The one in force, where none is named. @throws Failure 'not-found' */
  async revision(contractId: string, revision?: number): Promise<ContractRevisionRow> {
    const row = await this.#parts.database.snapshot('read contract', (tx) =>
      readRevision(tx, contractId, revision),
    )
    if (row !== undefined) return row
    const what = revision === undefined ? contractId : `${contractId} of revision ${revision}`
    throw new Failure('not-found', `there is no contract ${what}`)
  }
}

/** @throws Failure 'invalid' */
function assertFew(files: Readonly<Record<string, string>>): void {
  const count = Object.keys(files).length
  if (count > filesMax) throw new Failure('invalid', `${count} files: at most ${filesMax}`)
}
