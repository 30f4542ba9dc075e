/** The lane over an object store: writes overlap, and wait for each other only to be committed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import { appended, assertIdle, newBench, send } from '../../test/log/lane-bench.ts'

const limits = { groupBatchesMax: 1, flightsMax: 100, writesMax: 2 }

test('what is stored and waits for its turn leaves its place to another write', async () => {
  const bench = await newBench({ ...limits, sealedBytesMax: 350 })
  const sent = Array.from({ length: 5 }, () => send(bench))
  await bench.clock.settle()
  assert.equal(bench.journal.writes.length, 2)
  bench.journal.end(1)
  await bench.clock.settle()
  assert.equal(bench.journal.writes.length, 3)
  bench.journal.end(2)
  await bench.clock.settle()
  assert.equal(bench.journal.writes.length, 4, 'the first one still goes on')
  bench.journal.end(3)
  await bench.clock.advance(100)
  assert.equal(bench.journal.writes.length, 4, 'four groups are more than may be sealed')
  assert.deepEqual(bench.taken, [], 'W4')
  bench.journal.end(0)
  await bench.clock.advance(10)
  bench.journal.end(4)
  assert.deepEqual(await Promise.all(sent), [0, 1, 2, 3, 4].map(appended))
  await assertIdle(bench)
})

test('writes that hang do not keep others from being tried, and refused', async () => {
  const bench = await newBench(limits)
  const sent = Array.from({ length: 3 }, () => send(bench))
  await bench.clock.advance(5_001)
  assert.equal(bench.journal.writes.length, 3)
  assert.ok((await Promise.all(sent.slice(0, 2))).every((each) => isFailure(each, 'unavailable')))
  bench.journal.end(2)
  assert.deepEqual(await sent[2], appended(0))
  bench.journal.end(0)
  bench.journal.end(1)
  await bench.clock.settle()
  await assertIdle(bench)
})

test('W3: a broker that slept for long does not commit what may have been swept', async () => {
  const bench = await newBench({ ...limits, writeDeadlineMs: 1_000_000 })
  const sent = [send(bench), send(bench)]
  await bench.clock.settle()
  await bench.clock.advance(30_000)
  bench.journal.end(1)
  await bench.clock.advance(30_001)
  bench.journal.end(0)
  const results = await Promise.all(sent)
  assert.ok(results.every((each) => isFailure(each, 'unavailable')))
  const next = send(bench)
  await bench.clock.settle()
  bench.journal.end(2)
  assert.deepEqual(await next, appended(0))
  await assertIdle(bench)
})

test('what became of each group is told', async () => {
  const bench = await newBench(limits)
  const sent = [send(bench), send(bench)]
  await bench.clock.settle()
  bench.journal.fail(0)
  bench.journal.end(1)
  await Promise.all(sent)
  assert.deepEqual(bench.decided, [
    [0, 'cancelled'],
    [1, 'committed'],
  ])
  await assertIdle(bench)
})
