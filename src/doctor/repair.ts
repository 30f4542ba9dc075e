/**
 * Does about findings what can do no harm. Bytes go only after their id is claimed as cancelled, so
 * that a commit which comes late after all is refused and not left without its bytes (pitfall C1).
 * What is named is never touched.
 */
import { Failure } from '../base/errors.ts'
import { claimStrays, objectsPerPage } from '../catalog/collect-objects.ts'
import type { CatalogDatabase } from '../catalog/database.ts'
import { objects, objectUses } from '../catalog/schema.ts'
import { objectKey } from '../log/stored-runs.ts'
import type { ObjectStore } from '../objects/object-store.ts'
import type { Finding } from './finding.ts'
import type { Diagnosis } from './look.ts'

export interface RepairParts {
  readonly database: CatalogDatabase
  readonly objects: ObjectStore
  readonly clusterId: string
  readonly nowMs: number
}

export interface Repaired {
  /** Bytes that nothing named are gone. */
  readonly orphans: number
  /** Objects that the collector deletes when their grace is over. */
  readonly unnamed: number
}

/**
 * @throws Failure 'conflict': the catalog has gone back, and what looks like an orphan may be the
 *   only copy. 'unavailable' | 'unknown-outcome': the rest is found by the next look.
 */
export async function repair(parts: RepairParts, diagnosis: Diagnosis): Promise<Repaired> {
  const { findings } = diagnosis
  if (findings.some(({ kind }) => kind === 'newer')) {
    throw new Failure(
      'conflict',
      'nothing is repaired: the store holds objects that are newer than the catalog, which has ' +
        'gone back; what nothing names may be the only copy (karst catalog rescue)',
    )
  }
  const orphans = findings.filter(({ kind }) => kind === 'orphan')
  const unnamed = findings.filter(({ kind }) => kind === 'unnamed')
  for (let at = 0; at < orphans.length; at += objectsPerPage) {
    await dropOrphans(parts, orphans.slice(at, at + objectsPerPage))
  }
  for (const finding of unnamed) {
    finding.isRepaired = await discardUnnamed(parts, finding.subject)
  }
  const count = (some: readonly Finding[]): number =>
    some.filter(({ isRepaired }) => isRepaired).length
  return { orphans: count(orphans), unnamed: count(unnamed) }
}

async function dropOrphans(parts: RepairParts, some: readonly Finding[]): Promise<void> {
  const { database, objects: store, clusterId, nowMs } = parts
  const ids = some.map(({ subject }) => subject)
  await claimStrays(database, ids, nowMs)
  const rows = await database.snapshot('read claims', (tx) =>
    tx.get(
      objects,
      ids.map((id) => [id]),
    ),
  )
  for (const [at, finding] of some.entries()) {
    if (rows[at]?.state !== 'cancelled') continue // its commit came after all
    await store.delete(objectKey(clusterId, finding.subject))
    finding.isRepaired = true
  }
}

/** True where nothing named it under its lock. */
function discardUnnamed({ database, nowMs }: RepairParts, objectId: string): Promise<boolean> {
  return database.transaction('discard unnamed', async (tx) => {
    const [row] = await tx.lock(objects, [[objectId]], 'exclusive')
    if (row?.state !== 'live' || row.kind !== 'packed') return false
    const named = await tx.scan(objectUses, { prefix: [objectId], limit: 1 })
    if (named.length > 0) return false
    await tx.put(objects, [{ ...row, state: 'garbage', unnamedMs: nowMs }])
    return true
  })
}
