/** The jobs together, as a broker runs them: on time, guarded, and over when it stops. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../base/log.ts'
import { commitLog, partitions, producerStates } from '../catalog/schema.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { LogWorld } from '../../test/log/log-world.ts'
import { openInlinePass } from './compaction-pass.ts'
import { type LogJobs, jobNames, startLogJobs } from './jobs.ts'
import type { KnownTopic } from './topic-directory.ts'

const hour = 3_600_000

function startJobs(
  world: LogWorld,
  differenceMs?: () => number,
  left = new Set<string>(),
): LogJobs {
  const { logs, journal, topics } = world.process
  const shared = differenceMs && {
    mayRun: async () => true,
    leave: async (job: string) => void left.add(job),
    clockDifferenceMs: differenceMs,
  }
  return startLogJobs({
    database: world.database,
    journal,
    objects: world.store,
    clusterId: 'a2Fyc3QtbG9nLXRlc3RzLg',
    logs,
    topics,
    clock: world.clock,
    random: seededRandom(3),
    openPass: openInlinePass,
    log: silentLog,
    broken: (name, error) => assert.fail(`${name}: ${String(error)}`),
    limits: {
      windowMs: 60_000,
      windowBytes: 50_000,
      objectBytes: 100_000,
      retentionCheckMs: 300_000,
      graceMs: 60_000,
      producerExpirationMs: () => 2 * hour,
      compaction: () => ({ backoffMs: 15_000, mapBytes: 65_536, bytesPerSecond: Infinity }),
    },
    ...(shared === undefined ? {} : { shared }),
  })
}

async function newWorld(): Promise<{ world: LogWorld; topic: KnownTopic }> {
  const world = new LogWorld()
  await world.within(world.start())
  const topic = await world.within(world.createTopic('a', 1, { 'retention.ms': `${hour}` }))
  return { world, topic }
}

const groups = (world: LogWorld): Promise<number> =>
  world.database.snapshot('look', async (tx) => {
    const rows = await tx.scan(commitLog, { prefix: [], limit: 1_000 })
    return rows.length
  })

test('data is packed after a window, expires, and leaves nothing behind', async () => {
  const { world, topic } = await newWorld()
  const jobs = startJobs(world)
  await world.within(world.append(topic, 0, ['one']))
  await world.clock.advance(50_000)
  assert.equal(jobs.stats().pack.objects, 0)
  await world.clock.advance(15_000)
  assert.equal(jobs.stats().pack.objects, 1)
  assert.equal(jobs.stats().pack.retired, 1)
  assert.equal(await groups(world), 1, 'its outcome is still told')
  await world.clock.advance(12 * 60_000)
  assert.equal(await groups(world), 0)
  await world.clock.advance(hour)
  assert.equal(jobs.stats().retain.extents, 1)
  assert.deepEqual(await world.stored(), [])
  assert.equal(jobs.stats().pack.objects, 1, 'an idle broker writes nothing')
  for (const { name, runs, failures } of jobs.stats().jobs) {
    assert.ok(runs > 0, name)
    assert.equal(failures, 0, name)
  }
  await world.within(jobs.close())
  await world.clock.advance(hour)
  assert.equal(world.clock.pending, 0, 'no timer is left')
})

test('much data is packed before the window is over', async () => {
  const { world, topic } = await newWorld()
  const jobs = startJobs(world)
  for (let index = 0; index < 8; index++) {
    await world.within(world.append(topic, 0, ['x'.repeat(8_000)]))
  }
  await world.clock.advance(2_500)
  assert.ok(jobs.stats().pack.bytes > 50_000)
  await world.within(jobs.close())
})

test('while the clocks differ nothing goes by time, and all else goes on', async () => {
  const { world, topic } = await newWorld()
  let differenceMs = 30 * 24 * hour
  const left = new Set<string>()
  const jobs = startJobs(world, () => differenceMs, left)
  await world.within(world.append(topic, 0, ['one'], world.clock.nowMs() - 2 * hour))
  await world.clock.advance(20 * 60_000)
  assert.equal(jobs.stats().pack.objects, 1)
  assert.equal(world.process.logs.index.get(topic.partitionIds[0] ?? -1)?.logStart, 0)
  assert.equal(await groups(world), 1)
  const deleting = ['collect', 'compact', 'expire-groups', 'expire-producers', 'retain']
  assert.deepEqual([...left].toSorted(), deleting, 'others may do it, whose clocks are right')
  differenceMs = -1_000
  await world.clock.advance(20 * 60_000)
  assert.equal(world.process.logs.index.get(topic.partitionIds[0] ?? -1)?.logStart, 1)
  assert.equal(await groups(world), 0)
  await world.within(jobs.close())
})

test('silent producers are forgotten, but not while a transaction is open', async () => {
  const { world, topic } = await newWorld()
  const jobs = startJobs(world)
  const [partitionId = -1] = topic.partitionIds
  const now = world.clock.nowMs()
  await world.database.transaction('producers', async (tx) => {
    await tx.lock(partitions, [[partitionId]], 'exclusive')
    const states = Array.from({ length: 2_300 }, (_, producerId) => {
      const lastMs = producerId % 2 === 0 ? now : now + hour
      const window = new Uint8Array(24)
      const none = { transactionOffset: null, markerMs: null }
      return { partitionId, producerId, epoch: 0, window, lastMs, ...none }
    })
    const open = { ...states[0]!, producerId: 5_001, transactionOffset: 7 }
    await tx.put(producerStates, [...states, open])
  })
  await world.clock.advance(2 * hour + 1)
  await world.within(jobs.runner.runNow(jobNames.expireProducers))
  const left = await world.database.snapshot('look', (tx) =>
    tx.scan(producerStates, { prefix: [partitionId], limit: 5_000 }),
  )
  assert.equal(left.length, 1_151)
  assert.ok(left.every(({ producerId }) => producerId % 2 === 1))
  await world.within(jobs.close())
})
