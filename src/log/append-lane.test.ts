/** The lane: nothing is answered early, nothing overtakes, and whatever fails is over for good. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Failure, isFailure } from '../base/errors.ts'
import { commitGroups } from '../catalog/commit-groups.ts'
import type { AppendOutcome } from '../catalog/outcomes.ts'
import { partitions } from '../catalog/schema.ts'
import {
  appended,
  assertIdle,
  type Bench,
  intentOf,
  newBench,
  send,
} from '../../test/log/lane-bench.ts'
import type { PendingAppend } from './append-group.ts'

/** Two groups of two appends each, under way together. */
async function twoGroups(bench: Bench): Promise<Promise<AppendOutcome | Failure>[]> {
  const sent = [send(bench), send(bench), send(bench), send(bench)]
  await bench.clock.settle()
  assert.equal(bench.journal.writes.length, 2)
  return sent
}

test('W1: nothing is answered before bytes and commit are durable', async () => {
  const bench = await newBench()
  const answers: unknown[] = []
  const sent = send(bench).then((outcome) => answers.push(outcome))
  await bench.clock.advance(1_000)
  assert.deepEqual(answers, [])
  let committing = false
  bench.fault = ({ at }) => {
    if (at === 'commit') committing = answers.length === 0
    return undefined
  }
  bench.journal.end(0)
  await sent
  assert.ok(committing)
  assert.deepEqual(answers, [appended(0)])
  assert.deepEqual(bench.taken, [0], 'taken in before it is told')
  await assertIdle(bench)
})

test('W4: what is durable first waits for what was sealed first', async () => {
  const bench = await newBench()
  const sent = await twoGroups(bench)
  bench.journal.end(1)
  await bench.clock.advance(100)
  assert.deepEqual(bench.taken, [])
  bench.journal.end(0)
  assert.deepEqual(await Promise.all(sent), [0, 1, 2, 3].map(appended))
  await assertIdle(bench)
})

test('a group is closed by batches and by bytes, and ordered by partition', async () => {
  const bench = await newBench({ groupBatchesMax: 3, groupBytesMax: 500 })
  const sent = [
    send(bench, { partitionId: 2, partitionIndex: 2 }),
    send(bench, { partitionId: 0 }),
    send(bench, { partitionId: 2, partitionIndex: 2, byteLength: 101 }),
    send(bench, { byteLength: 600 }),
    send(bench),
  ]
  await bench.clock.settle()
  const runs = bench.journal.writes.map(({ group }) =>
    group.runs.map(({ partitionIndex, length, batches }) => [partitionIndex, length, batches]),
  )
  assert.deepEqual(runs, [
    [
      [0, 100, 1],
      [2, 201, 2],
    ],
    [[0, 600, 1]],
  ])
  bench.journal.end(0)
  bench.journal.end(1)
  await bench.clock.advance(10)
  bench.journal.end(2)
  assert.deepEqual(await Promise.all(sent), [0, 0, 1, 1, 2].map(appended))
  await assertIdle(bench)
})

test('a group waits while all that it has says that more will come', async () => {
  const bench = await newBench({ groupBatchesMax: 9 })
  let isFollowed = true
  const followed = { isFollowed: () => isFollowed }
  const sent = [send(bench, followed), send(bench, followed)]
  await bench.clock.settle()
  assert.equal(bench.journal.writes.length, 0)
  sent.push(send(bench))
  await bench.clock.settle()
  assert.equal(bench.journal.writes.length, 1, 'who knows of nobody does not wait')
  bench.journal.end(0)
  await Promise.all(sent)
  sent.push(send(bench, followed))
  await bench.clock.settle()
  assert.equal(bench.journal.writes.length, 1)
  isFollowed = false
  sent.push(send(bench, followed))
  await bench.clock.settle()
  assert.equal(bench.journal.writes.length, 2, 'nobody is on the way any more')
  bench.journal.end(1)
  assert.deepEqual(await Promise.all(sent), [0, 1, 2, 3, 4].map(appended))
  await assertIdle(bench)
})

test('a write that fails refuses its appends, and only its', async () => {
  const bench = await newBench()
  const sent = await twoGroups(bench)
  bench.journal.fail(0)
  bench.journal.end(1)
  const [first, second, ...others] = await Promise.all(sent)
  assert.ok(isFailure(first, 'unavailable') && isFailure(second, 'unavailable'))
  assert.deepEqual(others, [appended(0), appended(1)])
  await assertIdle(bench)
})

test('a write that takes too long is refused, and counts for nothing when it ends', async () => {
  const bench = await newBench()
  const sent = send(bench)
  await bench.clock.advance(5_001)
  assert.ok(isFailure(await sent, 'unavailable'))
  assert.equal(bench.holds[0]?.holders, 1, 'the journal may still read the bytes')
  bench.journal.end(0)
  await bench.clock.settle()
  assert.equal(bench.holds[0]?.holders, 0)
  const [row] = await bench.database.snapshot('look', (tx) => tx.get(partitions, [[0]]))
  assert.equal(row?.logEnd, 0)
  await assertIdle(bench)
})

test('what comes behind a failed batch of its producer waits for it to come again', async () => {
  const bench = await newBench({ flightsMax: 1 })
  const batch = (baseSequence: number): Partial<PendingAppend> => {
    return { producerId: 5, producerEpoch: 0, baseSequence }
  }
  const first = send(bench, batch(0))
  await bench.clock.settle()
  const second = send(bench, batch(1))
  bench.journal.fail(0)
  assert.ok(isFailure(await first))
  await bench.clock.advance(5)
  bench.journal.end(1)
  assert.deepEqual(await second, { outcome: 'refused', reason: 'out-of-order-sequence' })
  const again = [send(bench, batch(0)), send(bench, batch(1))]
  await bench.clock.advance(5)
  bench.journal.end(2)
  assert.deepEqual(await Promise.all(again), [appended(0), appended(1)])
  await assertIdle(bench)
})

// The simulation of a fleet found it: a producer that came back was refused for ever.
test('a failed batch that came again at another broker is not waited for', async () => {
  const bench = await newBench({ flightsMax: 1 })
  const batch = (baseSequence: number): Partial<PendingAppend> => {
    return { producerId: 5, producerEpoch: 0, baseSequence }
  }
  const first = send(bench, batch(0))
  await bench.clock.settle()
  bench.journal.fail(0)
  assert.ok(isFailure(await first))
  const other = { incarnation: 2, groupNumber: 0, objectId: 'journal-2', position: 0 }
  const elsewhere = await commitGroups(bench.database, [
    { ...other, length: 200, bytesPosition: 100, createdMs: 0, appends: [intentOf(batch(0))] },
  ])
  assert.equal(elsewhere.groups[0]?.state, 'committed')
  const next = send(bench, batch(1))
  await bench.clock.advance(5)
  bench.journal.end(1)
  assert.deepEqual(await next, appended(1))
  await assertIdle(bench)
})

test('a full queue refuses at once, and takes again when it has drained', async () => {
  const bench = await newBench({ queuedBytesMax: 1_000 })
  const sent = send(bench, { byteLength: 900 })
  assert.ok(isFailure(await send(bench, { byteLength: 101 }), 'overloaded'))
  bench.holds.pop()
  await bench.clock.settle()
  bench.journal.end(0)
  assert.deepEqual(await sent, appended(0))
  const next = send(bench, { byteLength: 1_000 })
  await bench.clock.advance(5)
  bench.journal.end(1)
  assert.deepEqual(await next, appended(1))
  await assertIdle(bench)
})

test('a commit that the catalog refuses is halved until the culprit is alone', async () => {
  const bench = await newBench()
  let commits = 0
  bench.fault = ({ at, transaction }) => {
    if (at !== 'commit' || transaction !== 'commit-groups') return undefined
    return ++commits <= 2 ? { fault: 'fail' } : undefined
  }
  const sent = await twoGroups(bench)
  bench.journal.end(1)
  await bench.clock.settle()
  bench.journal.end(0)
  const [first, second, ...others] = await Promise.all(sent)
  assert.ok(isFailure(first, 'unavailable') && isFailure(second, 'unavailable'))
  assert.deepEqual(others, [appended(0), appended(1)])
  await assertIdle(bench)
})

for (const fault of ['lose-answer', 'lose-request'] as const) {
  test(`the fate of a commit without an answer is made certain: ${fault}`, async () => {
    const bench = await newBench({ flightsMax: 1 })
    let losses = 1
    let failures = 3
    bench.fault = ({ at, transaction }) => {
      if (at !== 'commit') return undefined
      if (transaction === 'commit-groups' && losses-- > 0) return { fault }
      return transaction === 'cancel-groups' && failures-- > 0 ? { fault: 'fail' } : undefined
    }
    const sent = send(bench)
    await bench.clock.settle()
    bench.journal.end(0)
    await bench.clock.advance(500)
    const outcome = await sent
    if (fault === 'lose-answer') assert.deepEqual(outcome, appended(0))
    else assert.ok(isFailure(outcome, 'unavailable'))
    const next = send(bench)
    await bench.clock.advance(5)
    bench.journal.end(1)
    assert.deepEqual(await next, appended(fault === 'lose-answer' ? 1 : 0))
    await assertIdle(bench)
  })
}

test('what is settled is decided, and only that is waited for', async () => {
  const bench = await newBench({ flightsMax: 1 })
  await bench.lane.settled()
  const sent = [send(bench), send(bench)]
  await bench.clock.settle()
  let isSettled = false
  const settled = bench.lane.settled().then(() => {
    isSettled = true
  })
  const later = send(bench)
  await bench.clock.advance(10)
  assert.equal(isSettled, false)
  bench.journal.end(0)
  await settled
  assert.deepEqual(bench.taken, [0])
  await Promise.all(sent)
  await bench.clock.advance(10)
  assert.equal(bench.lane.queuedBytes, 100, 'what was sealed behind it still waits')
  const last = bench.lane.settled()
  bench.journal.fail(1)
  await last
  assert.ok(isFailure(await later))
  await assertIdle(bench)
})

test('closing refuses what comes, and waits for what was accepted', async () => {
  const bench = await newBench({ flightsMax: 1 })
  const sent = [send(bench), send(bench), send(bench)]
  let isClosed = false
  const closed = bench.lane.close().then(() => {
    isClosed = true
  })
  assert.ok(isFailure(await send(bench), 'closed'))
  bench.holds.pop()
  await bench.clock.settle()
  bench.journal.end(0)
  await bench.clock.advance(10)
  assert.equal(isClosed, false)
  bench.journal.end(1)
  await closed
  assert.deepEqual(await Promise.all(sent), [0, 1, 2].map(appended))
  await assertIdle(bench)
})
