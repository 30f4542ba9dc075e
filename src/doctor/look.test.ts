/** What only a hand or a bug can do to a catalog is found, and what is sound is not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { drawNumbers } from '../catalog/counters.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { claimPackedObject, swapPacked } from '../catalog/pack-swap.ts'
import { extents, objects, objectUses, partitions } from '../catalog/schema.ts'
import { createTopic } from '../catalog/topics.ts'
import { objectKey } from '../log/stored-runs.ts'
import { MemoryObjectStore } from '../objects/memory-object-store.ts'
import { claimPrefix } from '../start/claim-prefix.ts'
import { FleetGroups } from './group-sources.ts'
import { type Diagnosis, lookOver } from './look.ts'
import { repair } from './repair.ts'

const clusterId = 'a2Fyc3QtbG9nLXRlc3RzLg'
const topicId = 'AAAAAAAAAAAAAAAAAAAAAQ'
const place = 'memory'

/** A topic of one partition, its offsets 0 to 29 in three extents of one object. */
async function begin() {
  const clock = new VirtualClock()
  const database = openMemoryDatabase({ clock })
  const store = new MemoryObjectStore({ clock })
  await claimPrefix(store, clusterId, place)
  await drawNumbers(database, 'broker.incarnation', 1)
  const shape = { name: 't', replicationFactor: 1, configs: {}, nowMs: 0, leaderEpoch: 0 }
  await createTopic(database, { ...shape, topicId, partitionCount: 1 })
  const { objectId } = await claimPackedObject(database, 0)
  const bytes = Buffer.alloc(300)
  await store.put(objectKey(clusterId, objectId), [bytes])
  const extent = (at: number) => {
    const offsets = { baseOffset: at * 10, nextOffset: at * 10 + 10 }
    const found = { maxTimestampMs: 0, leaderEpoch: 0, position: at * 100, length: 100 }
    return { ...offsets, ...found }
  }
  const part = { partitionId: 0, fromOffset: 0, toOffset: 30, extents: [0, 1, 2].map(extent) }
  await swapPacked(database, { objectId, size: 300 }, [part], 0)
  const row = { partitionId: 0, topicId, partitionIndex: 0, leaderEpoch: 0 }
  const ends = {
    logStart: 0,
    logEnd: 30,
    packedEnd: 30,
    producersKnownFrom: 0,
    recentProducers: null,
  }
  await database.transaction('end', async (tx) => {
    await tx.lock(partitions, [[0]], 'exclusive')
    await tx.put(partitions, [{ ...row, ...ends }])
  })
  const groups = new FleetGroups(database, store, clusterId)
  const patient = { catalog: database, objects: store, clusterId, groups, place, clock }
  const look = (): Promise<Diagnosis> =>
    lookOver(
      { ...patient, isFleet: true },
      {
        isDeep: false,
        orphanMs: 1_000,
        signal: new AbortController().signal,
        progress: () => undefined,
      },
    )
  return { clock, database, store, objectId, row, ends, look, extent }
}

const told = ({ findings }: Diagnosis): string[] =>
  findings.map(({ kind, subject, detail }) => `${kind} ${subject}: ${detail}`)

test('a sound catalog is sound, also where its log begins inside of an extent', async () => {
  const { look, database, row, ends } = await begin()
  assert.deepEqual(told(await look()), [])
  await database.transaction('raise', async (tx) => {
    await tx.lock(partitions, [[0]], 'exclusive')
    await tx.put(partitions, [{ ...row, ...ends, logStart: 15 }])
  })
  assert.deepEqual(told(await look()), [])
})

test('a hole, an overlap, and an end that nothing reaches', async () => {
  const { look, database, row, ends, objectId, extent } = await begin()
  await database.transaction('lose', async (tx) => {
    await tx.lock(partitions, [[0]], 'exclusive')
    await tx.delete(extents, [[0, 10]])
    await tx.put(objectUses, [{ objectId, partitionId: 0, extents: 2 }])
    await tx.put(partitions, [{ ...row, ...ends, logEnd: 33 }])
  })
  assert.deepEqual(told(await look()), ['hole t-0: offsets 10 to 19', 'hole t-0: offsets 30 to 32'])
  await database.transaction('twice', async (tx) => {
    await tx.lock(partitions, [[0]], 'exclusive')
    const twice = { ...extent(1), baseOffset: 12, nextOffset: 22 }
    await tx.put(extents, [{ ...twice, partitionId: 0, objectId, createdMs: 0 }])
    await tx.put(partitions, [{ ...row, ...ends }])
    await tx.put(objectUses, [{ objectId, partitionId: 0, extents: 3 }])
  })
  assert.deepEqual(told(await look()), [
    'hole t-0: offsets 10 to 11',
    'overlap t-0: offsets 20 to 21',
  ])
})

test('an object that is named without a row, and uses that are miscounted', async () => {
  const { look, database, objectId } = await begin()
  await database.transaction('miscount', async (tx) => {
    await tx.lock(partitions, [[0]], 'exclusive')
    await tx.put(objectUses, [{ objectId, partitionId: 0, extents: 4 }])
  })
  await database.transaction('lose row', async (tx) => {
    const [row] = await tx.lock(objects, [[objectId]], 'exclusive')
    const garbage = { state: 'garbage', unnamedMs: 0 } as const
    if (row !== undefined) await tx.put(objects, [{ ...row, ...garbage }])
  })
  assert.deepEqual(told(await look()), [
    `no-row ${objectId}: 3 extents of t-0; its row is garbage`,
    `miscounted ${objectId}: 3 extents of t-0, counted as 4`,
  ])
})

test('a repair hands on what is not named, and deletes what nobody can name', async () => {
  const { look, database, store, clock } = await begin()
  const { objectId } = await claimPackedObject(database, 0)
  await database.transaction('live', async (tx) => {
    const [row] = await tx.lock(objects, [[objectId]], 'exclusive')
    const live = { state: 'live', size: 5 } as const
    if (row !== undefined) await tx.put(objects, [{ ...row, ...live }])
  })
  await store.put(objectKey(clusterId, objectId), [Buffer.from('named')])
  await store.put(objectKey(clusterId, 'journal-0-9'), [Buffer.from('orphan')])
  assert.deepEqual(told(await look()), [`unnamed ${objectId}: 5 bytes`])
  await clock.advance(1_001)
  const diagnosis = await look()
  assert.deepEqual(
    diagnosis.findings.map(({ kind }) => kind),
    ['orphan', 'unnamed'],
  )
  const parts = { database, objects: store, clusterId, nowMs: clock.nowMs() }
  assert.deepEqual(await repair(parts, diagnosis), { orphans: 1, unnamed: 1 })
  assert.deepEqual(told(await look()), [])
  assert.equal(await store.stat(objectKey(clusterId, 'journal-0-9')), undefined)
  assert.ok((await store.stat(objectKey(clusterId, objectId))) !== undefined, 'its grace runs')
})

test('nothing is repaired in a catalog that has gone back', async () => {
  const { look, database, store, clock } = await begin()
  await store.put(objectKey(clusterId, 'journal-0-9'), [Buffer.from('orphan')])
  await store.put(objectKey(clusterId, 'journal-7-1'), [Buffer.from('the only copy')])
  await clock.advance(1_001)
  const diagnosis = await look()
  const parts = { database, objects: store, clusterId, nowMs: clock.nowMs() }
  await assert.rejects(repair(parts, diagnosis), { kind: 'conflict' })
  assert.ok((await store.stat(objectKey(clusterId, 'journal-0-9'))) !== undefined)
})
