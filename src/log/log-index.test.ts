/** What a broker knows of partitions: it only grows, without gaps, and wakes who waits. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { AssertionFailed } from '../base/assert.ts'
import type { TransactionChange } from '../catalog/commit-groups.ts'
import { encodeManifest, markerRun, type Run } from '../catalog/manifest.ts'
import type { CommitLogRow, PartitionRow } from '../catalog/schema.ts'
import { LogIndex } from './log-index.ts'

const partition = (changes: Partial<PartitionRow> = {}): PartitionRow => ({
  partitionId: 1,
  topicId: 'topic',
  partitionIndex: 0,
  logStart: 0,
  logEnd: 0,
  leaderEpoch: 0,
  packedEnd: 0,
  producersKnownFrom: 0,
  recentProducers: null,
  ...changes,
})

const run = (baseOffset: number, nextOffset: number, partitionId = 1): Run => ({
  partitionId,
  baseOffset,
  nextOffset,
  objectId: 'journal-1',
  position: baseOffset * 10,
  length: 10,
  maxTimestampMs: 0,
  leaderEpoch: 0,
})

const group = (runs: readonly Run[], groupNumber = 0): CommitLogRow => ({
  incarnation: 1,
  groupNumber,
  state: 'committed',
  objectId: 'journal-1',
  position: 0,
  length: 10,
  createdMs: 0,
  manifest: encodeManifest(runs, 0),
  outcomes: new Uint8Array(0),
  changes: null,
})

const indexOf = (row: PartitionRow): LogIndex => {
  const index = new LogIndex()
  index.addPartitions([row])
  return index
}

test('own commits show new ends, and a gap is told and not shown', () => {
  const index = indexOf(partition())
  const log = index.get(1)!
  let woken = 0
  log.onGrowth(() => woken++)
  const taken = log.onGrowth(() => assert.fail('taken back'))
  taken()
  assert.deepEqual(index.applyRuns([run(0, 5), run(0, 9, 2)]), [])
  assert.deepEqual([log.logEnd, woken], [5, 1])
  assert.deepEqual(index.applyRuns([run(7, 9)]), [1])
  assert.deepEqual([log.logEnd, woken], [5, 1])
  index.restoreGroups([group([run(7, 9), run(5, 7)]), group([run(0, 5)])])
  assert.equal(log.logEnd, 9)
  assert.deepEqual(index.applyRuns([run(7, 9), run(9, 10)]), [], 'known already')
  assert.deepEqual(
    log.tail.map(({ baseOffset }) => baseOffset),
    [0, 5, 7, 9],
  )
})

test('what is packed is not restored, and a known partition stays as it is', () => {
  const index = indexOf(partition({ logEnd: 9, packedEnd: 5, logStart: 3 }))
  index.addPartitions([partition()])
  index.restoreGroups([group([run(0, 5)]), group([run(5, 9)])])
  const log = index.get(1)!
  assert.deepEqual(
    log.tail.map(({ baseOffset }) => baseOffset),
    [5],
  )
  assert.deepEqual([log.logStart, log.logEnd], [3, 9])
})

test('packed runs are forgotten, starts and ends never go back', () => {
  const index = indexOf(partition())
  const log = index.get(1)!
  index.applyRuns([run(0, 5), run(5, 7), run(7, 9)])
  assert.equal(log.findRun(6), 1)
  assert.equal(log.findRun(9), 3)
  log.dropPacked(7)
  log.dropPacked(5)
  assert.deepEqual([log.packedEnd, log.tail.length], [7, 1])
  log.raiseStart(8)
  log.raiseStart(2)
  assert.equal(log.logStart, 8)
  assert.throws(() => log.advance(3), AssertionFailed)
  assert.throws(() => log.addRun(run(8, 9)), AssertionFailed)
})

test('who waits for a deleted partition is woken', () => {
  const index = indexOf(partition())
  let woken = 0
  index.get(1)?.onGrowth(() => woken++)
  index.remove(1)
  assert.equal(woken, 1)
  assert.equal(index.get(1), undefined)
  assert.equal(index.size, 0)
})

test('groups join in any order, and taking them in twice changes nothing', () => {
  const lengths = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(lengths, fc.nat(), fc.nat(20), (counts, seed, known) => {
      let end = 0
      const runs = counts.map((count) => run(end, (end += count)))
      const index = indexOf(partition({ logEnd: end }))
      const log = index.get(1)!
      const restored = indexOf(partition({ logEnd: end }))
      const groups = runs.map((each, at) => group([each], at))
      const shuffled = groups.toSorted((a, b) => ((a.groupNumber * seed) % 7) - b.groupNumber)
      restored.restoreGroups(groups.slice(0, known))
      restored.restoreGroups(shuffled)
      index.restoreGroups(shuffled)
      assert.deepEqual(log.tail, runs)
      assert.deepEqual(restored.get(1)?.tail, runs)
      assert.equal(log.logEnd, end)
    }),
  )
})

test('a commit shows its end and what it changed of transactions in one step (T3)', () => {
  const index = indexOf(partition())
  const log = index.get(1)!
  const seen: [number, number][] = []
  const watch = (): void => {
    seen.push([log.logEnd, log.stableEnd])
    log.onGrowth(watch)
  }
  log.onGrowth(watch)
  const written = (firstOffset: number, producerId: number): TransactionChange => {
    return { change: 'written', partitionId: 1, producerId, firstOffset }
  }
  index.applyRuns([run(0, 5)], [written(0, 7), written(3, 8)])
  const said = { producerEpoch: 0, coordinatorEpoch: 0, timestampMs: 1, transactionVersion: 0 }
  const marker = markerRun(1, 5, { type: 'abort', producerId: 7, ...said }, 0)
  const aborted = { change: 'aborted', partitionId: 1, producerId: 7, firstOffset: 0 } as const
  const changes = [{ ...aborted, markerOffset: 5 }]
  assert.deepEqual(index.applyRuns([marker], changes), [])
  assert.deepEqual(seen, [
    [5, 0],
    [6, 3],
  ])
  index.applyRuns([marker], changes)
  assert.equal(log.transactions.abortedIn(0, 3)?.length, 1, 'taken in once')
})

test('what does not join is shown with the transactions that the catalog tells', () => {
  const index = indexOf(partition())
  const log = index.get(1)!
  const changes = [{ change: 'written', partitionId: 1, producerId: 7, firstOffset: 7 } as const]
  assert.deepEqual(index.applyRuns([run(7, 9)], changes), [1])
  assert.deepEqual([log.logEnd, log.stableEnd], [0, 0])
  index.restoreGroups([group([run(0, 7), run(7, 9)])])
  const open = [{ partitionId: 1, firstOffset: 7, producerId: 7 }]
  index.restoreTransactions([partition({ logEnd: 9 })], open)
  assert.deepEqual([log.logEnd, log.stableEnd], [9, 7])
  index.restoreTransactions([partition({ logEnd: 7 })], [])
  assert.equal(log.stableEnd, 7, 'an older snapshot changes nothing')
})
