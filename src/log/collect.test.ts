/** What may be deleted, and when: only what nothing names, and nothing can begin to name (G1, G2). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimPackedObject, packedObjectId, swapPacked } from '../catalog/pack-swap.ts'
import { Failure, isFailure } from '../base/errors.ts'
import { type ObjectRow, objects, objectUses, partitions } from '../catalog/schema.ts'
import { graceMs, LogWorld, noSignal, orphanMs } from '../../test/log/log-world.ts'
import { objectKey } from './stored-runs.ts'

const clusterId = 'a2Fyc3QtbG9nLXRlc3RzLg'

async function newWorld(): Promise<LogWorld> {
  const world = new LogWorld()
  await world.within(world.start())
  return world
}

const rowOf = (world: LogWorld, objectId: string): Promise<ObjectRow | undefined> =>
  world.database.snapshot('look', async (tx) => (await tx.get(objects, [[objectId]]))[0])

const collect = (world: LogWorld): Promise<void> =>
  world.within(world.process.collector.collect(noSignal))
const sweep = (world: LogWorld): Promise<void> =>
  world.within(world.process.collector.sweep(noSignal))

const bytes = [Buffer.from('bytes')]

test('a claim that never comes to a swap is cancelled; its bytes go, then its row', async () => {
  const world = await newWorld()
  const { objectId } = await claimPackedObject(world.database, world.clock.nowMs())
  await world.store.put(objectKey(clusterId, objectId), bytes)
  await world.clock.advance(orphanMs - 1)
  await collect(world)
  assert.equal((await rowOf(world, objectId))?.state, 'writing', 'not old enough')
  await world.clock.advance(2)
  await collect(world)
  assert.equal((await rowOf(world, objectId))?.state, 'cancelled')
  assert.equal((await world.stored()).length, 1, 'the grace is not over')
  await assert.rejects(
    swapPacked(world.database, { objectId, size: 5 }, [], 0),
    (error) => isFailure(error, 'conflict'),
    'C1: a swap that comes later is void',
  )
  await world.clock.advance(graceMs + 1)
  await collect(world)
  assert.deepEqual(await world.stored(), [])
  assert.equal(await rowOf(world, objectId), undefined)
})

test('bytes that no row names are claimed first', async () => {
  const world = await newWorld()
  const { objectId } = await claimPackedObject(world.database, world.clock.nowMs())
  await world.store.put(objectKey(clusterId, objectId), bytes)
  await world.database.transaction('lose', (tx) => tx.delete(objects, [[objectId]]))
  await sweep(world)
  assert.equal(await rowOf(world, objectId), undefined, 'too young to judge')
  await world.clock.advance(orphanMs + 1)
  await sweep(world)
  assert.equal((await rowOf(world, objectId))?.state, 'cancelled')
  assert.equal((await world.stored()).length, 1)
  await world.clock.advance(graceMs + 1)
  await collect(world)
  assert.deepEqual(await world.stored(), [])
})

test('what another cluster, a restored catalog or a person put there is left alone', async () => {
  const world = await newWorld()
  const { number } = await claimPackedObject(world.database, world.clock.nowMs())
  const keys = [
    objectKey('AAAAAAAAAAAAAAAAAAAAAA', packedObjectId(number)),
    objectKey(clusterId, packedObjectId(number + 1)),
    objectKey(clusterId, 'packed-notes'),
    objectKey(clusterId, 'backup.tar'),
  ]
  for (const key of keys) await world.store.put(key, bytes)
  await world.clock.advance(orphanMs + 1)
  await sweep(world)
  await world.clock.advance(graceMs + 1)
  await collect(world)
  await sweep(world)
  assert.deepEqual(await world.stored(), keys.toSorted())
})

test('an object that is named after all lives again', async () => {
  const world = await newWorld()
  const { objectId } = await claimPackedObject(world.database, 0)
  await world.database.transaction('wrong', async (tx) => {
    const partition = { partitionId: 1, topicId: 'x', partitionIndex: 0, leaderEpoch: 0 }
    const empty = {
      logStart: 0,
      logEnd: 0,
      packedEnd: 0,
      producersKnownFrom: 0,
      recentProducers: null,
    }
    await tx.put(partitions, [{ ...partition, ...empty }])
    const [row] = await tx.lock(objects, [[objectId]], 'exclusive')
    assert.ok(row !== undefined)
    await tx.put(objects, [{ ...row, state: 'garbage', unnamedMs: 0 }])
    await tx.put(objectUses, [{ objectId, partitionId: 1, extents: 1 }])
  })
  await world.store.put(objectKey(clusterId, objectId), bytes)
  await collect(world)
  assert.equal((await world.stored()).length, 1)
  assert.equal((await rowOf(world, objectId))?.state, 'live')
})

test('killed between bytes and row, the row goes the next time', async () => {
  const world = await newWorld()
  const { objectId } = await claimPackedObject(world.database, world.clock.nowMs())
  await world.store.put(objectKey(clusterId, objectId), bytes)
  await world.clock.advance(orphanMs + 1)
  await collect(world)
  await world.clock.advance(graceMs + 1)
  const { life, collector } = world.process
  world.hooks.store = ({ kind }) => {
    if (kind === 'delete') life.kill()
    return undefined
  }
  void collector.collect(noSignal)
  await world.clock.advance(10)
  delete world.hooks.store
  assert.deepEqual(await world.stored(), [])
  assert.ok((await rowOf(world, objectId)) !== undefined)
  await world.within(world.restart())
  await collect(world)
  assert.equal(await rowOf(world, objectId), undefined)
})

test('rows of ended journal objects go in the end', async () => {
  const world = await newWorld()
  const topic = await world.within(world.createTopic('a', 1))
  await world.within(world.append(topic, 0, ['x']))
  const [run] = world.process.logs.index.get(topic.partitionIds[0] ?? -1)?.tail ?? []
  assert.ok(run !== undefined)
  await world.within(world.process.packer.packWindow(noSignal))
  assert.equal((await rowOf(world, run.objectId))?.state, 'garbage')
  await world.clock.advance(1)
  await collect(world)
  assert.equal(await rowOf(world, run.objectId), undefined)
})

test('uploads that never ended are let go of after a day, where the store lets us', async () => {
  const world = await newWorld()
  const asked: number[] = []
  Object.assign(world.store, {
    sweepUploads: async (beforeMs: number) => {
      asked.push(world.clock.nowMs() - beforeMs)
      if (asked.length === 2) throw new Failure('invalid', 'no right to list uploads')
      return 0
    },
  })
  await sweep(world)
  await sweep(world)
  assert.deepEqual(asked, [86_400_000, 86_400_000])
})
