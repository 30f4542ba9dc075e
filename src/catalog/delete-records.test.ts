import assert from 'node:assert/strict'
import { catalogTest } from '../../test/log/catalogs.ts'
import { partitionRow } from './contract-subject.ts'
import type { CatalogDatabase } from './database.ts'
import { deleteRecordsBefore } from './delete-records.ts'
import { readAborted, readPartitionEnds } from './read-transactions.ts'
import { raiseLogStart } from './retain-extents.ts'
import { extents, objects, objectUses, partitions, topics } from './schema.ts'
import { abortedRanges, openTransactions } from './schema-transactions.ts'

const id = 7
const objectId = 'packed-1'
const nowMs = 50

/** A topic whose partition holds 0 to 30, packed in three extents of one object. */
async function fill(database: CatalogDatabase, deletedMs: number | null = null): Promise<void> {
  const row = partitionRow(id, { logEnd: 40, packedEnd: 30 })
  const { topicId } = row
  const named = {
    topicId,
    name: 't',
    partitionIds: `[${id}]`,
    configs: '{}',
    contract: null,
    configVersion: 0,
  }
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

catalogTest('aborted ranges go when the log start has passed their markers', async (database) => {
  await fill(database)
  const ranges = [5, 14, 15, 30].map((lastOffset) => {
    return { partitionId: id, lastOffset, firstOffset: 2, producerId: 1, stableOffset: 31 }
  })
  const elsewhere = { ...ranges[0]!, partitionId: id + 1 }
  await database.transaction('abort', (tx) => tx.put(abortedRanges, [...ranges, elsewhere]))
  const left = async (): Promise<number[]> => {
    const rows = await database.snapshot('look', (tx) =>
      tx.scan(abortedRanges, { prefix: [id], limit: 10 }),
    )
    return rows.map(({ lastOffset }) => lastOffset)
  }
  await deleteRecordsBefore(database, id, 15, nowMs)
  assert.deepEqual(await left(), [15, 30], 'the marker at the log start is still read')
  await raiseLogStart(database, id, 31, nowMs)
  assert.deepEqual(await left(), [])
  const others = await database.snapshot('look', (tx) =>
    tx.scan(abortedRanges, { prefix: [], limit: 10 }),
  )
  assert.equal(others.length, 1, 'those of other partitions stay')
})

catalogTest('ends are of one snapshot: row, and last stable offset', async (database) => {
  await fill(database)
  const ends = async (): Promise<unknown> => {
    const found = await readPartitionEnds(database, [id, id + 1])
    return found.map((each) => each && [each.row.logStart, each.stableEnd, each.row.logEnd])
  }
  assert.deepEqual(await ends(), [[0, 40, 40], undefined])
  const open = [33, 12].map((firstOffset) => ({ partitionId: id, firstOffset, producerId: 1 }))
  await database.transaction('open', (tx) => tx.put(openTransactions, open))
  assert.deepEqual(await ends(), [[0, 12, 40], undefined])
  await deleteRecordsBefore(database, id, 20, nowMs)
  assert.deepEqual(await ends(), [[20, 20, 40], undefined], 'never below the log start')
  assert.deepEqual(await readAborted(database, id, 19, 40), undefined)
  const none = { ranges: [], isLast: true, rangesGone: 0 }
  assert.deepEqual(await readAborted(database, id, 20, 40), none)
})
