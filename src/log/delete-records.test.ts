/** DeleteRecords below the wire: what is deleted stays so, whatever happens to the rest. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { graceMs, LogWorld, noSignal } from '../../test/log/log-world.ts'
import { extents, objects } from '../catalog/schema.ts'
import { baseOffsetOf } from '../record/batch-header.ts'
import type { KnownTopic } from './topic-directory.ts'
import type { PartitionLog } from './partition-log.ts'

async function newWorld(): Promise<{ world: LogWorld; topic: KnownTopic }> {
  const world = new LogWorld()
  await world.within(world.start())
  return { world, topic: await world.within(world.createTopic('a', 1)) }
}

function logOf(world: LogWorld, topic: KnownTopic): PartitionLog {
  const log = world.process.logs.index.get(topic.partitionIds[0] ?? -1)
  assert.ok(log !== undefined)
  return log
}

const append = (world: LogWorld, topic: KnownTopic): Promise<unknown> =>
  world.within(world.append(topic, 0, ['one', 'two']))
const pack = (world: LogWorld): Promise<void> =>
  world.within(world.process.packer.packWindow(noSignal))
const remove = (world: LogWorld, topic: KnownTopic, before: number): Promise<unknown> =>
  world.within(world.process.logs.deleteRecords(logOf(world, topic), before))

/** Base offsets of the batches that a reader gets from the log start on. */
async function bases(world: LogWorld, topic: KnownTopic): Promise<number[]> {
  const batches = await world.within(world.readAll(logOf(world, topic).partitionId))
  return batches.map((batch) => baseOffsetOf(batch, 0))
}

const named = (world: LogWorld): Promise<number[]> =>
  world.database.snapshot('look', async (tx) => {
    const rows = await tx.scan(extents, { prefix: [], limit: 1_000 })
    return rows.map(({ baseOffset }) => baseOffset)
  })

test('a log start within the unpacked tail survives restart and packing', async () => {
  const { world, topic } = await newWorld()
  for (let each = 0; each < 4; each++) await append(world, topic)
  await remove(world, topic, 3)
  assert.deepEqual(await bases(world, topic), [2, 4, 6])
  await world.within(world.restart(true))
  assert.equal(logOf(world, topic).logStart, 3)
  assert.deepEqual(await bases(world, topic), [2, 4, 6])
  await pack(world)
  assert.deepEqual(await named(world), [2], 'what lies below is not packed')
  assert.deepEqual(await bases(world, topic), [2, 4, 6])
})

test('a log start within a packed extent survives restart, and retention agrees', async () => {
  const { world, topic } = await newWorld()
  for (let each = 0; each < 3; each++) {
    await append(world, topic)
    await pack(world)
  }
  await remove(world, topic, 3)
  assert.deepEqual(await named(world), [2, 4])
  await world.within(world.process.retainer.retainAll(noSignal))
  assert.equal(logOf(world, topic).logStart, 3)
  await world.within(world.restart())
  assert.deepEqual([logOf(world, topic).logStart, await bases(world, topic)], [3, [2, 4]])
})

test('all records of a log may go; their objects follow when the grace is over', async () => {
  const { world, topic } = await newWorld()
  await append(world, topic)
  await pack(world)
  await append(world, topic)
  await remove(world, topic, 4)
  assert.deepEqual([await named(world), await bases(world, topic)], [[], []])
  await world.clock.advance(graceMs + 1_000)
  await world.within(world.process.collector.collect(noSignal))
  assert.deepEqual(await world.stored(), [])
  await pack(world)
  const left = await world.database.snapshot('look', (tx) =>
    tx.scan(objects, { prefix: [], limit: 100 }),
  )
  assert.deepEqual(
    left.filter(({ state }) => state === 'live'),
    [],
  )
  await append(world, topic)
  assert.deepEqual(await bases(world, topic), [4], 'an offset is never given twice')
})
