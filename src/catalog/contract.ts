/** What every catalog database must do, as tests: run on memory, SQLite and PostgreSQL alike. */
import { contractOfRows } from './contract-rows.ts'
import { contractOfTransactions } from './contract-transactions.ts'
import type { CatalogDatabase } from './database.ts'

export interface ContractSubject {
  readonly database: CatalogDatabase
  /** Closes the database and leaves nothing behind. */
  readonly discard: () => Promise<void>
}

export interface ContractTraits {
  /** Transactions run beside each other and wait for row locks; otherwise for each other, whole. */
  readonly concurrentWriters: boolean
  /** How often properties are tried; fewer where a commit is slow. */
  readonly runs: number
}

/** Declares the tests; `open` gives an empty catalog at this release's schema level. */
export function catalogContract(
  name: string,
  traits: ContractTraits,
  open: () => Promise<ContractSubject>,
): void {
  contractOfRows(name, traits, open)
  contractOfTransactions(name, traits, open)
}
