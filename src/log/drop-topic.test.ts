/** A deleted topic leaves nothing: no row, no object, no byte. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import { forgetTopic } from '../catalog/collect-topics.ts'
import {
  extents,
  objects,
  objectUses,
  partitions,
  producerStates,
  topics as topicTable,
} from '../catalog/schema.ts'
import { abortedRanges, openTransactions } from '../catalog/schema-transactions.ts'
import { graceMs, LogWorld, noSignal } from '../../test/log/log-world.ts'
import type { KnownTopic } from './topic-directory.ts'

async function newWorld(): Promise<{ world: LogWorld; doomed: KnownTopic; kept: KnownTopic }> {
  const world = new LogWorld()
  await world.within(world.start())
  const doomed = await world.within(world.createTopic('doomed', 2))
  const kept = await world.within(world.createTopic('kept', 1))
  for (let round = 0; round < 2; round++) {
    for (const topic of [doomed, kept]) {
      await world.within(
        Promise.all(topic.partitionIds.map((_, index) => world.append(topic, index, ['x', 'y']))),
      )
    }
    if (round === 0) await world.within(world.process.packer.packWindow(noSignal))
  }
  await world.database.transaction('producers', async (tx) => {
    for (const partitionId of doomed.partitionIds) {
      await tx.lock(partitions, [[partitionId]], 'exclusive')
      const window = new Uint8Array(24)
      const states = Array.from({ length: 1_500 }, (_, producerId) => {
        const none = { transactionOffset: null, markerMs: null }
        return { partitionId, producerId, epoch: 0, window, lastMs: 0, ...none }
      })
      await tx.put(producerStates, states)
      const opened = states.map(({ producerId }) => {
        return { partitionId, producerId, firstOffset: producerId }
      })
      await tx.put(openTransactions, opened)
      const aborted = opened.map((each) => {
        return { ...each, lastOffset: each.firstOffset, stableOffset: 0 }
      })
      await tx.put(abortedRanges, aborted)
    }
  })
  return { world, doomed, kept }
}

async function assertGone(world: LogWorld, { topicId, partitionIds }: KnownTopic): Promise<void> {
  await world.database.snapshot('look', async (tx) => {
    assert.deepEqual(await tx.get(topicTable, [[topicId]]), [undefined])
    for (const id of partitionIds) {
      assert.deepEqual(await tx.get(partitions, [[id]]), [undefined])
      assert.deepEqual(await tx.scan(extents, { prefix: [id], limit: 1 }), [])
      assert.deepEqual(await tx.scan(producerStates, { prefix: [id], limit: 1 }), [])
      assert.deepEqual(await tx.scan(openTransactions, { prefix: [id], limit: 1 }), [])
      assert.deepEqual(await tx.scan(abortedRanges, { prefix: [id], limit: 1 }), [])
    }
    const uses = await tx.scan(objectUses, { prefix: [], limit: 100 })
    assert.ok(uses.every((use) => !partitionIds.includes(use.partitionId)))
  })
}

const drop = (world: LogWorld): Promise<void> =>
  world.within(world.process.dropper.dropAll(noSignal))

test('everything of it goes, and nothing of others', async () => {
  const { world, doomed, kept } = await newWorld()
  await drop(world)
  assert.equal(world.process.dropper.stats.topics, 0, 'living topics are left alone')
  await world.within(world.process.topics.delete(doomed.topicId))
  await drop(world)
  await assertGone(world, doomed)
  assert.deepEqual(world.process.dropper.stats, {
    topics: 1,
    partitions: 2,
    extents: 2,
    bytes: world.process.dropper.stats.bytes,
  })
  assert.equal((await world.within(world.readAll(kept.partitionIds[0] ?? -1))).length, 2)
  await world.within(world.process.packer.packWindow(noSignal))
  assert.deepEqual(world.process.journal.finished(), [], 'its runs hold no journal file back')
  await world.clock.advance(graceMs + 1)
  await world.within(world.process.collector.collect(noSignal))
  await world.within(world.restart())
  assert.equal((await world.within(world.readAll(kept.partitionIds[0] ?? -1))).length, 2)
})

test('deleted while its runs are unpacked, and packed over before it is dropped', async () => {
  const { world, doomed, kept } = await newWorld()
  await world.within(world.process.topics.delete(doomed.topicId))
  await world.within(world.process.packer.packWindow(noSignal))
  assert.deepEqual(world.process.journal.finished(), [])
  await drop(world)
  await assertGone(world, doomed)
  assert.equal((await world.within(world.readAll(kept.partitionIds[0] ?? -1))).length, 2)
})

test('objects of which nothing else is named go with it', async () => {
  const world = new LogWorld()
  await world.within(world.start())
  const topic = await world.within(world.createTopic('a', 3))
  await world.within(Promise.all([0, 1, 2].map((index) => world.append(topic, index, ['x']))))
  await world.within(world.process.packer.packWindow(noSignal))
  assert.equal((await world.stored()).length, 1)
  await world.within(world.process.topics.delete(topic.topicId))
  await drop(world)
  await world.clock.advance(graceMs + 1)
  await world.within(world.process.collector.collect(noSignal))
  assert.deepEqual(await world.stored(), [])
  const left = await world.database.snapshot('look', (tx) =>
    tx.scan(objects, { prefix: [], from: ['packed-'], limit: 10 }),
  )
  assert.deepEqual(left, [])
})

test('failing at every step, it ends all the same', async () => {
  for (let at = 0; ; at++) {
    const { world, doomed } = await newWorld()
    await world.within(world.process.topics.delete(doomed.topicId))
    let step = 0
    world.hooks.catalog = {
      fault: ({ at: where }) => {
        if (step++ !== at) return undefined
        return { fault: where === 'commit' ? 'lose-answer' : 'fail' }
      },
    }
    const failure = await drop(world).then(
      () => undefined,
      (error: unknown) => error,
    )
    delete world.hooks.catalog
    if (step <= at) break
    assert.ok(isFailure(failure), String(failure))
    await drop(world)
    await assertGone(world, doomed)
  }
})

test('the row of a topic outlives its partitions, and a living topic everything', async () => {
  const { world, doomed, kept } = await newWorld()
  assert.equal(await forgetTopic(world.database, kept.topicId), false)
  await world.within(world.process.topics.delete(doomed.topicId))
  assert.equal(await forgetTopic(world.database, doomed.topicId), false)
})
