/** What there is: contracts, their topics, where names differ, and all of it for other catalogs. */
import type { Clock } from '../../base/clock.ts'
import { Failure } from '../../base/errors.ts'
import type { CatalogDatabase, ReadTransaction } from '../../catalog/database.ts'
import { listSubjects } from '../../registry/lookups.ts'
import { readConfigInScope, readVersions } from '../../registry/registry-reads.ts'
import { anyContext, defaultContext, type SubjectName } from '../../registry/subject-name.ts'
import { withSchemas } from '../../registry/subject-version.ts'
import { subjectOf } from '../store/wanted.ts'
import { type AppliedContract, AppliedContracts } from './applied-contracts.ts'
import { type ContractDescription, describeContract } from './contract-description.ts'
import { type DivergentName, divergentNames } from './divergent-names.ts'
import { openLineageEvents } from './open-lineage.ts'
import { lineageEdges } from './topic-lineage.ts'
import { type ExportedSubject, xregistryDocument } from './xregistry-document.ts'

export interface DiscoveryParts {
  readonly database: CatalogDatabase
  readonly clock: Clock
  readonly clusterId: string
  /** HOST:PORT at which clients of this broker begin. */
  readonly bootstrap: () => string
}

export interface ExportQuestion {
  /** Undefined: all of them. */
  readonly contractId: string | undefined
  /** HOST:PORT that the document names in place of the broker that was asked. */
  readonly bootstrap: string | undefined
}

/** Texts of the schemas of one document, in UTF-16 units: it is held whole. */
const documentCharsMax = 32 * 1024 * 1024

export class Discovery {
  readonly #parts: DiscoveryParts
  readonly #applied: AppliedContracts

  constructor(parts: DiscoveryParts) {
    this.#parts = parts
    this.#applied = new AppliedContracts(parts.database, parts.clock)
  }

  /**
   * Contracts in force, by id; with `topic` the one that the topic is under, or takes
   * what is set aside of.
   *
   * @throws Failure 'unavailable'
   */
  async list(topic?: string): Promise<ContractDescription[]> {
    const applied = await this.#applied.all()
    const edges = lineageEdges(applied.flatMap(({ parsed }) => parsed.contract ?? []))
    return applied
      .filter(({ topics, quarantines }) => {
        return topic === undefined || topics.includes(topic) || quarantines.includes(topic)
      })
      .map((each) => describeContract(each, edges))
  }

  /** The same thing under different names. @throws Failure 'unavailable' */
  async names(): Promise<DivergentName[]> {
    return divergentNames(await this.#applied.all())
  }

  /**
   * A document of xRegistry; of one contract with its own schemas only.
   *
   * @throws Failure 'not-found' 'invalid': it would be too large. 'unavailable'.
   */
  async xregistry({ contractId, bootstrap }: ExportQuestion): Promise<object> {
    const { database, clusterId } = this.#parts
    const applied = chosen(await this.#applied.all(), contractId)
    const subjects = await database.snapshot('export schemas', async (tx) => {
      const own = applied.flatMap(({ topics }) => topics.flatMap(subjectsOf))
      return exported(
        tx,
        contractId === undefined ? await listSubjects(tx, anyContext, 'without') : own,
      )
    })
    const address = bootstrap ?? this.#parts.bootstrap()
    return xregistryDocument({ clusterId, bootstrap: address, applied, subjects })
  }

  /** Dataset events of OpenLineage. @throws Failure 'not-found' | 'unavailable' */
  async openLineage({ contractId, bootstrap }: ExportQuestion): Promise<object[]> {
    const { clusterId } = this.#parts
    const applied = await this.#applied.all()
    chosen(applied, contractId)
    const address = bootstrap ?? this.#parts.bootstrap()
    return openLineageEvents({ clusterId, bootstrap: address, applied, contractId })
  }
}

/** Of a topic's records, the key's too. */
const subjectsOf = (topic: string): SubjectName[] =>
  (['value', 'key'] as const).map((part) => {
    return { context: defaultContext, subject: subjectOf(topic, part) }
  })

/** @throws Failure 'not-found' */
function chosen(
  applied: readonly AppliedContract[],
  contractId: string | undefined,
): readonly AppliedContract[] {
  if (contractId === undefined) return applied
  const found = applied.filter((each) => each.contractId === contractId)
  if (found.length === 0) throw new Failure('not-found', `there is no contract ${contractId}`)
  return found
}

/** With their versions; those without any are left out. @throws Failure 'invalid' */
async function exported(
  tx: ReadTransaction,
  names: readonly SubjectName[],
): Promise<ExportedSubject[]> {
  const found: ExportedSubject[] = []
  let chars = 0
  for (const name of names) {
    const rows = (await readVersions(tx, name)).filter(({ deleted }) => deleted === 0)
    const versions = await withSchemas(tx, name.context, rows)
    if (versions.length === 0) continue
    for (const { text } of versions) chars += text.length
    if (chars > documentCharsMax) {
      const what = `the schemas have more than ${documentCharsMax} characters`
      throw new Failure('invalid', `${what}: export one contract at a time`)
    }
    const { compatibilityLevel: level } = await readConfigInScope(tx, name)
    found.push({ ...name, versions, level })
  }
  return found
}
