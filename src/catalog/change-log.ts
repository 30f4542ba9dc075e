/**
 * Tells other brokers what they have in memory and what is not so any more. The row names what
 * changed; what it is now is read from where it stands.
 */
import { Failure } from '../base/errors.ts'
import type { CatalogDatabase, Transaction } from './database.ts'
import { changeCounter, changeLog, type ChangeRow } from './schema-changes.ts'

export type Change =
  /** Made, grown, configured or deleted. */
  | { readonly kind: 'topic'; readonly names: readonly string[] }
  /** Log starts, or what is packed. */
  | { readonly kind: 'partition'; readonly names: readonly number[] }
  /** Configs that were set at run time: kind and name of each resource. */
  | { readonly kind: 'config'; readonly names: readonly (readonly [string, string])[] }
  | { readonly kind: 'quota'; readonly names: readonly string[] }

const counterName = 'change.id'

/** Rows deleted in one transaction. */
const rowsPerDelete = 1_000

/** The last statement of a transaction: whoever changes something else waits for its end. */
export async function noteChange(tx: Transaction, change: Change): Promise<void> {
  if (change.names.length === 0) return
  await tx.insert(changeCounter, [{ name: counterName, next: 1 }])
  const [row] = await tx.lock(changeCounter, [[counterName]], 'exclusive')
  const changeId = row?.next ?? 1
  await tx.put(changeCounter, [{ name: counterName, next: changeId + 1 }])
  await tx.insert(changeLog, [{ changeId, kind: change.kind, names: JSON.stringify(change.names) }])
}

/** @throws Failure 'corrupt': a kind that this release does not know. */
export function changeOf({ changeId, kind, names }: ChangeRow): Change {
  const parsed: unknown = JSON.parse(names)
  switch (kind) {
    case 'topic':
    case 'quota':
      return { kind, names: parsed as string[] }
    case 'partition':
      return { kind, names: parsed as number[] }
    case 'config':
      return { kind, names: parsed as [string, string][] }
    default:
      throw new Failure('corrupt', `change ${changeId} is of the unknown kind ${kind}`)
  }
}

/** The number that the next change gets. @throws Failure 'unavailable' */
export function nextChangeId(database: CatalogDatabase): Promise<number> {
  return database.snapshot('read change counter', async (tx) => {
    const [row] = await tx.get(changeCounter, [[counterName]])
    return row?.next ?? 1
  })
}

/**
 * Deletes changes before `changeId`, a page of them; true where none is left.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': call again.
 */
export function expireChanges(database: CatalogDatabase, changeId: number): Promise<boolean> {
  return database.transaction('expire changes', async (tx) => {
    const range = { prefix: [], before: [changeId], limit: rowsPerDelete }
    const due = await tx.scan(changeLog, range)
    await tx.delete(
      changeLog,
      due.map((row) => [row.changeId]),
    )
    return due.length < rowsPerDelete
  })
}
