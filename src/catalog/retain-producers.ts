/**
 * Forgets producers that have been silent for long: by a job, never inside a commit, because time
 * must not decide an append (pitfall E7).
 */
import type { CatalogDatabase } from './database.ts'
import { partitions, type ProducerStateRow, producerStates } from './schema.ts'

/** Producer states looked at together. */
const statesPerPage = 1_000

/** Where a scan of all producers has come to. */
export interface ProducerCursor {
  readonly partitionId: number
  readonly producerId: number
}

/**
 * Looks at one page of producer states behind `after` and deletes those whose last batch is older
 * than `beforeMs`.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': call again.
 */
export async function expireProducers(
  database: CatalogDatabase,
  after: ProducerCursor | undefined,
  beforeMs: number,
): Promise<{ readonly expired: number; readonly next: ProducerCursor | undefined }> {
  const range = { prefix: [], limit: statesPerPage }
  const page = await database.snapshot('read producers', (tx) =>
    tx.scan(
      producerStates,
      after === undefined ? range : { ...range, after: [after.partitionId, after.producerId] },
    ),
  )
  const silent = Map.groupBy(
    page.filter((row) => isSilent(row, beforeMs)),
    ({ partitionId }) => partitionId,
  )
  let expired = 0
  for (const [partitionId, states] of silent) {
    const keys = states.map(({ producerId }) => [partitionId, producerId])
    expired += await deleteSilent(database, partitionId, keys, beforeMs)
  }
  const last = page.at(-1)
  const isDone = last === undefined || page.length < statesPerPage
  return { expired, next: isDone ? undefined : last }
}

/** A producer whose transaction is open is not forgotten before that ends. */
function isSilent(row: ProducerStateRow | undefined, beforeMs: number): boolean {
  return row !== undefined && row.lastMs < beforeMs && row.transactionOffset === null
}

/** One may have written since it was looked at: it is judged again under the partition's lock. */
function deleteSilent(
  database: CatalogDatabase,
  partitionId: number,
  keys: readonly (readonly number[])[],
  beforeMs: number,
): Promise<number> {
  return database.transaction('expire producers', async (tx) => {
    const [row] = await tx.lock(partitions, [[partitionId]], 'exclusive')
    if (row === undefined) return 0 // its states go with it
    const now = await tx.get(producerStates, keys)
    const due = keys.filter((_, index) => isSilent(now[index], beforeMs))
    if (due.length === 0) return 0
    const known = due.map(([, producerId = -1]) => producerId + 1)
    const producersKnownFrom = Math.max(row.producersKnownFrom, ...known)
    await tx.put(partitions, [{ ...row, producersKnownFrom }])
    return tx.delete(producerStates, due)
  })
}
