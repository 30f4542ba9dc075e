/**
 * The end of packed objects: what was claimed and never named is cancelled, what is unnamed for
 * longer than the grace loses its bytes, then its row. Age alone never deletes: an id is claimed as
 * cancelled first, and whoever is late with it finds that out (pitfall C1).
 */
import type { CatalogDatabase } from './database.ts'
import { groupOfObject } from './group-objects.ts'
import { packedNumberOf } from './pack-swap.ts'
import { counters, type ObjectRow, objects, objectUses } from './schema.ts'

/** Object rows, or keys of the store, looked at together. */
export const objectsPerPage = 1_000

/** A page of object rows behind `after`, by id. @throws Failure 'unavailable' */
export function readObjects(
  database: CatalogDatabase,
  after: string | undefined,
): Promise<ObjectRow[]> {
  const range = { prefix: [], limit: objectsPerPage }
  return database.snapshot('read objects', (tx) =>
    tx.scan(objects, after === undefined ? range : { ...range, after: [after] }),
  )
}

/**
 * Cancels the claim of a packer that did not come to its swap; a swap that comes later is void.
 * False where it came after all.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': call again.
 */
export function cancelClaim(
  database: CatalogDatabase,
  objectId: string,
  nowMs: number,
): Promise<boolean> {
  return database.transaction('cancel claim', async (tx) => {
    const [row] = await tx.lock(objects, [[objectId]], 'exclusive')
    if (row?.state !== 'writing') return false
    await tx.put(objects, [{ ...row, state: 'cancelled', unnamedMs: nowMs }])
    return true
  })
}

/**
 * True where nothing names the object and nothing can begin to: its bytes may go now. False where
 * it is named, which a bug or a hand in the catalog must have done: it lives again.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': call again.
 */
export function confirmUnnamed(database: CatalogDatabase, objectId: string): Promise<boolean> {
  return database.transaction('confirm unnamed', async (tx) => {
    const [row] = await tx.lock(objects, [[objectId]], 'exclusive')
    if (row?.state !== 'garbage' && row?.state !== 'cancelled') return false
    const named = await tx.scan(objectUses, { prefix: [objectId], limit: 1 })
    if (named.length === 0) return true
    await tx.put(objects, [{ ...row, state: 'live', unnamedMs: null }])
    return false
  })
}

/** Deletes the rows of objects whose bytes are gone. @throws Failure 'unavailable' */
export function forgetObjects(
  database: CatalogDatabase,
  objectIds: readonly string[],
): Promise<number> {
  return database.transaction('forget objects', (tx) =>
    tx.delete(
      objects,
      objectIds.toSorted().map((objectId) => [objectId]),
    ),
  )
}

export interface Strays {
  /** Claimed as cancelled: they go when the grace is over. */
  readonly claimed: number
  /** Not given by this catalog, which may have gone back in time: left alone. */
  readonly unknown: readonly string[]
}

/**
 * Claims those of the ids that no row names: a commit or swap that comes later is refused. An id
 * whose number, or whose broker's incarnation, the catalog has not given yet is not its own: it may
 * be the only copy of what a restored catalog has forgotten (pitfall C2).
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': call again.
 */
export function claimStrays(
  database: CatalogDatabase,
  objectIds: readonly string[],
  nowMs: number,
): Promise<Strays> {
  return database.transaction('claim strays', async (tx) => {
    const [packed, brokers] = await tx.get(counters, [['object.id'], ['broker.incarnation']])
    const given = objectIds.filter((id) => {
      const group = groupOfObject(id)
      if (group !== undefined) return group.incarnation < (brokers?.next ?? 0)
      return (packedNumberOf(id) ?? Infinity) < (packed?.next ?? 0)
    })
    const own = new Set(given)
    const claims = given.toSorted().map((objectId): ObjectRow => {
      const kind = groupOfObject(objectId) === undefined ? 'packed' : 'journal'
      const row = { objectId, kind, state: 'cancelled', size: 0 } as const
      return { ...row, createdMs: nowMs, unnamedMs: nowMs }
    })
    const claimed = await tx.insert(objects, claims)
    const unknown = objectIds.filter((objectId) => !own.has(objectId))
    return { claimed: claimed.filter((isNew) => isNew).length, unknown }
  })
}
