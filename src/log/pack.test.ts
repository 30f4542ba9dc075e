/** What packing may never do: lose, change or leak anything, wherever it is interrupted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomBelow } from '../base/random.ts'
import { extents, objects, objectUses } from '../catalog/schema.ts'
import { baseOffsetOf, lastOffsetDeltaOf } from '../record/batch-header.ts'
import { checkBatchCrc } from '../record/batch-sequence.ts'
import { graceMs, LogWorld, noSignal, orphanMs } from '../../test/log/log-world.ts'
import type { KnownTopic } from './topic-directory.ts'

/** Random batches over all partitions of the topics, some groups of them. */
async function produce(
  world: LogWorld,
  topics: readonly KnownTopic[],
  batches: number,
): Promise<void> {
  const pending: Promise<unknown>[] = []
  for (let index = 0; index < batches; index++) {
    const topic = topics[randomBelow(world.random, topics.length)] as KnownTopic
    const partition = randomBelow(world.random, topic.partitionIds.length)
    const count = 1 + randomBelow(world.random, 5)
    const values = Array.from({ length: count }, (_, at) =>
      `${index}.${at} `.padEnd(randomBelow(world.random, 900), 'x'),
    )
    pending.push(world.append(topic, partition, values))
    if (randomBelow(world.random, 4) === 0) await world.clock.advance(1)
  }
  await world.within(Promise.all(pending))
}

type Content = ReadonlyMap<number, readonly Buffer[]>

async function contentOf(world: LogWorld, topics: readonly KnownTopic[]): Promise<Content> {
  const content = new Map<number, Buffer[]>()
  for (const { partitionIds } of topics) {
    for (const partitionId of partitionIds) {
      content.set(partitionId, await world.within(world.readAll(partitionId)))
    }
  }
  return content
}

/** R2: the same bytes at the same offsets, and they tile. */
function assertSame(now: Content, before: Content): void {
  assert.deepEqual([...now.keys()], [...before.keys()])
  for (const [partitionId, batches] of now) {
    const expected = before.get(partitionId) ?? []
    assert.equal(batches.length, expected.length, `partition ${partitionId}: as many batches`)
    for (const [index, batch] of batches.entries()) {
      assert.ok(batch.equals(expected[index] as Buffer), `partition ${partitionId}, ${index}`)
    }
  }
}

function assertTiles(content: Content): void {
  for (const batches of content.values()) {
    let next = 0
    for (const batch of batches) {
      checkBatchCrc(batch)
      assert.equal(baseOffsetOf(batch, 0), next)
      next += lastOffsetDeltaOf(batch, 0) + 1
    }
  }
}

/** Nothing in the store that no extent names, nothing named that is not in the store (G1, G2). */
async function assertNoLeak(world: LogWorld): Promise<void> {
  const named = await world.database.snapshot('look', async (tx) => {
    const uses = await tx.scan(objectUses, { prefix: [], limit: 10_000 })
    const rows = await tx.scan(extents, { prefix: [], limit: 10_000 })
    const counts = new Map<string, number>()
    for (const { objectId, partitionId } of rows) {
      const key = `${objectId}/${partitionId}`
      counts.set(key, (counts.get(key) ?? 0) + 1)
    }
    for (const { objectId, partitionId, extents: count } of uses) {
      assert.equal(count, counts.get(`${objectId}/${partitionId}`), 'uses count extents')
    }
    assert.equal(uses.length, counts.size)
    return new Set(rows.map(({ objectId }) => objectId))
  })
  const stored = await world.stored()
  assert.deepEqual(
    stored.map((key) => key.slice(key.indexOf('/') + 1)),
    [...named].toSorted(),
  )
  const rows = await world.database.snapshot('look', (tx) =>
    tx.scan(objects, { prefix: [], from: ['packed-'], limit: 10_000 }),
  )
  assert.deepEqual(
    rows.map(({ objectId, state }) => [objectId, state]),
    [...named].toSorted().map((objectId) => [objectId, 'live']),
  )
}

async function collectAll(world: LogWorld): Promise<void> {
  await world.clock.advance(orphanMs + 1)
  await world.insist(() => world.process.collector.sweep(noSignal))
  await world.insist(() => world.process.collector.collect(noSignal))
  await world.clock.advance(graceMs + 1)
  await world.insist(() => world.process.collector.collect(noSignal))
}

async function newWorld(seed: number): Promise<{ world: LogWorld; topics: KnownTopic[] }> {
  const world = new LogWorld({ seed })
  await world.within(world.start())
  const topics = [
    await world.within(world.createTopic('a', 3)),
    await world.within(world.createTopic('b', 2, { 'retention.ms': '3600000' })),
  ]
  return { world, topics }
}

test('R2: what is packed reads as before, and the journal is given back', async () => {
  const { world, topics } = await newWorld(1)
  await produce(world, topics, 300)
  const before = await contentOf(world, topics)
  assertTiles(before)
  await world.within(world.process.packer.packWindow(noSignal))
  for (const log of world.process.logs.index.all()) {
    assert.deepEqual(log.tail, [], 'nothing is unpacked')
    assert.equal(log.packedEnd, log.logEnd)
  }
  assert.deepEqual(world.process.journal.finished(), [])
  assertSame(await contentOf(world, topics), before)
  await world.within(world.restart(true))
  assertSame(await contentOf(world, topics), before)
  await collectAll(world)
  await assertNoLeak(world)
  assertSame(await contentOf(world, topics), before)
})

test('windows follow each other while data arrives', async () => {
  const { world, topics } = await newWorld(2)
  for (let round = 0; round < 5; round++) {
    const arriving = produce(world, topics, 60)
    await world.insist(() => world.process.packer.packWindow(noSignal))
    await arriving
  }
  const before = await contentOf(world, topics)
  assertTiles(before)
  await world.within(world.restart(true))
  assertSame(await contentOf(world, topics), before)
  await world.within(world.process.packer.packWindow(noSignal))
  await collectAll(world)
  await assertNoLeak(world)
  assertSame(await contentOf(world, topics), before)
})

/** What reaches the outside while a window is packed; each is a place to die at, before or behind. */
async function stepsOf(seed: number): Promise<number> {
  const { world, topics } = await newWorld(seed)
  await produce(world, topics, 120)
  let steps = 0
  world.hooks.disk = () => void steps++
  world.hooks.store = () => void steps++
  world.hooks.catalog = { pause: async () => void steps++ }
  await world.within(world.process.packer.packWindow(noSignal))
  return steps
}

for (const power of [false, true]) {
  test(`killed at every step${power ? ', with a power loss' : ''}`, async () => {
    const seed = 7
    const steps = await stepsOf(seed)
    assert.ok(steps > 40, `${steps} steps`)
    for (let at = 0; at < steps; at++) {
      const { world, topics } = await newWorld(seed)
      await produce(world, topics, 120)
      const before = await contentOf(world, topics)
      let step = 0
      const { life } = world.process
      const dieAt = (): void => {
        if (step++ === at) life.kill()
      }
      world.hooks.disk = dieAt as () => undefined
      world.hooks.store = dieAt as () => undefined
      world.hooks.catalog = { pause: async () => dieAt() }
      void world.process.packer.packWindow(noSignal).catch(() => undefined)
      for (let ms = 0; ms < 500 && !life.isOver; ms++) await world.clock.advance(1)
      assert.ok(life.isOver, `died at step ${at}`)
      await world.clock.advance(10)
      delete world.hooks.disk
      delete world.hooks.store
      delete world.hooks.catalog
      await world.within(world.restart(power))
      assertSame(await contentOf(world, topics), before)
      await produce(world, topics, 10)
      const grown = await contentOf(world, topics)
      assertTiles(grown)
      await world.insist(() => world.process.packer.packWindow(noSignal))
      assertSame(await contentOf(world, topics), grown)
      await collectAll(world)
      await assertNoLeak(world)
      assertSame(await contentOf(world, topics), grown)
    }
  })
}
