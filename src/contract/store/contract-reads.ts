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
