/**
 * Puts one packed extent in the place of small neighbours, whose bytes it holds: the transaction of
 * the second level of packing that decides. What it replaces is named and checked in it.
 */
import { Failure } from '../base/errors.ts'
import { noteChange } from './change-log.ts'
import { areNamed } from './compact-swap.ts'
import type { CatalogDatabase } from './database.ts'
import type { PackedExtent } from './pack-swap.ts'
import { releaseExtents } from './retain-extents.ts'
import { type ExtentRow, extents, objects, objectUses, partitions } from './schema.ts'

/** Neighbours that one extent replaces, and rows read at once: some milliseconds on SQLite. */
export const mergedExtentsMax = 500

/** Extents from the one that holds `from` on. @throws Failure 'unavailable' */
export function readExtentsFrom(
  database: CatalogDatabase,
  partitionId: number,
  from: number,
): Promise<ExtentRow[]> {
  const range = { prefix: [partitionId], from: [from], limit: mergedExtentsMax }
  return database.snapshot('read extents to merge', (tx) => tx.scan(extents, range))
}

export interface MergedPart {
  readonly partitionId: number
  /** Consecutive ones, in the order of offsets. */
  readonly replaced: readonly ExtentRow[]
  /** They tile the same range. */
  readonly extents: readonly PackedExtent[]
}

/**
 * Replaces the extents, all or none; 'void' where one of them is not there any more. Swapping again
 * after a lost answer tells what became of it. An object may be swapped in for many partitions, one
 * after another.
 *
 * @throws Failure 'conflict': the object was cancelled; nothing was written.
 * @throws Failure 'unavailable': nothing was written. 'unknown-outcome': swap again.
 */
export function swapMerged(
  database: CatalogDatabase,
  object: { readonly objectId: string; readonly size: number },
  { partitionId, replaced, extents: offered }: MergedPart,
  nowMs: number,
): Promise<'swapped' | 'void'> {
  const { objectId, size } = object
  return database.transaction('swap merged', async (tx) => {
    const [row] = await tx.lock(partitions, [[partitionId]], 'exclusive')
    const [use] = await tx.get(objectUses, [[objectId, partitionId]])
    // An earlier call of the same, whose answer was lost.
    if (use !== undefined) return 'swapped'
    if (row === undefined || !(await areNamed(tx, replaced))) return 'void'
    await tx.delete(
      extents,
      replaced.map(({ baseOffset }) => [partitionId, baseOffset]),
    )
    const createdMs = Math.max(...replaced.map((extent) => extent.createdMs))
    const named = offered.map((each) => ({ partitionId, objectId, createdMs, ...each }))
    await tx.put(extents, named)
    await tx.put(objectUses, [{ objectId, partitionId, extents: named.length }])
    // In the order of locks: what is replaced was named before this object got its number.
    await releaseExtents(tx, partitionId, replaced, nowMs)
    const [claim] = await tx.lock(objects, [[objectId]], 'exclusive')
    const live = { state: 'live', size } as const
    if (claim?.state === 'writing') await tx.put(objects, [{ ...claim, ...live }])
    else if (claim?.state !== 'live') {
      throw new Failure('conflict', `object ${objectId} is ${claim?.state ?? 'gone'}`)
    }
    await noteChange(tx, { kind: 'partition', names: [partitionId] })
    return 'swapped'
  })
}
