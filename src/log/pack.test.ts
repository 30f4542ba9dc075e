/** What packing may never do: lose, change or leak anything, wherever it is interrupted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  assertNoLeak,
  assertSame,
  assertTiles,
  collectAll,
  contentOf,
  newWorld,
  produce,
} from '../../test/log/log-content.ts'
import { noSignal } from '../../test/log/log-world.ts'

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

test('a window larger than memory is packed in slices, each read once', async () => {
  const kibibyte = 1_024
  const sliced = { fileBytes: 16 * kibibyte, objectBytes: 16 * kibibyte }
  const readsWith = async (sliceBytes: number | undefined): Promise<number> => {
    const slices = sliceBytes === undefined ? {} : { sliceBytes }
    const { world, topics } = await newWorld(1, { ...sliced, ...slices })
    await produce(world, topics, 300)
    const before = await contentOf(world, topics)
    const files = world.process.journal.finished().length
    assert.ok(files > 3, `${files} files of the journal`)
    await world.within(world.process.packer.packWindow(noSignal))
    const { reads } = world.process.packer.stats
    for (const log of world.process.logs.index.all()) assert.deepEqual(log.tail, [])
    assert.deepEqual(world.process.journal.finished(), [])
    assertSame(await contentOf(world, topics), before)
    await world.within(world.restart(true))
    assertSame(await contentOf(world, topics), before)
    await collectAll(world)
    await assertNoLeak(world)
    return reads
  }
  const [alone, together] = [await readsWith(undefined), await readsWith(32 * kibibyte)]
  assert.ok(
    together < alone,
    `${together} reads, ${alone} where each packed object reads for itself`,
  )
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
