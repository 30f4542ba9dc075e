import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogWorld, noSignal } from '../../test/log/log-world.ts'
import type { KnownTopic } from './topic-directory.ts'

async function append(world: LogWorld, topic: KnownTopic, batches: number): Promise<void> {
  for (let count = 0; count < batches; count++) {
    const sizes = [count * 7, 300 - count]
    for (const [partition, size] of sizes.entries()) {
      await world.within(world.append(topic, partition, ['x'.repeat(size), 'y']))
    }
  }
}

/** What readers get from the log start on. */
async function readable(world: LogWorld, partitionId: number): Promise<number> {
  const batches = await world.within(world.readAll(partitionId))
  return batches.reduce((sum, { length }) => sum + length, 0)
}

async function assertSizes(world: LogWorld, { partitionIds }: KnownTopic): Promise<number[]> {
  const found: number[] = []
  for (const partitionId of partitionIds) {
    const { index, sizes } = world.process.logs
    const log = index.get(partitionId)
    assert.ok(log !== undefined)
    const size = await world.within(sizes.sizeOf(log))
    assert.equal(size, await readable(world, partitionId), `partition ${partitionId}`)
    found.push(size)
  }
  return found
}

test('a size is the bytes of all batches, in journal, packed objects, and both', async () => {
  const world = new LogWorld()
  await world.within(world.start())
  const topic = await world.within(world.createTopic('t', 3))
  assert.deepEqual(await assertSizes(world, topic), [0, 0, 0])
  await append(world, topic, 20)
  const inJournal = await assertSizes(world, topic)
  await world.within(world.process.packer.packWindow(noSignal))
  assert.deepEqual(await assertSizes(world, topic), inJournal)
  await append(world, topic, 5)
  const [first = 0] = await assertSizes(world, topic)
  assert.ok(first > (inJournal[0] ?? 0))
  await world.within(world.process.packer.packWindow(noSignal))
  assert.equal((await assertSizes(world, topic))[0], first)
  await world.within(world.restart())
  assert.equal((await assertSizes(world, topic))[0], first)
})

test('what is below the log start does not count where nothing live is beside it', async () => {
  const world = new LogWorld()
  await world.within(world.start())
  const topic = await world.within(world.createTopic('t', 1))
  const partitionId = topic.partitionIds[0] as number
  for (let window = 0; window < 2; window++) {
    for (let count = 0; count < 5; count++) await world.within(world.append(topic, 0, ['a', 'b']))
    await world.within(world.process.packer.packWindow(noSignal))
  }
  const { logs } = world.process
  const log = logs.index.get(partitionId)
  assert.ok(log !== undefined)
  const all = await world.within(logs.sizes.sizeOf(log))
  await world.within(logs.deleteRecords(log, 10))
  assert.equal(await world.within(logs.sizes.sizeOf(log)), all / 2)
  await world.within(logs.deleteRecords(log, 'log-end'))
  assert.equal(await world.within(logs.sizes.sizeOf(log)), 0)
})
