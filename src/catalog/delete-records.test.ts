import assert from 'node:assert/strict'
import { catalogTest } from '../../test/log/catalogs.ts'
import { partitionRow } from './contract-subject.ts'
import type { CatalogDatabase } from './database.ts'
import { deleteRecordsBefore } from './delete-records.ts'
import { extents, objects, objectUses, partitions, topics } from './schema.ts'

const id = 7
const objectId = 'packed-1'
const nowMs = 50

/** A topic whose partition holds 0 to 30, packed in three extents of one object. */
async function fill(database: CatalogDatabase, deletedMs: number | null = null): Promise<void> {
  const row = partitionRow(id, { logEnd: 40, packedEnd: 30 })
  const { topicId } = row
  const named = { topicId, name: 't', partitionIds: `[${id}]`, configs: '{}', configVersion: 0 }
  const object = { objectId, kind: 'packed', state: 'live', size: 30 } as const
  await database.transaction('fill', async (tx) => {
    await tx.put(topics, [{ ...named, replicationFactor: 1, createdMs: 1, deletedMs }])
    await tx.put(partitions, [row])
    const some = [0, 10, 20].map((baseOffset) => {
      const place = { objectId, position: baseOffset, length: 10, nextOffset: baseOffset + 10 }
      const rest = { maxTimestampMs: 1, leaderEpoch: 0, createdMs: 1 }
      return { partitionId: id, baseOffset, ...place, ...rest }
    })
    await tx.put(extents, some)
    await tx.put(objects, [{ ...object, createdMs: 1, unnamedMs: null }])
    await tx.put(objectUses, [{ objectId, partitionId: id, extents: 3 }])
  })
}

async function look(
  database: CatalogDatabase,
): Promise<{ start: number | undefined; bases: number[]; state: string | undefined }> {
  return database.snapshot('look', async (tx) => {
    const [row] = await tx.get(partitions, [[id]])
    const named = await tx.scan(extents, { prefix: [id], limit: 10 })
    const [object] = await tx.get(objects, [[objectId]])
    const bases = named.map(({ baseOffset }) => baseOffset)
    return { start: row?.logStart, bases, state: object?.state }
  })
}

catalogTest('the log start rises inside an extent, and what is below goes', async (database) => {
  await fill(database)
  const deleted = await deleteRecordsBefore(database, id, 15, nowMs)
  assert.deepEqual(deleted, { outcome: 'deleted', logStart: 15 })
  assert.deepEqual(await look(database), { start: 15, bases: [10, 20], state: 'live' })
  const older = await deleteRecordsBefore(database, id, 3, nowMs)
  assert.deepEqual(older, { outcome: 'deleted', logStart: 15 }, 'it never goes back')
  const all = await deleteRecordsBefore(database, id, 'log-end', nowMs)
  assert.deepEqual(all, { outcome: 'deleted', logStart: 40 })
  assert.deepEqual(await look(database), { start: 40, bases: [], state: 'garbage' })
})

catalogTest('what is out of range, or gone, changes nothing', async (database) => {
  await fill(database)
  for (const before of [-1, 41]) {
    const result = await deleteRecordsBefore(database, id, before, nowMs)
    assert.deepEqual(result, { outcome: 'out-of-range' })
  }
  const none = await deleteRecordsBefore(database, id + 1, 0, nowMs)
  assert.deepEqual(none, { outcome: 'unknown-partition' })
  assert.deepEqual(await look(database), { start: 0, bases: [0, 10, 20], state: 'live' })
})

catalogTest('a topic that is deleted loses nothing by this', async (database) => {
  await fill(database, 5)
  const result = await deleteRecordsBefore(database, id, 10, nowMs)
  assert.deepEqual(result, { outcome: 'unknown-partition' })
  assert.equal((await look(database)).start, 0)
})
