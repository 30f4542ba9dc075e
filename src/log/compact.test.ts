/** What compaction may never do: lose the latest of a key, bring one back, show what was aborted. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { randomBelow } from '../base/random.ts'
import { objects } from '../catalog/schema.ts'
import { readBatchHeader } from '../record/batch-header.ts'
import { batchesIn } from '../record/batch-sequence.ts'
import type { Isolation } from './partition-log.ts'
import { abortedRanges } from '../catalog/schema-transactions.ts'
import { CompactedLog, producers } from '../../test/log/compacted-log.ts'
import { graceMs, LogWorld, noSignal, orphanMs } from '../../test/log/log-world.ts'

const minute = 60_000

async function randomStep(log: CompactedLog): Promise<string> {
  const { world } = log
  const { random } = world
  const draw = randomBelow(random, 100)
  const producerId = producers[randomBelow(random, producers.length)] ?? -1
  if (draw < 55) {
    const records = Array.from({ length: 1 + randomBelow(random, 5) }, () => ({
      key: `k${randomBelow(random, 7)}`,
      value: randomBelow(random, 4) === 0 ? null : `v${random.uint32()}`,
    }))
    await log.append(records, draw < 25 ? producerId : -1)
    return 'append'
  }
  if (draw < 70) {
    const type = randomBelow(random, 2) === 0 ? 'commit' : 'abort'
    await log.end(producerId, type)
    return `${type} ${producerId}`
  }
  if (draw < 80) {
    await log.pack()
    return 'pack'
  }
  if (draw < 92) {
    const bytes = [24, 100, 65_536][randomBelow(random, 3)] ?? 0
    const objectBytes = [200, 1_000, 65_536][randomBelow(random, 3)] ?? 0
    world.compactLimits = { ...world.compactLimits, mapBytes: bytes, objectBytes }
    await log.compact()
    return `compact ${bytes} ${objectBytes}`
  }
  if (draw < 96) {
    await world.clock.advance(randomBelow(random, 4) * minute)
    return 'wait'
  }
  if (draw < 98) {
    await world.within(world.restart())
    return 'restart'
  }
  const offset = Math.min(log.log.stableEnd, log.log.logStart + randomBelow(random, 10))
  await world.within(world.process.logs.deleteRecords(log.log, offset))
  return `delete below ${offset}`
}

test('T2, R2: random logs, read before and after, against a model', async () => {
  for (let seed = 1; seed <= 10; seed++) {
    const tailCacheBytes = seed % 2 === 0 ? 0 : 8_000_000
    const world = new LogWorld({ seed, tailCacheBytes, objectBytes: 2_048 })
    const log = await CompactedLog.create(world)
    const steps: string[] = []
    try {
      for (let step = 0; step < 60; step++) {
        const what = await randomStep(log)
        steps.push(what)
        if (!what.startsWith('append')) await log.check()
      }
      for (const producerId of producers) await log.end(producerId, 'commit')
      await log.pack()
      for (let round = 0; round < 4; round++) {
        await log.compact()
        await log.check()
        await world.clock.advance(6 * minute)
      }
      await checkClean(log)
    } catch (error) {
      throw new Error(`seed ${seed}: ${steps.join(', ')}`, { cause: error })
    }
  }
})

/** Each key stands once, no tombstone but the last batch's, and no marker that is not needed. */
async function checkClean(log: CompactedLog): Promise<void> {
  const seen = await log.read('uncommitted')
  const keys = new Set(seen.map(({ key }) => key))
  assert.equal(keys.size, seen.length, 'each key stands once')
  assert.deepEqual(
    seen.filter(({ value }) => value === null),
    [],
    'tombstones are gone',
  )
}

const one = (key: string, value: string | null): { key: string; value: string | null }[] => [
  { key, value },
]

test('an abort marker leaves after its records, with its aborted range', async () => {
  const log = await CompactedLog.create(new LogWorld({ seed: 3 }))
  const { world } = log
  const ranges = (): Promise<number> =>
    world.database.snapshot('look', async (tx) => {
      const rows = await tx.scan(abortedRanges, { prefix: [], limit: 10 })
      return rows.length
    })
  await log.append(one('a', 'kept'))
  await log.append(one('a', 'aborted'), 100)
  await log.end(100, 'abort')
  await log.append(one('b', 'later'), 100)
  await log.end(100, 'commit')
  await log.append(one('c', 'last'))
  await log.pack()
  await log.compact()
  assert.deepEqual(
    (await log.read('uncommitted')).map(({ value }) => value),
    ['kept', 'later', 'last'],
  )
  assert.equal(await ranges(), 1, 'its marker is there still')
  const isDated = async (): Promise<boolean | undefined> => {
    const batches = await world.within(world.readAll(log.partitionId))
    const headers = batches.map((batch) => readBatchHeader(batch, 0))
    return headers.find(({ isControl }) => isControl)?.hasDeleteHorizon
  }
  assert.equal(await isDated(), false, 'its time begins when nobody has its records any more')
  await log.compact()
  assert.equal(await isDated(), true)
  await world.clock.advance(4 * minute)
  await log.compact()
  assert.equal(await ranges(), 1)
  await world.clock.advance(2 * minute)
  await log.compact()
  assert.equal(await ranges(), 0)
  await log.check()
})

test('T2: a broker that compaction has passed by does not show what was aborted', async () => {
  const log = await CompactedLog.create(new LogWorld({ seed: 3, blockCacheBytes: 100_000 }))
  const { world } = log
  await log.append(one('a', 'aborted'), 100)
  await log.append(one('b', 'kept'))
  await log.end(100, 'abort')
  await log.append(one('c', 'last'))
  await log.pack()
  const other = await world.within(world.bystander())
  const behind = other.index.get(log.partitionId)
  assert.ok(behind !== undefined)
  const shown = async (isolation: Isolation): Promise<unknown> => {
    const result = await world.within(other.read(behind, 0, 10_000, isolation))
    assert.ok(result.outcome === 'records')
    const headers = result.chunks.flatMap((chunk) =>
      [...batchesIn(chunk)].map(({ at }) => readBatchHeader(chunk, at)),
    )
    const offsets = headers.map(({ baseOffset }) => baseOffset)
    return { offsets, aborted: result.aborted?.map(({ firstOffset }) => firstOffset) }
  }
  // It keeps the extents as they are, and has not asked yet for what was aborted.
  assert.deepEqual(await shown('uncommitted'), { offsets: [0, 1, 2, 3], aborted: undefined })
  for (let passes = 0; passes < 4; passes++) {
    await log.compact()
    await world.clock.advance(6 * minute)
  }
  assert.deepEqual(await shown('committed'), { offsets: [1, 3], aborted: [] })
})

test('what is younger than min.compaction.lag.ms stays', async () => {
  const world = new LogWorld({ seed: 4 })
  const log = await CompactedLog.create(world, { 'min.compaction.lag.ms': `${10 * minute}` })
  await log.append(one('a', 'old'))
  await log.append(one('a', 'new'))
  await log.pack()
  await log.compact()
  assert.equal((await log.read('committed')).length, 2)
  await world.clock.advance(11 * minute)
  await log.compact()
  assert.equal((await log.read('committed')).length, 1)
})

test('below the dirty ratio nothing is done, until max.compaction.lag.ms', async () => {
  const world = new LogWorld({ seed: 5 })
  const log = await CompactedLog.create(world, {
    'min.cleanable.dirty.ratio': '0.9',
    'max.compaction.lag.ms': `${10 * minute}`,
  })
  await log.append(
    Array.from({ length: 50 }, (_, at) => ({ key: `k${at}`, value: 'x' })),
    -1,
    'none',
  )
  await log.pack()
  await log.compact()
  await log.append(one('k0', 'y'))
  await log.pack()
  const { stats } = world.process.compactor
  await log.compact()
  assert.equal(stats.passes, 1)
  assert.equal((await log.read('committed')).length, 51)
  await world.clock.advance(11 * minute)
  await log.compact()
  assert.equal(stats.passes, 2)
  assert.equal((await log.read('committed')).length, 50)
})

test('keys that do not fit into the map are compacted in several passes', async () => {
  const world = new LogWorld({ seed: 6 })
  const log = await CompactedLog.create(world)
  for (let round = 0; round < 2; round++) {
    for (let key = 0; key < 30; key++) await log.append(one(`k${key}`, `${round}`))
  }
  await log.pack()
  world.compactLimits = { ...world.compactLimits, mapBytes: 240 }
  await log.compact()
  assert.ok(world.process.compactor.stats.passes > 5)
  await log.check()
  assert.equal((await log.read('committed')).length, 30)
})

test('records that were deleted during a pass do not come back', async () => {
  const world = new LogWorld({ seed: 7 })
  const log = await CompactedLog.create(world)
  for (let at = 0; at < 10; at++) await log.append(one(`k${at % 3}`, `${at}`))
  await log.pack()
  world.hooks.catalog = {
    pause: async ({ transaction }) => {
      if (transaction !== 'swap compacted') return
      delete world.hooks.catalog
      await world.process.logs.deleteRecords(log.log, 10)
    },
  }
  await log.compact()
  assert.equal(world.process.compactor.stats.voidSwaps, 1)
  assert.deepEqual(await log.read('uncommitted'), [])
  const [row] = await world.database.snapshot('look', (tx) =>
    tx.scan(objects, { prefix: [], from: ['packed-'], limit: 10, descending: true }),
  )
  assert.notEqual(row?.state, 'live')
  await world.clock.advance(graceMs + 1)
  await world.within(world.process.collector.collect(noSignal))
  assert.deepEqual(await world.stored(), [], 'nothing is left of it')
})

/** A log of which a pass removes something of everything. */
async function filled(seed: number): Promise<CompactedLog> {
  const log = await CompactedLog.create(new LogWorld({ seed, objectBytes: 1_024 }))
  const { world } = log
  world.compactLimits = { ...world.compactLimits, objectBytes: 500 }
  for (let at = 0; at < 24; at++) {
    const producerId = at % 3 === 0 ? 100 : -1
    await log.append(one(`k${at % 5}`, at % 4 === 0 ? null : `${at}`), producerId)
    if (at % 6 === 5) await log.end(100, at % 12 === 5 ? 'abort' : 'commit')
    if (at % 8 === 7) await log.pack()
  }
  return log
}

test('killed at every step', async () => {
  const counted = await filled(8)
  let steps = 0
  const count = (): undefined => void steps++
  counted.world.hooks.store = count
  counted.world.hooks.catalog = { pause: async () => count() }
  await counted.compact()
  assert.ok(steps > 20, `${steps} steps`)
  for (let at = 0; at < steps; at++) {
    const log = await filled(8)
    const { world } = log
    const { life, compactor } = world.process
    let step = 0
    const dieAt = (): undefined => {
      if (step++ === at) life.kill()
    }
    world.hooks.store = dieAt
    world.hooks.catalog = { pause: async () => dieAt() }
    void compactor.compactAll(noSignal).catch(() => undefined)
    for (let ms = 0; ms < 500 && !life.isOver; ms++) await world.clock.advance(1)
    assert.ok(life.isOver, `died at step ${at}`)
    await world.clock.advance(10)
    delete world.hooks.store
    delete world.hooks.catalog
    await world.within(world.restart())
    await log.check()
    await log.compact()
    await log.check()
    await world.clock.advance(orphanMs + 1)
    await world.insist(() => world.process.collector.sweep(noSignal))
    await world.insist(() => world.process.collector.collect(noSignal))
    await world.clock.advance(graceMs + 1)
    await world.insist(() => world.process.collector.collect(noSignal))
    await log.check()
    const named = await world.database.snapshot('look', (tx) =>
      tx.scan(objects, { prefix: [], from: ['packed-'], limit: 1_000 }),
    )
    assert.deepEqual(
      named.filter(({ state }) => state !== 'live'),
      [],
      `step ${at}: nothing is left over`,
    )
    assert.equal((await world.stored()).length, named.length)
  }
})

test('what the broker kept of the tail is forgotten where it was compacted', async () => {
  const log = await CompactedLog.create(new LogWorld({ seed: 9, tailCacheBytes: 8_000_000 }))
  for (const value of ['old', 'new']) await log.append(one('a', value))
  await log.pack()
  await log.append(one('b', 'unpacked'))
  await log.compact()
  assert.deepEqual(
    (await log.read('uncommitted')).map(({ value }) => value),
    ['new', 'unpacked'],
  )
  assert.equal(log.world.process.logs.tailCache.stats.batches, 1, 'the rest stays')
})

test('a transaction whose records stay keeps nobody busy', async () => {
  const log = await CompactedLog.create(new LogWorld({ seed: 10 }))
  await log.append(one('a', 'x'), 100)
  await log.end(100, 'commit')
  await log.append(one('b', 'y'))
  await log.pack()
  await log.compact()
  await log.compact()
  assert.equal(log.world.process.compactor.stats.passes, 1)
})
