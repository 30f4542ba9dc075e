/** The end of groups that are objects of their own, or rows of the catalog (G1, G2, pitfall C1). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../base/log.ts'
import { commitGroups, type GroupIntent } from '../catalog/commit-groups.ts'
import { drawNumbers } from '../catalog/counters.ts'
import { groupObjectId, inlineObjectId } from '../catalog/group-objects.ts'
import { readInline } from '../catalog/inline-data.ts'
import { openMemoryDatabase } from '../catalog/memory-database.ts'
import { endJournalObjects } from '../catalog/pack-finish.ts'
import { type ObjectRow, objects } from '../catalog/schema.ts'
import { createTopic } from '../catalog/topics.ts'
import { MemoryObjectStore } from '../objects/memory-object-store.ts'
import { intentOf, topicId } from '../../test/log/lane-bench.ts'
import { VirtualClock } from '../../test/support/virtual-clock.ts'
import { Collector } from './collect.ts'
import { objectKey } from './stored-runs.ts'

const clusterId = 'a2Fyc3QtbG9nLXRlc3RzLg'
const limits = { graceMs: 60_000, orphanMs: 900_000, journalRowsMs: 1_200_000 }
const { signal } = new AbortController()
const bytes = Buffer.from('a hundred bytes'.padEnd(100))

async function begin() {
  const clock = new VirtualClock()
  const database = openMemoryDatabase({ clock })
  const store = new MemoryObjectStore({ clock })
  const parts = { database, objects: store, clusterId, clock, log: silentLog, limits }
  const collector = new Collector(parts)
  const shape = { name: 't', replicationFactor: 1, configs: {}, nowMs: 0, leaderEpoch: 0 }
  await createTopic(database, { ...shape, topicId, partitionCount: 1 })
  const incarnation = await drawNumbers(database, 'broker.incarnation', 1)
  const id = { incarnation, groupNumber: 5 }
  const rowOf = (objectId: string): Promise<ObjectRow | undefined> =>
    database.snapshot('look', async (tx) => (await tx.get(objects, [[objectId]]))[0])
  const keys = async (): Promise<string[]> =>
    (await store.list('', undefined, 10)).map(({ key }) => key)
  const put = (objectId: string): Promise<void> =>
    store.put(objectKey(clusterId, objectId), [bytes])
  const intent = (objectId: string, inline?: Uint8Array): GroupIntent => {
    const place = { objectId, position: 0, length: bytes.length, bytesPosition: 0 }
    const group = { ...id, ...place, createdMs: clock.nowMs(), appends: [intentOf()] }
    return inline === undefined ? group : { ...group, inline }
  }
  return { clock, database, collector, id, rowOf, keys, put, intent }
}

test('a group that was stored and never committed is claimed, and only then deleted', async () => {
  const { clock, database, collector, id, rowOf, keys, put, intent } = await begin()
  const objectId = groupObjectId(id)
  await put(objectId)
  await collector.sweep(signal)
  assert.equal(await rowOf(objectId), undefined, 'too young to judge')
  await clock.advance(limits.orphanMs + 1)
  await collector.sweep(signal)
  assert.equal((await rowOf(objectId))?.state, 'cancelled')
  await assert.rejects(commitGroups(database, [intent(objectId)]), { kind: 'conflict' })
  await clock.advance(limits.graceMs + 1)
  await collector.collect(signal)
  await assert.rejects(commitGroups(database, [intent(objectId)]), { kind: 'conflict' })
  await clock.advance(limits.journalRowsMs)
  await collector.collect(signal)
  assert.deepEqual(await keys(), [])
  assert.equal(await rowOf(objectId), undefined)
  await put(objectId) // the loser of a hedge comes late
  await clock.advance(limits.orphanMs + 1)
  await collector.sweep(signal)
  await clock.advance(limits.journalRowsMs + 1)
  await collector.collect(signal)
  assert.deepEqual(await keys(), [])
})

test('a group that is committed stays until it is packed and the grace is over', async () => {
  const { clock, database, collector, id, rowOf, keys, put, intent } = await begin()
  const objectId = groupObjectId(id)
  await put(objectId)
  await commitGroups(database, [intent(objectId)])
  await clock.advance(limits.orphanMs + 1)
  await collector.sweep(signal)
  assert.equal((await rowOf(objectId))?.state, 'live')
  await endJournalObjects(
    database,
    { finished: [objectId], packedGroups: new Map() },
    clock.nowMs(),
  )
  await collector.collect(signal)
  assert.equal((await keys()).length, 1, 'readers have their grace')
  await clock.advance(limits.graceMs + 1)
  await collector.collect(signal)
  assert.deepEqual(await keys(), [])
  assert.equal(await rowOf(objectId), undefined)
})

test('a group of an incarnation that the catalog has not given is left alone (C2)', async () => {
  const { clock, collector, id, rowOf, keys, put } = await begin()
  const objectId = groupObjectId({ ...id, incarnation: id.incarnation + 1 })
  await put(objectId)
  await clock.advance(limits.orphanMs + 1)
  await collector.sweep(signal)
  assert.equal(await rowOf(objectId), undefined)
  await clock.advance(limits.journalRowsMs + 1)
  await collector.collect(signal)
  assert.equal((await keys()).length, 1)
})

test('bytes of an inline group are read until the grace is over, then dropped', async () => {
  const { clock, database, collector, id, rowOf, intent } = await begin()
  const objectId = inlineObjectId(id)
  await commitGroups(database, [intent(objectId, bytes)])
  assert.equal((await rowOf(objectId))?.kind, 'inline')
  await commitGroups(database, [intent(objectId, bytes)]) // its answer was lost
  assert.deepEqual(Buffer.from(await readInline(database, objectId)), bytes)
  await endJournalObjects(
    database,
    { finished: [objectId], packedGroups: new Map() },
    clock.nowMs(),
  )
  await clock.advance(limits.graceMs - 1)
  await collector.collect(signal)
  assert.deepEqual(Buffer.from(await readInline(database, objectId)), bytes)
  await clock.advance(2)
  await collector.collect(signal)
  await assert.rejects(readInline(database, objectId), { kind: 'not-found' })
  assert.equal(await rowOf(objectId), undefined)
})
