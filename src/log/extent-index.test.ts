/** Packed runs by offset: pages are right, and forgotten for good. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { systemClock } from '../base/system-clock.ts'
import type { MemoryDatabase } from '../catalog/memory-database.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { type ExtentRow, extents, partitions } from '../catalog/schema.ts'
import { ExtentIndex } from './extent-index.ts'

const row = (partitionId: number, baseOffset: number, nextOffset: number): ExtentRow => ({
  partitionId,
  baseOffset,
  nextOffset,
  objectId: `packed-${baseOffset}`,
  position: 0,
  length: 1,
  maxTimestampMs: 0,
  leaderEpoch: 0,
  createdMs: 0,
})

interface Counted {
  readonly database: MemoryDatabase
  readonly index: ExtentIndex
  reads: number
  paused: Promise<void> | undefined
}

async function newIndex(rows: readonly ExtentRow[]): Promise<Counted> {
  const counted = { reads: 0, paused: undefined as Promise<void> | undefined }
  const database = openMemoryDatabase({
    clock: systemClock,
    hooks: {
      pause: async ({ at, transaction }) => {
        if (transaction !== 'read extents') return
        if (at === 'begin') counted.reads++
        if (at === 'scan') await counted.paused
      },
    },
  })
  await write(database, rows)
  return Object.assign(counted, { database, index: new ExtentIndex(database) })
}

function write(database: MemoryDatabase, rows: readonly ExtentRow[]): Promise<void> {
  return database.transaction('write', async (tx) => {
    const ids = [...new Set(rows.map(({ partitionId }) => partitionId))]
    const ends = {
      logStart: 0,
      logEnd: 0,
      packedEnd: 0,
      leaderEpoch: 0,
      producersKnownFrom: 0,
      recentProducers: null,
    }
    await tx.put(
      partitions,
      ids.map((partitionId) => ({ partitionId, topicId: 't', partitionIndex: 0, ...ends })),
    )
    await tx.put(extents, rows)
  })
}

const many = Array.from({ length: 2_500 }, (_, at) => row(1, at * 10, at * 10 + 10))

test('the run that holds an offset, page by page', async () => {
  const counted = await newIndex([...many, row(2, 5, 8), row(2, 20, 30)])
  const base = async (partition: number, offset: number): Promise<number | undefined> =>
    (await counted.index.find(partition, offset))?.baseOffset
  for (let offset = 0; offset < 25_000; offset += 7) {
    assert.equal(await base(1, offset), offset - (offset % 10))
  }
  assert.equal(counted.reads, 3, 'a page of 1,000 each')
  assert.equal(await base(1, 25_000), undefined)
  assert.equal(await base(2, 0), 5, 'before the first: the next one')
  assert.equal(await base(2, 10), 20, 'in a hole: the next one')
  assert.equal(await base(2, 29), 20)
  assert.equal(await base(3, 0), undefined)
})

test('what grew is seen without forgetting, what was forgotten is read again', async () => {
  const counted = await newIndex([row(1, 0, 10)])
  const { index, database } = counted
  assert.equal((await index.find(1, 3))?.nextOffset, 10)
  await write(database, [row(1, 10, 20)])
  assert.equal((await index.find(1, 10))?.nextOffset, 20)
  await database.transaction('drop', async (tx) => {
    await tx.lock(partitions, [[1]], 'exclusive')
    await tx.delete(extents, [[1, 0]])
  })
  index.forget(1)
  assert.equal((await index.find(1, 3))?.baseOffset, 10)
})

test('a page that is forgotten while it is read does not stay', async () => {
  const counted = await newIndex([row(1, 0, 10)])
  const gate = Promise.withResolvers<void>()
  counted.paused = gate.promise
  const finding = counted.index.find(1, 0)
  await new Promise((resolve) => setImmediate(resolve))
  counted.index.forget(1)
  gate.resolve()
  await finding
  await counted.index.find(1, 0)
  assert.equal(counted.reads, 2)
  await counted.index.find(1, 0)
  assert.equal(counted.reads, 2)
})

test('the page that was used longest ago goes first', async () => {
  const rows = Array.from({ length: 257 }, (_, id) => row(id, 0, 10))
  const counted = await newIndex(rows)
  for (let id = 0; id < 256; id++) await counted.index.find(id, 0)
  await counted.index.find(0, 0)
  await counted.index.find(256, 0)
  assert.equal(counted.reads, 257)
  await counted.index.find(0, 0)
  assert.equal(counted.reads, 257)
  await counted.index.find(1, 0)
  assert.equal(counted.reads, 258)
})
