/**
 * The end of journal objects: which of them hold nothing but packed, dropped or refused batches,
 * their death, and the end of their groups' rows.
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import { type CatalogDatabase, catalogLimits, type ReadTransaction } from './database.ts'
import { isInline } from './group-objects.ts'
import { decodeManifest, type Run } from './manifest.ts'
import { type CommitLogRow, commitLog, objects, partitions, topics } from './schema.ts'
import { compareKeys } from './table.ts'
import {
  groupsBehind,
  incarnationsIn,
  type PackedGroups,
  readPackedGroups,
  writePackedGroups,
} from './tail.ts'

/** Groups looked at together: of 1,000 runs each at worst, they take some 50 ms. */
const groupsPerPage = 200

/** Commit log rows deleted in one transaction. */
const rowsPerDelete = 1_000

export interface FinishedObjects {
  /** Of those asked for: nothing unpacked is in them. */
  readonly finished: readonly string[]
  /** How far groups are packed, refused or cancelled, once the finished objects are ended. */
  readonly packedGroups: PackedGroups
  /** Groups looked at. */
  readonly groups: number
}

/** What a walk through the groups of one incarnation found. */
interface Walk {
  readonly incarnation: number
  /** Its last group; undefined: it has none. */
  readonly last: number | undefined
  /** By object the last group before its first one: how far the packed groups reach at most. */
  readonly before: ReadonlyMap<string, number | undefined>
  /** The last group before the first one whose markers are not all packed. */
  readonly beforeMarkers: number | undefined | 'all-packed'
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
  const packed = await readPackedGroups(database)
  const search: Search = {
    database,
    asked: new Set(objectIds),
    blocked: new Set(),
    ends: new Map(),
  }
  const walks: Walk[] = []
  for (const incarnation of await database.snapshot('read incarnations', incarnationsIn)) {
    walks.push(await walk(search, incarnation, packed.get(incarnation)))
  }
  const finished = objectIds.filter((objectId) => !search.blocked.has(objectId))
  const others = walks.flatMap(({ before }) => [...before.keys()])
  const unasked = others.filter((objectId) => !search.asked.has(objectId))
  const done = new Set([...finished, ...(await endedObjects(database, unasked))])
  const packedGroups = new Map<number, number>()
  for (const each of walks) {
    const end = endOf(each, done)
    if (end !== undefined) packedGroups.set(each.incarnation, end)
  }
  return { finished, packedGroups, groups: walks.reduce((sum, { groups }) => sum + groups, 0) }
}

interface Search {
  readonly database: CatalogDatabase
  readonly asked: ReadonlySet<string>
  /** Objects in which something is not packed. */
  readonly blocked: Set<string>
  /** Where packing has come to, by partition. */
  readonly ends: Map<number, number>
}

async function walk(search: Search, incarnation: number, from: number | undefined): Promise<Walk> {
  const before = new Map<string, number | undefined>()
  let beforeMarkers: Walk['beforeMarkers'] = 'all-packed'
  let last = from
  let groups = 0
  for (;;) {
    const rows = await walkPage(search, incarnation, last)
    for (const { row, isUnpacked } of rows) {
      if (row.objectId === '') {
        if (isUnpacked && beforeMarkers === 'all-packed') beforeMarkers = last
      } else if (row.state === 'committed' && !before.has(row.objectId)) {
        before.set(row.objectId, last)
      }
      last = row.groupNumber
    }
    groups += rows.length
    if (rows.length < groupsPerPage) break
  }
  return { incarnation, last, before, beforeMarkers, groups }
}

function walkPage(
  { database, asked, blocked, ends }: Search,
  incarnation: number,
  last: number | undefined,
): Promise<{ readonly row: CommitLogRow; readonly isUnpacked: boolean }[]> {
  return database.snapshot('read groups', async (tx) => {
    const page = await groupsBehind(tx, incarnation, last, groupsPerPage)
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
}

/** Up to where the groups of a walk are packed, where the objects in `done` are. */
function endOf(
  { last, before, beforeMarkers }: Walk,
  done: ReadonlySet<string>,
): number | undefined {
  const ofMarkers = beforeMarkers === 'all-packed' ? last : beforeMarkers
  for (const [objectId, end] of before) {
    if (done.has(objectId)) continue
    // In the order of groups: the first is the least.
    return end === undefined || ofMarkers === undefined ? undefined : Math.min(end, ofMarkers)
  }
  return ofMarkers
}

/**
 * Of objects that commits have named those that are ended, or gone already, row and all.
 *
 * @throws Failure 'unavailable'
 */
export async function endedObjects(
  database: CatalogDatabase,
  objectIds: readonly string[],
): Promise<string[]> {
  const ended: string[] = []
  for (let at = 0; at < objectIds.length; at += catalogLimits.scanRowsMax) {
    const some = objectIds.slice(at, at + catalogLimits.scanRowsMax)
    const keys = some.map((objectId) => [objectId])
    const rows = await database.snapshot('read ended objects', (tx) => tx.get(objects, keys))
    ended.push(...some.filter((_, index) => rows[index]?.state !== 'live'))
  }
  return ended
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

/** Objects ended in one transaction: each takes two statements under its lock. */
export const endedObjectsMax = 200

/**
 * Makes journal objects garbage, at most `endedObjectsMax`: from now on a commit that names one is
 * refused, and a starting broker does not look for it. Only then may their space be used again.
 * `packedGroups` comes with the last of what `findFinished` found.
 *
 * @throws Failure 'unavailable': nothing was written. 'unknown-outcome': end them again.
 */
export function endJournalObjects(
  database: CatalogDatabase,
  found: {
    readonly finished: readonly string[]
    readonly packedGroups: PackedGroups | undefined
  },
  nowMs: number,
): Promise<void> {
  const { finished, packedGroups } = found
  assert(finished.length <= endedObjectsMax, `at most ${endedObjectsMax} objects are ended at once`)
  return database.transaction('end journal objects', async (tx) => {
    const end = { state: 'garbage', unnamedMs: nowMs } as const
    const ids = finished.toSorted((a, b) => compareKeys([a], [b]))
    // Their ids come first in the order of locks. One that is gone is another's work: its group is
    // decided, so that no commit names it again.
    const inline = ids.filter(isInline).map((objectId) => [objectId])
    if (inline.length > 0) {
      const rows = await tx.lock(objects, inline, 'exclusive')
      const ended = rows.filter(({ state }) => state === 'live').map((row) => ({ ...row, ...end }))
      if (ended.length > 0) await tx.put(objects, ended)
    }
    // One after another: a row that is not there is claimed, in the order of locks like the others.
    for (const objectId of ids.filter((id) => !isInline(id))) {
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
 * a group. Resolves with how many; to be repeated until it is done.
 *
 * @throws Failure 'unavailable' | 'unknown-outcome': call again.
 */
export async function expireGroups(
  database: CatalogDatabase,
  beforeMs: number,
): Promise<{ readonly deleted: number; readonly isDone: boolean }> {
  const packed = await readPackedGroups(database)
  let deleted = 0
  let isDone = true
  for (const [incarnation, last] of packed) {
    const count = await database.transaction('expire groups', async (tx) => {
      const page = await groupsBehind(tx, incarnation, undefined, rowsPerDelete)
      const due = page.filter(
        ({ groupNumber, createdMs }) => createdMs < beforeMs && groupNumber <= last,
      )
      const keys = due.map(({ groupNumber }) => [incarnation, groupNumber])
      return keys.length === 0 ? 0 : tx.delete(commitLog, keys)
    })
    deleted += count
    if (count === rowsPerDelete) isDone = false
  }
  return { deleted, isDone }
}
