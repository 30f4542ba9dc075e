/** The swap, the end of journal objects, and what a starting broker reads of both. */
import assert from 'node:assert/strict'
import { isFailure } from '../base/errors.ts'
import { catalogTest } from '../../test/log/catalogs.ts'
import { commitGroups } from './commit-groups.ts'
import type { CatalogDatabase } from './database.ts'
import { endJournalObjects, expireGroups, findFinished } from './pack-finish.ts'
import { claimPackedObject, packedNumberOf, type PackedPart, swapPacked } from './pack-swap.ts'
import { raiseLogStart } from './retain-extents.ts'
import { commitLog, extents, objects, objectUses } from './schema.ts'
import { readPackedGroups, readTail } from './tail.ts'
import { createTopic, deleteTopic } from './topics.ts'

const topicId = 'dG9waWMtb2YtcGFja2luZw'

async function newTopic(database: CatalogDatabase): Promise<readonly number[]> {
  const shape = { name: 't', replicationFactor: 1, configs: {}, nowMs: 0, leaderEpoch: 0 }
  const result = await createTopic(database, { ...shape, topicId, partitionCount: 2 })
  return result.outcome === 'created' ? result.topic.partitionIds : []
}

/** Commits a group of one batch of ten offsets. */
async function commit(
  database: CatalogDatabase,
  groupNumber: number,
  partitionId: number,
  objectId: string,
): Promise<void> {
  const place = { objectId, position: 0, length: 200, bytesPosition: 100, createdMs: groupNumber }
  const intent = { topicId, partitionId, configVersion: 0, offsetCount: 10, byteLength: 100 }
  const producer = { producerId: -1, producerEpoch: -1, baseSequence: -1, maxTimestampMs: 1 }
  const appends = [{ ...intent, ...producer }]
  await commitGroups(database, [{ incarnation: 1, groupNumber, ...place, appends }])
}

function part(partitionId: number, fromOffset: number, toOffset: number): PackedPart {
  const place = { position: 48, length: 100, maxTimestampMs: 1, leaderEpoch: 0 }
  const extent = { baseOffset: fromOffset, nextOffset: toOffset, ...place }
  return { partitionId, fromOffset, toOffset, extents: [extent] }
}

async function stateOf(database: CatalogDatabase, objectId: string): Promise<string | undefined> {
  const [row] = await database.snapshot('look', (tx) => tx.get(objects, [[objectId]]))
  return row?.state
}

catalogTest(
  'a swap names extents where nothing has changed, and is void elsewhere',
  async (database) => {
    const [a = 0, b = 0] = await newTopic(database)
    await commit(database, 1, a, 'journal-1')
    await commit(database, 2, b, 'journal-1')
    const { objectId, number } = await claimPackedObject(database, 5)
    assert.equal(packedNumberOf(objectId), number)
    assert.equal(packedNumberOf('journal-1'), undefined)
    const parts = [part(a, 0, 10), part(b, 3, 10), part(77_777, 0, 10)]
    const results = await swapPacked(database, { objectId, size: 400 }, parts, 6)
    assert.deepEqual(results, [
      { partitionId: a, isSwapped: true, packedEnd: 10 },
      { partitionId: b, isSwapped: false, packedEnd: 0 },
      { partitionId: 77_777, isSwapped: false, packedEnd: undefined },
    ])
    assert.equal(await stateOf(database, objectId), 'live')
    await database.snapshot('look', async (tx) => {
      assert.equal((await tx.scan(extents, { prefix: [], limit: 10 })).length, 1)
      const uses = await tx.scan(objectUses, { prefix: [], limit: 10 })
      assert.deepEqual(
        uses.map((row) => ({ ...row })),
        [{ objectId, partitionId: a, extents: 1 }],
      )
    })
    const again = await swapPacked(database, { objectId, size: 400 }, parts, 6)
    assert.deepEqual(again[0], { partitionId: a, isSwapped: false, packedEnd: 10 })
  },
)

catalogTest('what was dropped meanwhile is not named', async (database) => {
  const [a = 0] = await newTopic(database)
  await commit(database, 1, a, 'journal-1')
  await raiseLogStart(database, a, 10, 0)
  const { objectId } = await claimPackedObject(database, 5)
  const [result] = await swapPacked(database, { objectId, size: 400 }, [part(a, 0, 10)], 6)
  assert.deepEqual(result, { partitionId: a, isSwapped: true, packedEnd: 10 })
  assert.equal(await stateOf(database, objectId), 'writing', 'for the sweeper: nothing names it')
  const rest = { partitionId: a, fromOffset: 10, toOffset: 10, extents: [] }
  assert.equal((await swapPacked(database, undefined, [rest], 6))[0]?.packedEnd, 10)
})

catalogTest('an object that was cancelled or is unknown is never named', async (database) => {
  const [a = 0] = await newTopic(database)
  await commit(database, 1, a, 'journal-1')
  const { objectId } = await claimPackedObject(database, 5)
  await database.transaction('cancel', async (tx) => {
    const [row] = await tx.lock(objects, [[objectId]], 'exclusive')
    assert.ok(row !== undefined)
    await tx.put(objects, [{ ...row, state: 'cancelled', unnamedMs: 1 }])
  })
  for (const id of [objectId, 'packed-0000000000009999']) {
    const swap = swapPacked(database, { objectId: id, size: 1 }, [part(a, 0, 10)], 6)
    await assert.rejects(swap, (error) => isFailure(error, 'conflict'))
  }
  const { partitions } = await readTail(database)
  assert.ok(partitions.every(({ packedEnd }) => packedEnd === 0))
})

catalogTest(
  'a journal object ends when all its runs are packed, in any order',
  async (database) => {
    const [a = 0, b = 0] = await newTopic(database)
    await commit(database, 1, a, 'journal-1')
    await commit(database, 2, b, 'journal-2')
    await commit(database, 3, a, 'journal-3')
    const all = ['journal-1', 'journal-2', 'journal-3']
    assert.deepEqual((await findFinished(database, all)).finished, [])
    const { objectId } = await claimPackedObject(database, 5)
    await swapPacked(database, { objectId, size: 1 }, [part(a, 0, 20)], 6)
    const some = await findFinished(database, all)
    assert.deepEqual(some.finished, ['journal-1', 'journal-3'])
    assert.deepEqual(some.packedGroups, new Map([[1, 1]]), 'not beyond the second')
    await endJournalObjects(database, some, 7)
    const tail = await readTail(database)
    assert.deepEqual(tail.journalObjects, ['journal-2'])
    assert.deepEqual(
      tail.groups.map(({ groupNumber }) => groupNumber),
      [2],
    )
    const second = await claimPackedObject(database, 5)
    await swapPacked(database, { ...second, size: 1 }, [part(b, 0, 10)], 6)
    const rest = await findFinished(database, ['journal-2'])
    assert.deepEqual(rest.packedGroups, new Map([[1, 3]]), 'over those ended before')
    await endJournalObjects(database, rest, 8)
    assert.deepEqual(await readPackedGroups(database), new Map([[1, 3]]))
    const end = await readTail(database)
    assert.deepEqual([end.groups, end.journalObjects], [[], []])
  },
)

catalogTest('runs of a deleted topic hold nothing back', async (database) => {
  const [a = 0] = await newTopic(database)
  await commit(database, 1, a, 'journal-1')
  await deleteTopic(database, topicId, 5)
  assert.deepEqual((await findFinished(database, ['journal-1'])).finished, ['journal-1'])
})

catalogTest('groups expire when they are packed and old', async (database) => {
  const [a = 0, b = 0] = await newTopic(database)
  for (let index = 1; index <= 6; index++) await commit(database, index, a, 'journal-1')
  await commit(database, 7, b, 'journal-2')
  assert.deepEqual(await expireGroups(database, 100), { deleted: 0, isDone: true })
  const { objectId } = await claimPackedObject(database, 5)
  await swapPacked(database, { objectId, size: 1 }, [part(a, 0, 60)], 6)
  await endJournalObjects(database, await findFinished(database, ['journal-1']), 7)
  assert.deepEqual(await expireGroups(database, 4), { deleted: 3, isDone: true })
  assert.deepEqual(await expireGroups(database, 100), { deleted: 3, isDone: true })
  const left = await database.snapshot('look', (tx) => tx.scan(commitLog, { prefix: [], limit: 9 }))
  assert.deepEqual(
    left.map(({ groupNumber }) => groupNumber),
    [7],
  )
  const { groups } = await readTail(database)
  assert.equal(groups.length, 1)
})
