/** Two lanes: a partition is in one at a time, and nothing of it overtakes or is lost. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Failure } from '../base/errors.ts'
import { isFailure } from '../base/errors.ts'
import type { AppendOutcome } from '../catalog/outcomes.ts'
import { commitLog } from '../catalog/schema.ts'
import { randomBelow } from '../base/random.ts'
import { appended, type Bench, newBench, send } from '../../test/log/lane-bench.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import type { PendingAppend } from './append-group.ts'
import type { AppendLanes } from './append-lanes.ts'
import { InlineBudget } from './inline-budget.ts'
import { openLanes } from './open-lanes.ts'

interface Lanes {
  readonly bench: Bench
  readonly lanes: AppendLanes
  readonly announced: () => number
  readonly send: (
    latency: 'low' | 'standard',
    changes?: Partial<PendingAppend>,
  ) => Promise<AppendOutcome | Failure>
}

const lowIncarnation = 9

async function newLanes(bytesPerSecond = 1_000_000, queuedBytesMax = 1e9): Promise<Lanes> {
  const limits = { groupBytesMax: 10_000, groupBatchesMax: 50, flightsMax: 9, lingerMs: 50 }
  const bench = await newBench({ ...limits, queuedBytesMax })
  const budgetLimits = { bytesPerSecond, totalBytesPerSecond: 1e9, unpackedBytesMax: 1e9 }
  const budget = new InlineBudget(bench.clock, budgetLimits, () => 0)
  let announced = 0
  const announce = (): void => void announced++
  const low = { incarnation: lowIncarnation, lingerMs: 3, groupBytesMax: 1_000, announce }
  const lanes = openLanes(bench.deps, { budget, groupBytesMax: 0, low })
  return {
    bench,
    lanes,
    announced: () => announced,
    send: (latency, changes = {}) =>
      send(bench, changes, (pending) => lanes.append(pending, latency === 'low')),
  }
}

/** Everything was answered, and memory is given back. */
async function assertOver({ bench, lanes }: Lanes): Promise<void> {
  assert.equal(lanes.queuedBytes, 0)
  assert.ok(bench.holds.every(({ holders }) => holders === 0))
  await lanes.close()
  await assert.rejects(lanes.append({} as PendingAppend, true), { kind: 'closed' })
}

test('a batch of the class low does not wait for a group that is being stored', async () => {
  const all = await newLanes()
  const slow = all.send('standard')
  await all.bench.clock.advance(50)
  assert.equal(all.bench.journal.writes.length, 1)
  const fast = all.send('low', { partitionId: 1 })
  await all.bench.clock.advance(3)
  assert.deepEqual(await fast, appended(0))
  assert.equal(all.announced(), 1, 'other brokers are told')
  all.bench.journal.end(0)
  assert.deepEqual(await slow, appended(0))
  assert.equal(all.announced(), 2, 'it ends a time in which nothing was written')
  const rows = await all.bench.database.snapshot('look', (tx) =>
    tx.scan(commitLog, { prefix: [], limit: 10 }),
  )
  assert.deepEqual(
    rows.map(({ incarnation, groupNumber, objectId }) => [incarnation, groupNumber, objectId]),
    [
      [1, 0, 'journal-1'],
      [lowIncarnation, 0, `inline-${lowIncarnation}-0`],
    ],
  )
  await assertOver(all)
})

test('W6: a partition whose class changes moves when nothing of it is under way', async () => {
  const all = await newLanes()
  const { clock, journal } = all.bench
  const before = [all.send('standard'), all.send('standard')]
  await clock.advance(50)
  const behind = [all.send('low'), all.send('low'), all.send('standard'), all.send('low')]
  await clock.advance(20)
  assert.deepEqual(all.bench.decided, [])
  assert.equal(all.lanes.queuedBytes, 600, 'those that wait are counted')
  journal.end(0)
  assert.deepEqual(await Promise.all(before), [0, 1].map(appended))
  await clock.advance(3)
  assert.deepEqual(await Promise.all(behind.slice(0, 2)), [2, 3].map(appended))
  await clock.advance(50)
  journal.end(1)
  await clock.settle()
  await clock.advance(3)
  assert.deepEqual(await Promise.all(behind.slice(2)), [4, 5].map(appended))
  await assertOver(all)
})

test('what failed in one lane is missed in the other', async () => {
  const all = await newLanes()
  const { clock, journal } = all.bench
  const batch = (baseSequence: number): Partial<PendingAppend> => {
    return { producerId: 5, producerEpoch: 0, baseSequence }
  }
  const first = all.send('standard', batch(0))
  await clock.advance(50)
  const second = all.send('low', batch(1))
  journal.fail(0)
  assert.ok(isFailure(await first, 'unavailable'))
  await clock.advance(3)
  assert.deepEqual(await second, { outcome: 'refused', reason: 'out-of-order-sequence' })
  const again = [all.send('low', batch(0)), all.send('low', batch(1))]
  await clock.advance(3)
  assert.deepEqual(await Promise.all(again), [appended(0), appended(1)])
  await assertOver(all)
})

test('beyond the budget, and where it is too large, a batch goes the standard way', async () => {
  const all = await newLanes(1_500)
  const { clock, journal } = all.bench
  const large = all.send('low', { byteLength: 1_001 })
  await clock.advance(50)
  assert.equal(journal.writes[0]?.group.byteLength, 1_001)
  journal.end(0)
  assert.deepEqual(await large, appended(0))
  const within = all.send('low', { byteLength: 1_000 })
  const beyond = all.send('low', { byteLength: 1_000 })
  await clock.advance(3)
  assert.deepEqual(await within, appended(1))
  await clock.advance(50)
  assert.equal(journal.writes[1]?.group.byteLength, 1_000)
  journal.end(1)
  assert.deepEqual(await beyond, appended(2))
  await assertOver(all)
})

test('those that wait to move are bounded with the others', async () => {
  const all = await newLanes(1_000_000, 1_000)
  const before = all.send('standard', { byteLength: 400 })
  const waits = all.send('low', { byteLength: 400 })
  assert.ok(isFailure(await all.send('low', { byteLength: 201 }), 'overloaded'))
  await all.bench.clock.advance(50)
  all.bench.journal.end(0)
  assert.deepEqual(await before, appended(0))
  await all.bench.clock.advance(3)
  assert.deepEqual(await waits, appended(1))
  await assertOver(all)
})

test('an end of a transaction comes behind what was sealed in the lane low', async () => {
  const all = await newLanes()
  const { bench, lanes } = all
  const gate = Promise.withResolvers<void>()
  bench.fault = ({ at, transaction }) =>
    at === 'commit' && transaction === 'commit-low'
      ? { fault: 'zombie', until: gate.promise, commits: true }
      : undefined
  void all.send('low')
  await bench.clock.advance(3)
  bench.fault = undefined
  let isEnded = false
  const marker = {
    ...{ producerId: 5, producerEpoch: 0, coordinatorEpoch: 0, transactionVersion: 0 },
    type: 'abort' as const,
  }
  const ended = lanes.end({ partitionId: 0, marker }).then((answer) => {
    isEnded = true
    return answer
  })
  await bench.clock.advance(20)
  assert.equal(isEnded, false)
  gate.resolve()
  await bench.clock.advance(2_000)
  assert.equal(await ended, 'written')
  assert.deepEqual(bench.decided[0], [0, 'committed'])
  await lanes.close()
})

test('W6 at random: each partition keeps its order, and all is answered', async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = seededRandom(seed)
    const all = await newLanes(5_000)
    const { clock, journal } = all.bench
    const outcomes: Promise<AppendOutcome | Failure>[][] = [[], [], []]
    let ended = 0
    for (let step = 0; step < 200; step++) {
      const partitionId = randomBelow(random, 3)
      const latency = randomBelow(random, 2) === 0 ? 'low' : 'standard'
      const byteLength = 50 + randomBelow(random, 1_000)
      outcomes[partitionId]?.push(all.send(latency, { partitionId, byteLength }))
      if (randomBelow(random, 3) === 0) await clock.advance(randomBelow(random, 30))
      while (ended < journal.writes.length) journal.end(ended++)
    }
    for (let passed = 0; passed < 100; passed++) {
      await clock.advance(60)
      while (ended < journal.writes.length) journal.end(ended++)
    }
    for (const sent of outcomes) {
      const expected = sent.map((_, at) => appended(at))
      assert.deepEqual(await Promise.all(sent), expected, `seed ${seed}`)
    }
    await assertOver(all)
  }
})
