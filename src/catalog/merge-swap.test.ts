/** One extent in the place of neighbours: once, all or none. */
import assert from 'node:assert/strict'
import { isFailure } from '../base/errors.ts'
import { catalogTest } from '../../test/log/catalogs.ts'
import type { CatalogDatabase } from './database.ts'
import { type MergedPart, readExtentsFrom, swapMerged } from './merge-swap.ts'
import { claimPackedObject, type PackedExtent, swapPacked } from './pack-swap.ts'
import { raiseLogStart } from './retain-extents.ts'
import { type ObjectRow, objects, partitions } from './schema.ts'
import { createTopic } from './topics.ts'

const topicId = 'dG9waWMtb2YtbWVyZ2luZw'

function extentAt(baseOffset: number, nextOffset: number): PackedExtent {
  const place = { position: 48, length: 10 * (nextOffset - baseOffset) }
  return { baseOffset, nextOffset, ...place, maxTimestampMs: 1, leaderEpoch: 0 }
}

/** A partition of three extents, each in an object of its own. */
async function packed(database: CatalogDatabase): Promise<{ id: number; objectIds: string[] }> {
  const shape = { name: 't', replicationFactor: 1, configs: {}, nowMs: 0, leaderEpoch: 0 }
  const made = await createTopic(database, { ...shape, topicId, partitionCount: 1 })
  const [id = -1] = made.outcome === 'created' ? made.topic.partitionIds : []
  await database.transaction('grow', async (tx) => {
    const [row] = await tx.lock(partitions, [[id]], 'exclusive')
    if (row !== undefined) await tx.put(partitions, [{ ...row, logEnd: 30 }])
  })
  const objectIds: string[] = []
  for (const from of [0, 10, 20]) {
    const { objectId } = await claimPackedObject(database, 0)
    const offsets = { fromOffset: from, toOffset: from + 10 }
    const part = { partitionId: id, ...offsets, extents: [extentAt(from, from + 10)] }
    await swapPacked(database, { objectId, size: 200 }, [part], 0)
    objectIds.push(objectId)
  }
  return { id, objectIds }
}

async function mergedPart(database: CatalogDatabase, partitionId: number): Promise<MergedPart> {
  const replaced = await readExtentsFrom(database, partitionId, 0)
  return { partitionId, replaced, extents: [extentAt(0, 30)] }
}

function statesOf(database: CatalogDatabase, ids: readonly string[]): Promise<unknown[]> {
  const keys = ids.map((id) => [id])
  return database.snapshot('look', async (tx) => {
    return (await tx.get(objects, keys)).map((row) => row?.state)
  })
}

catalogTest('the old objects are garbage, and asking again changes nothing', async (database) => {
  const { id, objectIds } = await packed(database)
  const part = await mergedPart(database, id)
  const { objectId } = await claimPackedObject(database, 1)
  for (const nowMs of [2, 3]) {
    assert.equal(await swapMerged(database, { objectId, size: 400 }, part, nowMs), 'swapped')
    const states = await statesOf(database, [...objectIds, objectId])
    assert.deepEqual(states, ['garbage', 'garbage', 'garbage', 'live'])
    const rows = await readExtentsFrom(database, id, 0)
    assert.deepEqual(
      rows.map((row) => [row.objectId, row.baseOffset, row.nextOffset]),
      [[objectId, 0, 30]],
    )
  }
})

catalogTest('what is not there any more does not come back', async (database) => {
  const { id, objectIds } = await packed(database)
  const part = await mergedPart(database, id)
  await raiseLogStart(database, id, 12, 1)
  const { objectId } = await claimPackedObject(database, 1)
  assert.equal(await swapMerged(database, { objectId, size: 400 }, part, 2), 'void')
  const states = await statesOf(database, [...objectIds, objectId])
  assert.deepEqual(states, ['garbage', 'live', 'live', 'writing'], 'the sweeper finds it')
})

catalogTest('an object whose claim was taken away names nothing', async (database) => {
  const { id } = await packed(database)
  const part = await mergedPart(database, id)
  const { objectId } = await claimPackedObject(database, 1)
  await database.transaction('sweep', async (tx) => {
    const [row] = await tx.lock(objects, [[objectId]], 'exclusive')
    const gone = { ...row, state: 'cancelled', unnamedMs: 1 } as ObjectRow
    await tx.put(objects, [gone])
  })
  await assert.rejects(swapMerged(database, { objectId, size: 400 }, part, 2), (error) =>
    isFailure(error, 'conflict'),
  )
  assert.equal((await readExtentsFrom(database, id, 0)).length, 3)
})
