/**
 * Forgets producers that have been silent for long: by a job, never inside a commit, because time
 * must not decide an append (pitfall E7).
 */
import { isFailure } from '../base/errors.ts'
import type { CatalogDatabase, ReadTransaction, Transaction } from './database.ts'
import { type ProducerState, RecentProducers } from './recent-producers.ts'
import { type PartitionRow, partitions, type ProducerStateRow, producerStates } from './schema.ts'

/** Rows looked at together. */
const rowsPerPage = 1_000

/** Where a scan of all producers has come to: their own rows first, then those in partitions'. */
export type ProducerCursor =
  | { readonly in: 'rows'; readonly partitionId: number; readonly producerId: number }
  | { readonly in: 'partitions'; readonly partitionId: number }

interface Page {
  readonly states: readonly ProducerStateRow[]
  /** Partitions that say of producers that they have rows, and none has. */
  readonly uncrowded: readonly number[]
  readonly next: ProducerCursor | undefined
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
  const page = await database.snapshot('read producers', (tx) =>
    after?.in === 'partitions' ? readPartitions(tx, after) : readRows(tx, after),
  )
  const silent = Map.groupBy(
    page.states.filter((row) => isSilent(row, beforeMs)),
    ({ partitionId }) => partitionId,
  )
  let expired = 0
  for (const partitionId of new Set([...silent.keys(), ...page.uncrowded])) {
    const ids = (silent.get(partitionId) ?? []).map(({ producerId }) => producerId)
    expired += await forgetSilent(database, partitionId, ids, beforeMs)
  }
  return { expired, next: page.next }
}

async function readRows(
  tx: ReadTransaction,
  after: Extract<ProducerCursor, { in: 'rows' }> | undefined,
): Promise<Page> {
  const range = { prefix: [], limit: rowsPerPage }
  const states = await tx.scan(
    producerStates,
    after === undefined ? range : { ...range, after: [after.partitionId, after.producerId] },
  )
  const last = states.at(-1)
  const isDone = last === undefined || states.length < rowsPerPage
  const { partitionId, producerId } = last ?? { partitionId: -1, producerId: -1 }
  const next: ProducerCursor = isDone
    ? { in: 'partitions', partitionId: -1 }
    : { in: 'rows', partitionId, producerId }
  return { states, uncrowded: [], next }
}

async function readPartitions(
  tx: ReadTransaction,
  after: Extract<ProducerCursor, { in: 'partitions' }>,
): Promise<Page> {
  const range = { prefix: [], after: [after.partitionId], limit: rowsPerPage }
  const rows = await tx.scan(partitions, range)
  const whole = rows.flatMap((row) => wholeOf(row))
  const others = whole.filter(({ recent }) => !recent.isAll)
  const have = await Promise.all(others.map(({ partitionId }) => hasRows(tx, partitionId)))
  const uncrowded = others.filter((_, at) => have[at] === false)
  const last = rows.at(-1)
  const isDone = last === undefined || rows.length < rowsPerPage
  const next = isDone ? undefined : ({ in: 'partitions', partitionId: last.partitionId } as const)
  const states = whole.flatMap(({ partitionId, recent }) =>
    recent.states().map((state) => ({ partitionId, ...state })),
  )
  return { states, uncrowded: uncrowded.map(({ partitionId }) => partitionId), next }
}

/** One that is damaged keeps no other from being looked at; its own commits tell of it. */
function wholeOf({
  partitionId,
  recentProducers,
}: PartitionRow): { readonly partitionId: number; readonly recent: RecentProducers }[] {
  try {
    return [{ partitionId, recent: RecentProducers.of(recentProducers) }]
  } catch (error) {
    if (isFailure(error, 'corrupt')) return []
    throw error
  }
}

async function hasRows(tx: ReadTransaction, partitionId: number): Promise<boolean> {
  const rows = await tx.scan(producerStates, { prefix: [partitionId], limit: 1 })
  return rows.length > 0
}

/** A producer whose transaction is open is not forgotten before that ends. */
function isSilent({ lastMs, transactionOffset }: ProducerState, beforeMs: number): boolean {
  return lastMs < beforeMs && transactionOffset === null
}

/** One may have written since it was looked at: it is judged again under the partition's lock. */
function forgetSilent(
  database: CatalogDatabase,
  partitionId: number,
  producerIds: readonly number[],
  beforeMs: number,
): Promise<number> {
  return database.transaction('expire producers', async (tx) => {
    const [row] = await tx.lock(partitions, [[partitionId]], 'exclusive')
    if (row === undefined) return 0 // its states go with it
    const inRow = RecentProducers.of(row.recentProducers).states()
    const due = new Set(producerIds)
    const states = inRow.filter((state) => due.has(state.producerId) && isSilent(state, beforeMs))
    const forgotten = states.map(({ producerId }) => producerId)
    forgotten.push(...(await deleteSilentRows(tx, partitionId, producerIds, beforeMs)))
    const isAll = !(await hasRows(tx, partitionId))
    if (forgotten.length === 0 && !isAll) return 0
    const gone = new Set(forgotten)
    const left = inRow.filter(({ producerId }) => !gone.has(producerId))
    const recentProducers = RecentProducers.from(isAll, left).bytes
    const known = forgotten.map((producerId) => producerId + 1)
    const producersKnownFrom = Math.max(row.producersKnownFrom, ...known)
    const after = { ...row, producersKnownFrom, recentProducers }
    await tx.update(partitions, [after], ['producersKnownFrom', 'recentProducers'])
    return forgotten.length
  })
}

async function deleteSilentRows(
  tx: Transaction,
  partitionId: number,
  producerIds: readonly number[],
  beforeMs: number,
): Promise<number[]> {
  if (producerIds.length === 0) return []
  const keys = producerIds.map((producerId) => [partitionId, producerId])
  const now = await tx.get(producerStates, keys)
  const silent = now.flatMap((row) => (row !== undefined && isSilent(row, beforeMs) ? [row] : []))
  const ids = silent.map(({ producerId }) => producerId)
  if (ids.length === 0) return []
  await tx.delete(
    producerStates,
    ids.map((producerId) => [partitionId, producerId]),
  )
  return ids
}
