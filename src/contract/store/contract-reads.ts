/** Contracts as they were applied. */
import type { CatalogDatabase, ReadTransaction } from '../../catalog/database.ts'
import {
  type ContractRevisionRow,
  contractRevisions,
  contracts,
  contractTopics,
} from '../../catalog/schema-contracts.ts'
import { scanBelow } from '../../catalog/scan-below.ts'

/** In the place of a kind of event, of a topic that takes what is set aside. */
export const quarantineName = ''

/** Revisions that are listed. */
const pageRows = 1_000

export interface ContractSummary {
  readonly contractId: string
  readonly revision: number
  readonly version: string
  readonly appliedMs: number
  readonly topics: readonly string[]
}

export async function readRevision(
  tx: ReadTransaction,
  contractId: string,
  revision?: number,
): Promise<ContractRevisionRow | undefined> {
  const [row] = await tx.get(contracts, [[contractId]])
  const wanted = revision ?? row?.revision
  if (wanted === undefined) return undefined
  const [found] = await tx.get(contractRevisions, [[contractId, wanted]])
  return found
}

/** All contracts, by id. @throws Failure 'unavailable' */
export function listContracts(database: CatalogDatabase): Promise<ContractSummary[]> {
  return database.snapshot('list contracts', async (tx) => {
    const topics = Map.groupBy(
      await scanBelow(tx, contractTopics, []),
      ({ contractId }) => contractId,
    )
    const rows = await scanBelow(tx, contracts, [])
    const found: ContractSummary[] = []
    for (const { contractId, revision } of rows) {
      const row = await readRevision(tx, contractId, revision)
      if (row === undefined) continue
      const { version, appliedMs } = row
      const names = (topics.get(contractId) ?? []).map(({ topicName }) => topicName)
      found.push({ contractId, revision, version, appliedMs, topics: names })
    }
    return found
  })
}

/** Names of the topics that take what is set aside. @throws Failure 'unavailable' */
export function quarantineTopics(database: CatalogDatabase): Promise<ReadonlySet<string>> {
  return database.snapshot('list quarantine topics', async (tx) => {
    const rows = await scanBelow(tx, contractTopics, [])
    const asides = rows.filter(({ eventName }) => eventName === quarantineName)
    return new Set(asides.map(({ topicName }) => topicName))
  })
}

/** Every revision of a contract, newest first. @throws Failure 'unavailable' */
export function contractHistory(
  database: CatalogDatabase,
  contractId: string,
): Promise<ContractRevisionRow[]> {
  return database.snapshot('read contract', (tx) =>
    tx.scan(contractRevisions, { prefix: [contractId], limit: pageRows, descending: true }),
  )
}
