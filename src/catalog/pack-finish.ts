/**
 * The end of journal objects: which of them hold nothing but packed, dropped or refused batches,
 * their death, and the end of their groups' rows.
 */
import { Failure } from '../base/errors.ts'
import type { CatalogDatabase, ReadTransaction } from './database.ts'
import { decodeManifest, type Run } from './manifest.ts'
import { type CommitLogRow, commitLog, objects, partitions, topics } from './schema.ts'
import { compareKeys } from './table.ts'
import { type GroupKey, readPackedGroups, writePackedGroups } from './tail.ts'

/** Groups looked at together: of 1,000 runs each at worst, they take some 50 ms. */
const groupsPerPage = 200

/** Commit log rows deleted in one transaction. */
const rowsPerDelete = 1_000

export interface FinishedObjects {
  /** Of those asked for: nothing unpacked is in them. */
  readonly finished: readonly string[]
  /** Groups up to here are packed, refused or cancelled, once the finished objects are ended. */
  readonly packedGroups: GroupKey | undefined
  /** Groups looked at. */
  readonly groups: number
}

/**
 * Holds journal objects against the catalog: an object is finished when each of its runs is packed,
 * or its partition is gone. Every group of theirs must be decided. Takes bounded steps, each on a
 * snapshot of its own: what is packed stays packed.
 *
 * @throws Failure 'unavailable' | 'corrupt'
 */
export async function findFinished(
  database: CatalogDatabase,
  objectIds: readonly string[],
): Promise<FinishedObjects> {
  const asked = new Set(objectIds)
  const blocked = new Set<string>()
  const ends = new Map<number, number>()
  /** By object the last group before its first one: how far the packed groups reach at most. */
  const before = new Map<string, GroupKey | undefined>()
  let last = await readPackedGroups(database)
  /** The last group before the first one whose markers are not all packed. */
  let beforeMarkers: GroupKey | undefined | 'all-packed' = 'all-packed'
  let groups = 0
  for (;;) {
    const rows = await database.snapshot('read groups', async (tx) => {
      const page = await groupsBehind(tx, last, groupsPerPage)
      const named = page.filter(
        ({ state, objectId }) => state === 'committed' && (objectId === '' || asked.has(objectId)),
      )
      const held = new Map(
        named.map((row) => [row, decodeManifest(row.manifest, row.objectId, row.position)]),
      )
      const runs = [...held.values()].flat()
      await readPackedEnds(tx, ends, new Set(runs.map(({ partitionId }) => partitionId)))
      const isUnpacked = ({ partitionId, nextOffset }: Run): boolean =>
        nextOffset > (ends.get(partitionId) ?? 0)
      for (const run of runs)
        if (run.marker === undefined && isUnpacked(run)) blocked.add(run.objectId)
      return page.map((row) => ({ row, isUnpacked: held.get(row)?.some(isUnpacked) ?? false }))
    })
    for (const { row, isUnpacked } of rows) {
      if (row.objectId === '') {
        if (isUnpacked && beforeMarkers === 'all-packed') beforeMarkers = last
      } else if (row.state === 'committed' && !before.has(row.objectId)) {
        before.set(row.objectId, last)
      }
      last = { incarnation: row.incarnation, groupNumber: row.groupNumber }
    }
    groups += rows.length
    if (rows.length < groupsPerPage) break
  }
  const finished = objectIds.filter((objectId) => !blocked.has(objectId))
  const done = new Set(finished)
  const others = [...before.keys()].filter((objectId) => !asked.has(objectId))
  for (const objectId of await endedAmong(database, others)) done.add(objectId)
  const ofMarkers = beforeMarkers === 'all-packed' ? last : beforeMarkers
  for (const [objectId, end] of before) {
    if (done.has(objectId)) continue
    // In the order of groups: the first is the least.
    return { finished, packedGroups: earlier(end, ofMarkers), groups }
  }
  return { finished, packedGroups: ofMarkers, groups }
}

/** Undefined is before all groups. */
function earlier(a: GroupKey | undefined, b: GroupKey | undefined): GroupKey | undefined {
  if (a === undefined || b === undefined) return undefined
  return compareKeys([a.incarnation, a.groupNumber], [b.incarnation, b.groupNumber]) < 0 ? a : b
}

/** Those that were ended while an object before them was not finished. */
async function endedAmong(
  database: CatalogDatabase,
  objectIds: readonly string[],
): Promise<string[]> {
  const keys = objectIds.map((objectId) => [objectId])
  const rows = await database.snapshot('read ended objects', (tx) => tx.get(objects, keys))
  return rows.flatMap((row) => (row?.state === 'garbage' ? [row.objectId] : []))
}

/** Where packing has come to, by partition; beyond all offsets where the partition is gone. */
async function readPackedEnds(
  tx: ReadTransaction,
  ends: Map<number, number>,
  partitionIds: ReadonlySet<number>,
): Promise<void> {
  const unknown = [...partitionIds].filter((id) => !ends.has(id))
  const rows = await tx.get(
    partitions,
    unknown.map((id) => [id]),
  )
  const topicIds = [...new Set(rows.flatMap((row) => row?.topicId ?? []))]
  const owners = await tx.get(
    topics,
    topicIds.map((id) => [id]),
  )
  const living = new Set(owners.flatMap((row) => (row?.deletedMs === null ? [row.topicId] : [])))
  for (const [index, id] of unknown.entries()) {
    const row = rows[index]
    const isLiving = row !== undefined && living.has(row.topicId)
    ends.set(id, isLiving ? row.packedEnd : Number.MAX_SAFE_INTEGER)
  }
}

function groupsBehind(
  tx: ReadTransaction,
  last: GroupKey | undefined,
  limit: number,
): Promise<CommitLogRow[]> {
  const range = { prefix: [], limit }
  if (last === undefined) return tx.scan(commitLog, range)
  return tx.scan(commitLog, { ...range, after: [last.incarnation, last.groupNumber] })
}

/**
 * Makes journal objects garbage: from now on a commit that names one is refused, and a starting
 * broker does not look for it. Only then may their space be used again.
 *
 * @throws Failure 'unavailable': nothing was written. 'unknown-outcome': end them again.
 */
export function endJournalObjects(
  database: CatalogDatabase,
  { finished, packedGroups }: Pick<FinishedObjects, 'finished' | 'packedGroups'>,
  nowMs: number,
): Promise<void> {
  return database.transaction('end journal objects', async (tx) => {
    const end = { state: 'garbage', unnamedMs: nowMs } as const
    // One after another: a row that is not there is claimed, in the order of locks like the others.
    for (const objectId of finished.toSorted((a, b) => compareKeys([a], [b]))) {
      const [row] = await tx.lock(objects, [[objectId]], 'exclusive')
      if (row?.state === 'live') await tx.put(objects, [{ ...row, ...end }])
      if (row !== undefined) continue
      // No commit ever named it; none may begin to.
      const claim = { objectId, kind: 'journal', size: 0, createdMs: nowMs, ...end } as const
      const [isClaimed] = await tx.insert(objects, [claim])
      if (isClaimed !== true) {
        throw new Failure(
          'unavailable',
          'a journal object was named while it was ended: look again',
        )
      }
    }
    if (packedGroups !== undefined) await writePackedGroups(tx, packedGroups)
  })
}

/**
 * Deletes rows of packed groups that began before `beforeMs`: until then they answer what became of
 * a group. Resolves with how many; fewer than the bound means that no more are due.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': call again.
 */
export async function expireGroups(
  database: CatalogDatabase,
  beforeMs: number,
): Promise<{ readonly deleted: number; readonly isDone: boolean }> {
  const packed = await readPackedGroups(database)
  if (packed === undefined) return { deleted: 0, isDone: true }
  return database.transaction('expire groups', async (tx) => {
    const page = await tx.scan(commitLog, { prefix: [], limit: rowsPerDelete })
    const due = page.filter(
      ({ incarnation, groupNumber, createdMs }) =>
        createdMs < beforeMs &&
        (incarnation < packed.incarnation ||
          (incarnation === packed.incarnation && groupNumber <= packed.groupNumber)),
    )
    const keys = due.map(({ incarnation, groupNumber }) => [incarnation, groupNumber])
    const deleted = keys.length === 0 ? 0 : await tx.delete(commitLog, keys)
    return { deleted, isDone: due.length < rowsPerDelete }
  })
}
