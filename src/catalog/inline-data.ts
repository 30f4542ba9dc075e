/**
 * Bytes of small groups inside the catalog: written by the commit that gives them offsets, read by
 * every broker, dropped once they are packed and the grace of readers is over.
 */
import { assert } from '../base/assert.ts'
import { Failure } from '../base/errors.ts'
import type { GroupIntent } from './commit-groups.ts'
import type { CatalogDatabase, CatalogReader, Transaction } from './database.ts'
import { groupOfInline, inlineObjectId } from './group-objects.ts'
import { inlineData } from './schema.ts'
import { compareKeys } from './table.ts'

/** Bytes of one group: the hard bound of what a commit carries beside its rows. */
const groupBytesHardMax = 256 * 1024

/** Of a commit, behind its claims: the groups' ids are this transaction's own. */
export async function writeInline(tx: Transaction, groups: readonly GroupIntent[]): Promise<void> {
  const rows = groups.flatMap(({ incarnation, groupNumber, inline }) => {
    if (inline === undefined) return []
    assert(inline.length <= groupBytesHardMax, 'only small groups travel in their commit')
    return [{ incarnation, groupNumber, bytes: inline }]
  })
  if (rows.length > 0) await tx.put(inlineData, rows)
}

/**
 * The bytes of an inline object, whole.
 *
 * @throws Failure 'not-found': packed and dropped. 'unavailable': try again.
 */
export async function readInline(database: CatalogReader, objectId: string): Promise<Uint8Array> {
  const [row] = await database.snapshot('read inline', (tx) =>
    tx.get(inlineData, [keyOf(objectId)]),
  )
  if (row === undefined) throw new Failure('not-found', `no inline object ${objectId}`)
  return row.bytes
}

/**
 * The bytes of an inline object, and of those that its lane brought behind it, at most `limit`; the
 * object itself is not among them where it was dropped.
 *
 * @throws Failure 'unavailable': try again. 'not-found': it is no such object.
 */
export async function readInlineFrom(
  database: CatalogDatabase,
  objectId: string,
  limit: number,
): Promise<{ readonly objectId: string; readonly bytes: Uint8Array }[]> {
  const [incarnation, groupNumber] = keyOf(objectId)
  const range = { prefix: [incarnation], from: [groupNumber], limit }
  const rows = await database.snapshot('read inline', (tx) => tx.scan(inlineData, range))
  return rows.map((row) => ({ objectId: inlineObjectId(row), bytes: row.bytes }))
}

/** Drops the bytes of objects that nothing names. @throws Failure 'unavailable' | 'unknown-outcome' */
export function dropInline(
  database: CatalogDatabase,
  objectIds: readonly string[],
): Promise<number> {
  const keys = objectIds.map(keyOf).toSorted(compareKeys)
  return database.transaction('drop inline', (tx) => tx.delete(inlineData, keys))
}

function keyOf(objectId: string): readonly [number, number] {
  const group = groupOfInline(objectId)
  if (group === undefined) throw new Failure('not-found', `no inline object ${objectId}`)
  return [group.incarnation, group.groupNumber]
}
