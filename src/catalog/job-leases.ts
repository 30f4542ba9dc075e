/**
 * Which broker runs a job of the cluster. A lease saves work and protects nothing: what a job
 * replaces is named and checked in the transaction that replaces it. It lives as long as its
 * holder's heartbeats do, so that nothing has to be renewed.
 */
import type { CatalogDatabase } from './database.ts'
import { leases } from './schema.ts'

/**
 * Takes the lease where nobody has it or its holder is dead; true where it is held now.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': ask again.
 */
export async function takeLease(
  database: CatalogDatabase,
  name: string,
  incarnation: number,
  isAlive: (incarnation: number) => boolean,
): Promise<boolean> {
  const [seen] = await database.snapshot('read lease', (tx) => tx.get(leases, [[name]]))
  if (seen !== undefined && seen.incarnation === incarnation) return true
  if (seen !== undefined && isAlive(seen.incarnation)) return false
  return database.transaction('take lease', async (tx) => {
    const own = { name, incarnation, expiresMs: 0 }
    const [isNew] = await tx.insert(leases, [own])
    if (isNew === true) return true
    const [row] = await tx.lock(leases, [[name]], 'exclusive')
    if (row?.incarnation !== seen?.incarnation) return row?.incarnation === incarnation
    await tx.put(leases, [own])
    return true
  })
}

/**
 * Gives the lease back where this process has it, for another to take.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': ask again.
 */
export async function leaveLease(
  database: CatalogDatabase,
  name: string,
  incarnation: number,
): Promise<void> {
  const [seen] = await database.snapshot('read lease', (tx) => tx.get(leases, [[name]]))
  if (seen?.incarnation !== incarnation) return
  await database.transaction('leave lease', async (tx) => {
    const [row] = await tx.lock(leases, [[name]], 'exclusive')
    if (row?.incarnation === incarnation) await tx.delete(leases, [[name]])
  })
}
