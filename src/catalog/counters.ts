/**
 * Numbers that are given once and never again, whatever fails: partition ids, producer ids,
 * incarnations.
 */
import type { CatalogDatabase, Transaction } from './database.ts'
import { counters } from './schema.ts'

export type CounterName =
  | 'partition.id'
  | 'producer.id'
  | 'broker.incarnation'
  | 'journal.file'
  | 'object.id'
  | 'node.id'

/**
 * Draws `count` numbers; resolves with the first. A draw whose answer was lost leaves a gap.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': draw again.
 */
export function drawNumbers(
  database: CatalogDatabase,
  name: CounterName,
  count: number,
): Promise<number> {
  return database.transaction(`draw ${name}`, (tx) => drawIn(tx, name, count))
}

async function drawIn(tx: Transaction, name: CounterName, count: number): Promise<number> {
  await tx.insert(counters, [{ name, next: 0 }])
  const [row] = await tx.lock(counters, [[name]], 'exclusive')
  const first = row?.next ?? 0
  await tx.put(counters, [{ name, next: first + count }])
  return first
}
