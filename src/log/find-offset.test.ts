/** From a time to an offset, over packed runs and the tail. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LogWorld, noSignal } from '../../test/log/log-world.ts'
import { findLatestTime, findOffsetByTime } from './find-offset.ts'
import type { PartitionLog } from './partition-log.ts'
import type { KnownTopic } from './topic-directory.ts'

interface Bench {
  readonly world: LogWorld
  readonly topic: KnownTopic
  readonly log: PartitionLog
}

/** One record for each time; packed before the index given. */
async function newBench(times: readonly number[], packAt: number): Promise<Bench> {
  const world = new LogWorld()
  await world.within(world.start())
  const topic = await world.within(world.createTopic('a', 1))
  for (const [index, timestampMs] of times.entries()) {
    if (index === packAt) await world.within(world.process.packer.packWindow(noSignal))
    await world.within(world.append(topic, 0, ['x'], timestampMs))
  }
  const log = world.process.logs.index.get(topic.partitionIds[0] ?? -1)
  assert.ok(log !== undefined)
  return { world, topic, log }
}

const byTime = async ({ world, log }: Bench, targetMs: number): Promise<number | undefined> =>
  (await world.within(findOffsetByTime(world.process.logs, log, targetMs)))?.offset

const latest = async ({ world, log }: Bench): Promise<readonly [number, number] | undefined> => {
  const found = await world.within(findLatestTime(world.process.logs, log))
  return found && [found.offset, found.timestampMs]
}

test('the first record at or behind a time, whatever the order of times', async () => {
  const bench = await newBench([50, 10, 70, 20, 70, 60], 3)
  assert.equal(await byTime(bench, 0), 0)
  assert.equal(await byTime(bench, 50), 0)
  assert.equal(await byTime(bench, 51), 2)
  assert.equal(await byTime(bench, 70), 2)
  assert.equal(await byTime(bench, 71), undefined)
  assert.deepEqual(await latest(bench), [2, 70])
})

test('nothing below the log start is found', async () => {
  const bench = await newBench([50, 10, 70, 20, 60], 5)
  await bench.world.within(bench.world.process.retainer.raise(bench.log, 3))
  assert.equal(await byTime(bench, 30), 4)
  assert.equal(await byTime(bench, 10), 3)
  assert.deepEqual(await latest(bench), [4, 60])
})

test('an empty log has no times', async () => {
  const bench = await newBench([], 1)
  assert.equal(await byTime(bench, 0), undefined)
  assert.equal(await latest(bench), undefined)
})

test('runs that are packed while one looks are looked for again', async () => {
  const bench = await newBench([10, 20, 30, 40], 9)
  const { world } = bench
  let isPacked = false
  const { journal } = world.process
  const read = journal.read.bind(journal)
  journal.read = async (...asked) => {
    if (!isPacked) {
      isPacked = true
      await world.process.packer.packWindow(noSignal)
    }
    return read(...asked)
  }
  assert.equal(await byTime(bench, 35), 3)
  assert.ok(isPacked)
})
