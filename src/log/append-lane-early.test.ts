/** Groups that are judged while they are being written: the same promises, less to wait for. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import { partitions } from '../catalog/schema.ts'
import { appended, assertIdle, type Bench, newBench, send } from '../../test/log/lane-bench.ts'

const early = { flightsMax: 1, earlyBytesMax: 1_000 }

/** Points of the catalog that commits of groups reach, as they reach them. */
function watchCommits(bench: Bench): string[] {
  const points: string[] = []
  bench.fault = ({ at, transaction }) => {
    if (transaction === 'commit-groups') points.push(at)
    return undefined
  }
  return points
}

async function logEnd({ database }: Bench): Promise<number | undefined> {
  const [row] = await database.snapshot('look', (tx) => tx.get(partitions, [[0]]))
  return row?.logEnd
}

test('everything but the commit is done while the group is written', async () => {
  const bench = await newBench(early)
  const points = watchCommits(bench)
  const sent = send(bench)
  await bench.clock.advance(5)
  assert.ok(points.length > 3, 'it is judged')
  assert.ok(!points.includes('commit'), 'W1: and not committed')
  assert.equal(await logEnd(bench), 0)
  assert.deepEqual(bench.taken, [])
  const before = points.length
  bench.journal.end(0)
  assert.deepEqual(await sent, appended(0))
  assert.deepEqual(points.slice(before), ['commit'])
  assert.equal(await logEnd(bench), 1)
  await assertIdle(bench)
})

test('a group whose write fails is not committed, the next one is', async () => {
  const bench = await newBench(early)
  const points = watchCommits(bench)
  const failed = send(bench)
  await bench.clock.advance(5)
  bench.journal.fail(0)
  assert.ok(isFailure(await failed, 'unavailable'))
  assert.ok(!points.includes('commit'))
  const next = send(bench)
  await bench.clock.advance(5)
  bench.journal.end(1)
  assert.deepEqual(await next, appended(0))
  await assertIdle(bench)
})

test('a slow write holds no locks, and is judged again when it is durable', async () => {
  const bench = await newBench(early)
  const sent = send(bench)
  await bench.clock.advance(15)
  let isFree = false
  const other = bench.database.transaction('other', async (tx) => {
    await tx.lock(partitions, [[0]], 'exclusive')
    isFree = true
  })
  await bench.clock.advance(1)
  assert.equal(isFree, false)
  await bench.clock.advance(20)
  assert.equal(isFree, true)
  await other
  bench.journal.end(0)
  assert.deepEqual(await sent, appended(0))
  await assertIdle(bench)
})

test('a write beyond its deadline is refused, and never committed', async () => {
  const bench = await newBench(early)
  const points = watchCommits(bench)
  const sent = send(bench)
  await bench.clock.advance(5_001)
  assert.ok(isFailure(await sent, 'unavailable'))
  bench.journal.end(0)
  await bench.clock.advance(5)
  assert.ok(!points.includes('commit'))
  assert.equal(await logEnd(bench), 0)
  await assertIdle(bench)
})

test('where judging early fails it is judged again', async () => {
  const bench = await newBench(early)
  let failures = 1
  bench.fault = ({ at, transaction }) =>
    transaction === 'commit-groups' && at === 'lock' && failures-- > 0
      ? { fault: 'fail' }
      : undefined
  const sent = send(bench)
  await bench.clock.advance(5)
  assert.equal(failures, 0)
  bench.journal.end(0)
  assert.deepEqual(await sent, appended(0))
  await assertIdle(bench)
})

for (const fault of ['lose-answer', 'lose-request'] as const) {
  test(`the fate of an early commit without an answer is made certain: ${fault}`, async () => {
    const bench = await newBench(early)
    let losses = 1
    bench.fault = ({ at, transaction }) =>
      transaction === 'commit-groups' && at === 'commit' && losses-- > 0 ? { fault } : undefined
    const sent = send(bench)
    await bench.clock.advance(5)
    bench.journal.end(0)
    await bench.clock.advance(50)
    const outcome = await sent
    if (fault === 'lose-answer') assert.deepEqual(outcome, appended(0))
    else assert.ok(isFailure(outcome, 'unavailable'))
    assert.equal(await logEnd(bench), fault === 'lose-answer' ? 1 : 0)
    await assertIdle(bench)
  })
}

test('larger groups, and those behind others, are judged when they are durable', async () => {
  const bench = await newBench({ ...early, flightsMax: 2, groupBatchesMax: 1 })
  const points = watchCommits(bench)
  const large = send(bench, { byteLength: 1_001 })
  await bench.clock.advance(5)
  const small = send(bench)
  await bench.clock.advance(5)
  assert.deepEqual(points, [])
  bench.journal.end(1)
  await bench.clock.advance(5)
  assert.deepEqual(points, [], 'W4: in the order of sealing')
  bench.journal.end(0)
  assert.deepEqual(await Promise.all([large, small]), [appended(0), appended(1)])
  await assertIdle(bench)
})
