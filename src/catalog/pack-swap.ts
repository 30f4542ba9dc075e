/**
 * Puts packed extents in the place of journal runs: the one transaction of packing that decides.
 * What it replaces is named and checked in it, so a packer that was late, fenced or cut off does no
 * harm (pitfall C5).
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import { noteChange } from './change-log.ts'
import { drawNumbers } from './counters.ts'
import type { CatalogDatabase, Transaction } from './database.ts'
import {
  type ExtentRow,
  extents,
  type ObjectRow,
  objects,
  objectUses,
  type PartitionRow,
  partitions,
} from './schema.ts'

/** Consecutive batches of one partition in a packed object, with their final offsets. */
export interface PackedExtent {
  readonly baseOffset: number
  readonly nextOffset: number
  /** In the object. */
  readonly position: number
  readonly length: number
  readonly maxTimestampMs: number
  readonly leaderEpoch: number
}

/** What a packed object holds of one partition. */
export interface PackedPart {
  readonly partitionId: number
  /** Where packing had come to when its runs were taken. */
  readonly fromOffset: number
  /** Where it comes to. */
  readonly toOffset: number
  /** In the order of offsets; fewer than the range, where records were dropped meanwhile. */
  readonly extents: readonly PackedExtent[]
}

export interface SwappedPart {
  readonly partitionId: number
  /** True where this transaction did it. */
  readonly isSwapped: boolean
  /** Where packing has come to, whoever did it; undefined where the partition is gone. */
  readonly packedEnd: number | undefined
}

/** Partitions locked, and rows written, in one transaction: some milliseconds on SQLite. */
export const swapPartsMax = 200

/** Ids of packed objects in the order of their numbers, also as text. Persisted. */
export const packedObjectId = (number: number): string =>
  `packed-${String(number).padStart(16, '0')}`

/** The number in the id of a packed object; undefined where it is no such id. */
export function packedNumberOf(objectId: string): number | undefined {
  const digits = /^packed-(\d{16})$/.exec(objectId)?.[1]
  return digits === undefined ? undefined : Number(digits)
}

/**
 * Gives a new object its name and its row, before there are bytes: whatever fails later, a sweeper
 * finds it.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': claim another.
 */
export async function claimPackedObject(
  database: CatalogDatabase,
  nowMs: number,
): Promise<{ readonly objectId: string; readonly number: number }> {
  const number = await drawNumbers(database, 'object.id', 1)
  const objectId = packedObjectId(number)
  const row = { objectId, kind: 'packed', state: 'writing', size: 0 } as const
  await database.transaction('claim object', (tx) =>
    tx.insert(objects, [{ ...row, createdMs: nowMs, unnamedMs: null }]),
  )
  return { objectId, number }
}

/**
 * Names the parts' extents, where each partition is still as it was when its runs were taken; the
 * other parts are void. Swapping again after a lost answer tells what became of it. Without an
 * object, parts without extents only.
 *
 * @throws Failure 'conflict': the object was cancelled; nothing was written.
 * @throws Failure 'unavailable': nothing was written. 'unknown-outcome': swap again.
 */
export function swapPacked(
  database: CatalogDatabase,
  object: { readonly objectId: string; readonly size: number } | undefined,
  parts: readonly PackedPart[],
  nowMs: number,
): Promise<SwappedPart[]> {
  assert(parts.length <= swapPartsMax, `a swap takes at most ${swapPartsMax} partitions`)
  return database.transaction('swap packed', async (tx) => {
    const keys = parts.map(({ partitionId }) => [partitionId])
    const rows = new Map<number, PartitionRow>()
    for (const row of await tx.lock(partitions, keys, 'exclusive')) rows.set(row.partitionId, row)
    const claim = object && (await lockClaim(tx, object.objectId))
    const fresh = parts.filter((part) => rows.get(part.partitionId)?.packedEnd === part.fromOffset)
    const isNamed = await writeParts(tx, object?.objectId, fresh, rows, nowMs)
    if (isNamed && claim?.state === 'writing') {
      const live: ObjectRow = { ...claim, state: 'live', size: object?.size ?? 0 }
      await tx.put(objects, [live])
    }
    const names = fresh.map(({ partitionId }) => partitionId)
    await noteChange(tx, { kind: 'partition', names })
    const swapped = new Set(fresh)
    return parts.map((part) => {
      const { partitionId, toOffset } = part
      const isSwapped = swapped.has(part)
      const packedEnd = isSwapped ? toOffset : rows.get(partitionId)?.packedEnd
      return { partitionId, isSwapped, packedEnd }
    })
  })
}

/** Locked behind the partitions, as the order of locks wants it. */
async function lockClaim(tx: Transaction, objectId: string): Promise<ObjectRow> {
  const [row] = await tx.lock(objects, [[objectId]], 'exclusive')
  if (row?.state === 'writing' || row?.state === 'live') return row
  throw new Failure('conflict', `object ${objectId} is ${row?.state ?? 'gone'}: its swap is void`)
}

/** True where the object is named by anything now. */
async function writeParts(
  tx: Transaction,
  objectId: string | undefined,
  parts: readonly PackedPart[],
  rows: ReadonlyMap<number, PartitionRow>,
  createdMs: number,
): Promise<boolean> {
  const named: ExtentRow[] = []
  const uses: { objectId: string; partitionId: number; extents: number }[] = []
  const grown: PartitionRow[] = []
  for (const { partitionId, toOffset, extents: offered } of parts) {
    const row = rows.get(partitionId) as PartitionRow
    const kept = offered.filter((extent) => extent.nextOffset > row.logStart)
    if (kept.length > 0) {
      assert(objectId !== undefined, 'extents are in an object')
      for (const extent of kept) named.push({ partitionId, objectId, createdMs, ...extent })
      uses.push({ objectId, partitionId, extents: kept.length })
    }
    grown.push({ ...row, packedEnd: toOffset })
  }
  if (grown.length > 0) await tx.put(partitions, grown)
  if (named.length > 0) await tx.put(extents, named)
  if (uses.length > 0) await tx.put(objectUses, uses)
  return uses.length > 0
}
