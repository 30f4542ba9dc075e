import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Run } from '../catalog/manifest.ts'
import { findEpochEnd } from './find-epoch.ts'
import { PartitionLog } from './partition-log.ts'

/** A log of runs (base, next, epoch), with holes where they do not touch. */
function logOf(
  runs: readonly (readonly [number, number, number])[],
  row: { logStart: number; logEnd: number; leaderEpoch: number },
): (epoch: number) => Promise<[number, number]> {
  const whole = {
    partitionId: 1,
    topicId: 'a',
    partitionIndex: 0,
    packedEnd: 0,
    producersKnownFrom: 0,
    recentProducers: null,
    ...row,
  }
  const log = new PartitionLog(whole)
  for (const [baseOffset, nextOffset, leaderEpoch] of runs) {
    const place = { partitionId: 1, objectId: 'o', position: 0, length: 1, maxTimestampMs: 0 }
    log.addRun({ ...place, baseOffset, nextOffset, leaderEpoch })
  }
  const findRun = async (_: PartitionLog, offset: number): Promise<Run | undefined> =>
    log.tail[log.findRun(offset)]
  return async (epoch) => {
    const { leaderEpoch, endOffset } = await findEpochEnd({ findRun }, log, whole, epoch)
    return [leaderEpoch, endOffset]
  }
}

test('the current epoch ends where the log does, and one that is not known nowhere', async () => {
  const end = logOf([[0, 10, 4]], { logStart: 0, logEnd: 12, leaderEpoch: 4 })
  assert.deepEqual(await end(4), [4, 12])
  assert.deepEqual(await end(5), [-1, -1])
  assert.deepEqual(await end(-1), [-1, -1])
})

test('an epoch of the past ends where the next one begins', async () => {
  const row = { logStart: 0, logEnd: 100, leaderEpoch: 7 }
  const runs = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((n) => {
    const epoch = n < 3 ? 1 : n < 6 ? 4 : 7
    return [n * 10, n * 10 + 8, epoch] as const
  })
  const end = logOf(runs, row)
  assert.deepEqual(await end(0), [0, 0], 'before the first: nothing is its')
  assert.deepEqual(await end(1), [1, 28])
  assert.deepEqual(await end(3), [1, 28], 'the largest that is not above')
  assert.deepEqual(await end(4), [4, 58])
  assert.deepEqual(await end(6), [4, 58])
  assert.deepEqual(await end(7), [7, 100])
})

test('an epoch without a record behind it ends with its last record', async () => {
  const end = logOf([[5, 10, 0]], { logStart: 6, logEnd: 10, leaderEpoch: 1 })
  assert.deepEqual(await end(0), [0, 10])
  const empty = logOf([], { logStart: 3, logEnd: 3, leaderEpoch: 1 })
  assert.deepEqual(await empty(0), [0, 3])
})
