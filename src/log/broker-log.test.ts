/** Reading: from memory, journal and packed objects alike, with ends that the catalog vouches for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import { randomBelow } from '../base/random.ts'
import { partitions } from '../catalog/schema.ts'
import { baseOffsetOf, lastOffsetDeltaOf } from '../record/batch-header.ts'
import { LogWorld, type LogWorldOptions, noSignal } from '../../test/log/log-world.ts'
import type { PartitionLog } from './partition-log.ts'
import type { KnownTopic } from './topic-directory.ts'

interface Filled {
  readonly world: LogWorld
  readonly topic: KnownTopic
  readonly log: () => PartitionLog
  /** Bytes of each batch of two records. */
  readonly size: number
}

/** Six batches: two packed, two in the journal, two of a later window. */
async function filled(options: LogWorldOptions = {}): Promise<Filled> {
  const world = new LogWorld(options)
  await world.within(world.start())
  const topic = await world.within(world.createTopic('a', 1))
  const append = (index: number): Promise<unknown> =>
    world.within(world.append(topic, 0, [`${index}-first`, `${index}-second`], 1_000))
  for (let index = 0; index < 2; index++) await append(index)
  await world.within(world.process.packer.packWindow(noSignal))
  for (let index = 2; index < 6; index++) await append(index)
  const log = (): PartitionLog => {
    const found = world.process.logs.index.get(topic.partitionIds[0] ?? -1)
    assert.ok(found !== undefined)
    return found
  }
  const size = log().tail[0]?.length ?? 0
  return { world, topic, log, size }
}

async function offsetsAt(
  { world, log }: Filled,
  offset: number,
  maxBytes: number,
): Promise<{ bases: number[]; next: number } | string> {
  const result = await world.within(world.process.logs.read(log(), offset, maxBytes))
  if (result.outcome !== 'records') return result.outcome
  const bytes = Buffer.concat(result.chunks)
  assert.equal(bytes.length, result.byteLength)
  const bases: number[] = []
  for (let at = 0; at < bytes.length; at += bytes.readInt32BE(at + 8) + 12) {
    bases.push(baseOffsetOf(bytes, at))
    assert.equal(lastOffsetDeltaOf(bytes, at), 1)
  }
  result.release()
  return { bases, next: result.nextOffset }
}

for (const [name, options] of [
  ['from storage', {}],
  ['from the block cache', { blockCacheBytes: 1_000_000 }],
  ['from the tail cache', { tailCacheBytes: 1_000_000 }],
  ['partly from each', { tailCacheBytes: 262_144, blockCacheBytes: 300 }],
] as const) {
  test(`R2: whole batches from any offset, ${name}`, async () => {
    const bench = await filled(options)
    const { size } = bench
    for (let round = 0; round < 2; round++) {
      for (let offset = 0; offset < 12; offset++) {
        const first = offset - (offset % 2)
        assert.deepEqual(await offsetsAt(bench, offset, 1), { bases: [first], next: first + 2 })
        const two = await offsetsAt(bench, offset, 2 * size)
        assert.ok(typeof two === 'object')
        assert.ok(two.bases.length <= 2 && two.bases[0] === first)
      }
      assert.deepEqual(await offsetsAt(bench, 12, 1_000), { bases: [], next: 12 })
    }
  })
}

test('a read passes from what is packed into the journal', async () => {
  const bench = await filled()
  const all = await offsetsAt(bench, 0, 100_000)
  assert.deepEqual(all, { bases: [0, 2, 4, 6, 8, 10], next: 12 })
  assert.deepEqual(await offsetsAt(bench, 3, 2 * bench.size), { bases: [2, 4], next: 6 })
})

test('after a restart everything reads as before', async () => {
  const bench = await filled({ tailCacheBytes: 1_000_000 })
  await bench.world.within(bench.world.restart(true))
  assert.equal(bench.log().logEnd, 12)
  assert.deepEqual(await offsetsAt(bench, 0, 100_000), {
    bases: [0, 2, 4, 6, 8, 10],
    next: 12,
  })
})

test('R1: an offset is out of range when the catalog says so, not memory', async () => {
  const bench = await filled()
  assert.equal(await offsetsAt(bench, 13, 100), 'out-of-range')
  const [partitionId = -1] = bench.topic.partitionIds
  await bench.world.database.transaction('another broker', async (tx) => {
    const [row] = await tx.lock(partitions, [[partitionId]], 'exclusive')
    assert.ok(row !== undefined)
    await tx.put(partitions, [{ ...row, logEnd: 20 }])
  })
  assert.deepEqual(await offsetsAt(bench, 13, 100), { bases: [], next: 13 }, 'not taken in yet')
  assert.equal(await offsetsAt(bench, 21, 100), 'out-of-range')
  bench.world.hooks.catalog = { fault: () => ({ fault: 'fail' }) }
  const read = bench.world.process.logs.read(bench.log(), 21, 100)
  await assert.rejects(bench.world.within(read), (error) => isFailure(error, 'unavailable'))
})

test('below the log start nothing is read', async () => {
  const bench = await filled()
  await bench.world.within(bench.world.process.retainer.raise(bench.log(), 3))
  assert.equal(await offsetsAt(bench, 2, 100), 'out-of-range')
  assert.deepEqual(await offsetsAt(bench, 3, 1), { bases: [2], next: 4 })
})

test('what is packed while it is looked for is found', async () => {
  const { world, topic } = await filled({ seed: 5 })
  for (let round = 0; round < 20; round++) {
    const appends = Array.from({ length: 3 }, () => world.append(topic, 0, ['x', 'y']))
    await world.within(Promise.all(appends))
    // Reads of the store and the journal take their time, packing goes on meanwhile.
    world.hooks.store = () => ({ delayMs: randomBelow(world.random, 3) })
    world.hooks.disk = () => ({ delayMs: randomBelow(world.random, 2) })
    const packing = world.process.packer.packWindow(noSignal)
    const reads = Array.from({ length: 5 }, () => world.readAll(topic.partitionIds[0] ?? -1))
    await world.within(Promise.all([packing, ...reads]))
    for (const batches of await Promise.all(reads))
      assert.equal(batches.length, 6 + 3 * (round + 1))
    delete world.hooks.store
    delete world.hooks.disk
  }
})

test('a damaged run is refused, is not packed, and holds nothing else back', async () => {
  const world = new LogWorld()
  await world.within(world.start())
  const topic = await world.within(world.createTopic('a', 2))
  for (const partition of [0, 1, 0]) await world.within(world.append(topic, partition, ['x']))
  const [broken = -1, sound = -1] = topic.partitionIds
  const run = world.process.logs.index.get(broken)?.tail[1]
  assert.ok(run !== undefined)
  const [path] = (await world.disk.names('/journal')).map((name) => `/journal/${name}`)
  const file = await world.disk.open(path ?? '', 'write')
  await file.write([Buffer.from('damage')], run.position + 62)
  await world.within(world.process.packer.packWindow(noSignal))
  assert.equal(world.process.packer.stats.damagedRuns, 1)
  assert.equal(world.process.logs.index.get(sound)?.packedEnd, 1)
  assert.equal(world.process.logs.index.get(broken)?.packedEnd, 1, 'up to the damage')
  assert.equal(world.process.journal.finished().length, 1, 'the evidence stays')
  await assert.rejects(world.within(world.readAll(broken, 1)), (error) =>
    isFailure(error, 'corrupt'),
  )
  assert.equal((await world.within(world.readAll(sound))).length, 1)
  await world.within(world.append(topic, 0, ['y']))
  await world.within(world.process.packer.packWindow(noSignal))
  await world.within(world.restart())
  await assert.rejects(world.within(world.readAll(broken, 1)), (error) =>
    isFailure(error, 'corrupt'),
  )
  assert.equal((await world.within(world.readAll(broken, 2))).length, 1)
})
