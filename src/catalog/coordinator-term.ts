/**
 * For how long a broker has coordinated a name: the fence between what an earlier coordinator still
 * has under way and what a later one has answered (C2). A client that gets no answer asks again,
 * elsewhere if it must; what it asked first may be done at any time after, by a broker that was
 * stopped or cut off. As old clients keep their epoch from one transaction to the next (KIP-890),
 * such an EndTxn would end the transaction that has begun meanwhile.
 */
import type { TransactionRow } from './schema-transactions.ts'

export interface CoordinatorTerm {
  /** The placement by which the broker got the name; 0 where there is no other broker. */
  readonly version: number
  /** Of the broker's process. */
  readonly incarnation: number
}

/** Where nobody else can coordinate anything. */
export const soleTerm: CoordinatorTerm = { version: 0, incarnation: 0 }

type Stamp = Pick<TransactionRow, 'coordinatorVersion' | 'coordinatorIncarnation'>

/** True where a later term has changed the row. */
export function isOutdated(term: CoordinatorTerm, row: Stamp | undefined): boolean {
  if (row === undefined) return false
  const { coordinatorVersion, coordinatorIncarnation } = row
  if (coordinatorVersion !== term.version) return coordinatorVersion > term.version
  return coordinatorIncarnation > term.incarnation
}

/** The row as it is changed in this term. */
export function stamped<Row extends Stamp>(row: Row, term: CoordinatorTerm): Row {
  const { version: coordinatorVersion, incarnation: coordinatorIncarnation } = term
  return { ...row, coordinatorVersion, coordinatorIncarnation }
}
