import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Run } from '../catalog/manifest.ts'
import { SequentialReads, windowBytesMax, windowBytesMin } from './sequential-reads.ts'

const runAt = (baseOffset: number, partitionId = 1): Run => ({
  ...{ partitionId, baseOffset, nextOffset: baseOffset + 10, objectId: `packed-${baseOffset}` },
  ...{ position: 0, length: 1_000, leaderEpoch: 0, maxTimestampMs: 0 },
})

test('a window opens at the second step and grows up to its limit', () => {
  const reads = new SequentialReads()
  const seen: number[] = []
  for (let offset = 0; offset < 70; offset += 10) seen.push(reads.windowBehind(runAt(offset)))
  const doubled = [0, 1, 2, 4, 8].map((times) => times * windowBytesMin)
  assert.deepEqual(seen, [...doubled, windowBytesMax, windowBytesMax])
  assert.equal(reads.windowBehind(runAt(500)), 0, 'somewhere else')
  assert.equal(reads.windowBehind(runAt(70, 2)), 0, 'another partition')
  assert.equal(reads.windowBehind(runAt(70)), windowBytesMax)
})

test('who reads a run in several steps, or together with others, keeps the window', () => {
  const reads = new SequentialReads()
  for (const offset of [0, 10, 10, 10, 20]) reads.windowBehind(runAt(offset))
  assert.equal(reads.windowBehind(runAt(30)), 4 * windowBytesMin)
})
