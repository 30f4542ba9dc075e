/**
 * Retention: whole stretches from the beginning, by Kafka's rules, in the order that a crash
 * allows.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { extents, objects, partitions } from '../catalog/schema.ts'
import { raiseLogStart } from '../catalog/retain-extents.ts'
import { graceMs, LogWorld, noSignal } from '../../test/log/log-world.ts'
import type { KnownTopic } from './topic-directory.ts'
import type { PartitionLog } from './partition-log.ts'

const hour = 3_600_000

async function newWorld(
  overrides: Record<string, string>,
): Promise<{ world: LogWorld; topic: KnownTopic; log: PartitionLog; id: number }> {
  const world = new LogWorld()
  await world.within(world.start())
  const topic = await world.within(world.createTopic('a', 1, overrides))
  const id = topic.partitionIds[0] ?? -1
  return { world, topic, id, log: logOf(world, id) }
}

function logOf(world: LogWorld, id: number): PartitionLog {
  const log = world.process.logs.index.get(id)
  assert.ok(log !== undefined)
  return log
}

/** Each append becomes a run, and where it is packed then, an extent of its own. */
async function append(
  world: LogWorld,
  topic: KnownTopic,
  options: { timestampMs?: number; isPacked?: boolean } = {},
): Promise<void> {
  const { timestampMs = world.clock.nowMs(), isPacked = false } = options
  await world.within(world.append(topic, 0, ['one', 'two'], timestampMs))
  if (isPacked) await world.within(world.process.packer.packWindow(noSignal))
}

const retain = (world: LogWorld): Promise<void> =>
  world.within(world.process.retainer.retainAll(noSignal))

const named = (world: LogWorld): Promise<number[]> =>
  world.database.snapshot('look', async (tx) => {
    const rows = await tx.scan(extents, { prefix: [], limit: 1_000 })
    return rows.map(({ baseOffset }) => baseOffset)
  })

test('retention.ms: what is older goes, to the millisecond', async () => {
  const { world, topic, log } = await newWorld({ 'retention.ms': `${hour}` })
  const timestampMs = world.clock.nowMs()
  await append(world, topic, { timestampMs, isPacked: true })
  await append(world, topic, { timestampMs: timestampMs + 1_000, isPacked: true })
  await world.clock.advance(timestampMs + hour - world.clock.nowMs())
  await retain(world)
  assert.equal(log.logStart, 0, 'an hour old is not older than an hour')
  await world.clock.advance(10)
  await retain(world)
  assert.equal(log.logStart, 2)
  assert.deepEqual(await named(world), [2])
  await world.clock.advance(hour)
  await retain(world)
  assert.equal(log.logStart, 4, 'also the last one goes')
  assert.deepEqual(await world.within(world.readAll(log.partitionId)), [])
})

test('a newer record before keeps what is behind it', async () => {
  const { world, topic, log } = await newWorld({ 'retention.ms': `${hour}` })
  const now = world.clock.nowMs()
  await append(world, topic, { timestampMs: now, isPacked: true })
  await append(world, topic, { timestampMs: now - 2 * hour, isPacked: true })
  await retain(world)
  assert.equal(log.logStart, 0)
})

test('records without a time are as old as what they were packed into', async () => {
  const { world, topic, log } = await newWorld({ 'retention.ms': `${hour}` })
  await append(world, topic, { timestampMs: -1, isPacked: true })
  await retain(world)
  assert.equal(log.logStart, 0)
  await world.clock.advance(hour + 1_000)
  await append(world, topic, { timestampMs: -1 })
  await retain(world)
  assert.equal(log.logStart, 2)
  await world.clock.advance(2 * hour)
  await retain(world)
  assert.equal(log.logStart, 2, 'the tail has no age before it is packed')
})

test('the unpacked tail goes too, and is never packed', async () => {
  const { world, topic, log, id } = await newWorld({ 'retention.ms': `${hour}` })
  await append(world, topic)
  await append(world, topic)
  await world.clock.advance(2 * hour)
  await append(world, topic)
  await retain(world)
  assert.equal(log.logStart, 4)
  assert.equal((await world.within(world.readAll(id))).length, 1)
  await world.within(world.process.packer.packWindow(noSignal))
  assert.deepEqual(await named(world), [4], 'nothing below the start was written')
  await world.clock.advance(2 * hour)
  await append(world, topic)
  await retain(world)
  await world.clock.advance(2 * hour)
  await retain(world)
  assert.equal(log.logStart, 8)
  const objectsBefore = await world.stored()
  await world.within(world.process.packer.packWindow(noSignal))
  assert.equal(log.packedEnd, 8, 'packing passes over what is gone')
  assert.deepEqual(await world.stored(), objectsBefore, 'and writes nothing for it')
  await world.within(world.restart())
  assert.equal(logOf(world, id).logStart, 8)
})

test('retention.bytes keeps at least so much, as Kafka does', async () => {
  const { world, topic, log } = await newWorld({ 'retention.ms': '-1' })
  for (let index = 0; index < 6; index++) await append(world, topic, { isPacked: index < 4 })
  const [first] = log.tail
  assert.ok(first !== undefined)
  const each = first.length
  const configure = async (bytes: number): Promise<void> => {
    const change = (): Record<string, string> => ({
      'retention.ms': '-1',
      'retention.bytes': `${bytes}`,
    })
    await world.within(world.process.topics.configure(topic.topicId, change))
    await retain(world)
  }
  await configure(6 * each)
  assert.equal(log.logStart, 0)
  await configure(5 * each + 1)
  assert.equal(log.logStart, 0, 'without the first one less than asked would stay')
  await configure(5 * each)
  assert.equal(log.logStart, 2)
  await configure(each + 1)
  assert.equal(log.logStart, 8, 'over the border of what is packed')
  await configure(0)
  assert.equal(log.logStart, 12)
})

test('without delete in cleanup.policy nothing goes', async () => {
  const { world, topic, log } = await newWorld({ 'retention.ms': '-1' })
  await append(world, topic, { isPacked: true })
  await world.clock.advance(1_000 * hour)
  await retain(world)
  assert.equal(log.logStart, 0)
})

test('killed at every step, what is below the start goes with the next look', async () => {
  for (let at = 0; ; at++) {
    const { world, topic, id } = await newWorld({ 'retention.ms': `${hour}` })
    for (let index = 0; index < 3; index++) await append(world, topic, { isPacked: true })
    await world.clock.advance(2 * hour)
    await append(world, topic, { isPacked: true })
    const { life, retainer } = world.process
    let step = 0
    world.hooks.catalog = {
      pause: async () => {
        if (step++ === at) life.kill()
      },
    }
    void retainer.retainAll(noSignal).catch(() => undefined)
    await world.clock.advance(100)
    delete world.hooks.catalog
    if (!life.isOver) {
      assert.ok(at > 5, `${at} steps`)
      break
    }
    await world.within(world.restart())
    assert.ok([0, 6].includes(logOf(world, id).logStart))
    await retain(world)
    assert.equal(logOf(world, id).logStart, 6)
    assert.deepEqual(await named(world), [6])
    await world.clock.advance(graceMs + 1)
    await world.within(world.process.collector.collect(noSignal))
    assert.equal((await world.stored()).length, 1)
    assert.equal((await world.within(world.readAll(id))).length, 1)
  }
})

test('many extents go in bounded steps', async () => {
  const { world, topic, log, id } = await newWorld({ 'retention.ms': `${hour}` })
  await append(world, topic)
  await world.database.transaction('many', async (tx) => {
    const [row] = await tx.lock(partitions, [[id]], 'exclusive')
    assert.ok(row !== undefined)
    const rows = Array.from({ length: 2_500 }, (_, index) => {
      const place = { objectId: 'packed-x', position: 0, length: 10, leaderEpoch: 0 }
      const offsets = { baseOffset: index * 2, nextOffset: index * 2 + 2 }
      return { partitionId: id, ...offsets, ...place, maxTimestampMs: 1, createdMs: 1 }
    })
    await tx.put(extents, rows)
    await tx.put(partitions, [{ ...row, logEnd: 5_000, packedEnd: 5_000 }])
  })
  log.dropPacked(5_000)
  log.advance(5_000)
  const step = await raiseLogStart(world.database, id, 5_000, 0)
  assert.deepEqual([step.logStart, step.extents, step.isDone], [5_000, 1_000, false])
  await retain(world)
  assert.deepEqual(await named(world), [])
  assert.equal(log.logStart, 5_000)
})

test('the start never goes back, nor beyond the end', async () => {
  const { world, topic, id } = await newWorld({})
  await append(world, topic)
  assert.equal((await raiseLogStart(world.database, id, 100, 0)).logStart, 2)
  assert.equal((await raiseLogStart(world.database, id, 1, 0)).logStart, 2)
  assert.equal((await raiseLogStart(world.database, 12_345, 1, 0)).logStart, undefined)
})

test('an object is garbage when its last extent goes, not before', async () => {
  const world = new LogWorld()
  await world.within(world.start())
  const topic = await world.within(world.createTopic('a', 2, { 'retention.ms': `${hour}` }))
  await world.within(
    Promise.all([world.append(topic, 0, ['x']), world.append(topic, 1, ['y'], 1 + 2 ** 42)]),
  )
  await world.within(world.process.packer.packWindow(noSignal))
  const states = (): Promise<string[]> =>
    world.database.snapshot('look', async (tx) => {
      const rows = await tx.scan(objects, { prefix: [], from: ['packed-'], limit: 10 })
      return rows.map(({ state }) => state)
    })
  await world.clock.advance(2 * hour)
  await retain(world)
  assert.deepEqual(await states(), ['live'])
  assert.equal(logOf(world, topic.partitionIds[0] ?? -1).logStart, 1)
  const other = logOf(world, topic.partitionIds[1] ?? -1)
  await world.within(world.process.retainer.raise(other, 1))
  assert.deepEqual(await states(), ['garbage'])
})
