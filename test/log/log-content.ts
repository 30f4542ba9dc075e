/** What a log holds, before and after somebody has moved it: shared by tests of packing and merging. */
import assert from 'node:assert/strict'
import { randomBelow } from '../../src/base/random.ts'
import { extents, objects, objectUses } from '../../src/catalog/schema.ts'
import type { KnownTopic } from '../../src/log/topic-directory.ts'
import { baseOffsetOf, lastOffsetDeltaOf } from '../../src/record/batch-header.ts'
import { checkBatchCrc } from '../../src/record/batch-sequence.ts'
import { graceMs, LogWorld, type LogWorldOptions, noSignal, orphanMs } from './log-world.ts'

/** Random batches over all partitions of the topics, some groups of them. */
export async function produce(
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

export type Content = ReadonlyMap<number, readonly Buffer[]>

export async function contentOf(world: LogWorld, topics: readonly KnownTopic[]): Promise<Content> {
  const content = new Map<number, Buffer[]>()
  for (const { partitionIds } of topics) {
    for (const partitionId of partitionIds) {
      content.set(partitionId, await world.within(world.readAll(partitionId)))
    }
  }
  return content
}

/** R2: the same bytes at the same offsets, and they tile. */
export function assertSame(now: Content, before: Content): void {
  assert.deepEqual([...now.keys()], [...before.keys()])
  for (const [partitionId, batches] of now) {
    const expected = before.get(partitionId) ?? []
    assert.equal(batches.length, expected.length, `partition ${partitionId}: as many batches`)
    for (const [index, batch] of batches.entries()) {
      assert.ok(batch.equals(expected[index] as Buffer), `partition ${partitionId}, ${index}`)
    }
  }
}

export function assertTiles(content: Content): void {
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
export async function assertNoLeak(world: LogWorld): Promise<void> {
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

export async function collectAll(world: LogWorld): Promise<void> {
  await world.clock.advance(orphanMs + 1)
  await world.insist(() => world.process.collector.sweep(noSignal))
  await world.insist(() => world.process.collector.collect(noSignal))
  await world.clock.advance(graceMs + 1)
  await world.insist(() => world.process.collector.collect(noSignal))
}

export async function newWorld(
  seed: number,
  options: LogWorldOptions = {},
): Promise<{ world: LogWorld; topics: KnownTopic[] }> {
  const world = new LogWorld({ seed, ...options })
  await world.within(world.start())
  const topics = [
    await world.within(world.createTopic('a', 3)),
    await world.within(world.createTopic('b', 2, { 'retention.ms': '3600000' })),
  ]
  return { world, topics }
}
