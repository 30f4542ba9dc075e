/** The second level of packing: small extents become large, wherever it is interrupted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertNoLeak,
  assertSame,
  collectAll,
  type Content,
  contentOf,
  newWorld,
  produce,
} from '../../test/log/log-content.ts'
import { type LogWorld, noSignal } from '../../test/log/log-world.ts'
import { extents } from '../catalog/schema.ts'
import type { KnownTopic } from './topic-directory.ts'

const rowCount = (world: LogWorld): Promise<number> =>
  world.within(
    world.database.snapshot('look', async (tx) => {
      return (await tx.scan(extents, { prefix: [], limit: 10_000 })).length
    }),
  )

/** Several windows, each packed for itself. */
async function packedInPieces(
  seed: number,
): Promise<{ world: LogWorld; topics: KnownTopic[]; before: Content }> {
  const { world, topics } = await newWorld(seed)
  for (let window = 0; window < 6; window++) {
    await produce(world, topics, 20)
    await world.insist(() => world.process.packer.packWindow(noSignal))
  }
  return { world, topics, before: await contentOf(world, topics) }
}

test('R2: what is merged reads as before, in fewer pieces, and nothing is left over', async () => {
  const { world, topics, before } = await packedInPieces(1)
  const rows = await rowCount(world)
  await world.insist(() => world.process.merger.mergeDue(noSignal))
  assert.ok((await rowCount(world)) <= rows / 3, `${await rowCount(world)} of ${rows} rows`)
  assertSame(await contentOf(world, topics), before)
  await world.within(world.restart(true))
  assertSame(await contentOf(world, topics), before)
  await collectAll(world)
  await assertNoLeak(world)
  assertSame(await contentOf(world, topics), before)
})

test('what retention dropped meanwhile does not come back', async () => {
  const { world, topics, before } = await packedInPieces(2)
  const { merger, logs } = world.process
  const [log] = [...logs.index.all()]
  assert.ok(log !== undefined)
  world.hooks.store = ({ kind }) => {
    // While the merged object is written.
    if (kind === 'put') void logs.deleteRecords(log, Math.floor(log.logEnd / 2))
    return undefined
  }
  await world.insist(() => merger.mergeDue(noSignal))
  delete world.hooks.store
  await world.clock.advance(10)
  const kept = (before.get(log.partitionId) ?? []).length
  const now = await contentOf(world, topics)
  assert.ok((now.get(log.partitionId) ?? []).length < kept)
  await collectAll(world)
  await assertNoLeak(world)
})

test('killed at every step', async () => {
  const seed = 5
  const count = await packedInPieces(seed)
  let steps = 0
  count.world.hooks.store = () => void steps++
  count.world.hooks.catalog = { pause: async () => void steps++ }
  await count.world.insist(() => count.world.process.merger.mergeDue(noSignal))
  assert.ok(steps > 30, `${steps} steps`)
  for (let at = 0; at < steps; at++) {
    const { world, topics, before } = await packedInPieces(seed)
    const { life, merger } = world.process
    let step = 0
    const dieAt = (): undefined => {
      if (step++ === at) life.kill()
    }
    world.hooks.store = dieAt
    world.hooks.catalog = { pause: async () => dieAt() }
    void merger.mergeDue(noSignal).catch(() => undefined)
    for (let ms = 0; ms < 500 && !life.isOver; ms++) await world.clock.advance(1)
    assert.ok(life.isOver, `died at step ${at}`)
    await world.clock.advance(10)
    delete world.hooks.store
    delete world.hooks.catalog
    await world.within(world.restart())
    assertSame(await contentOf(world, topics), before)
    await world.insist(() => world.process.merger.mergeDue(noSignal))
    assertSame(await contentOf(world, topics), before)
    await collectAll(world)
    await assertNoLeak(world)
    assertSame(await contentOf(world, topics), before)
  }
})
