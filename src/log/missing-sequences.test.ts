/**
 * What failed comes first again. Story: a producer unknown to the catalog, whose second batch was
 * taken for its first.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AppendIntent } from '../catalog/commit-groups.ts'
import { MissingSequences } from './missing-sequences.ts'

function append(baseSequence: number, changed: Partial<AppendIntent> = {}): AppendIntent {
  const producer = { producerId: 7, producerEpoch: 0, baseSequence }
  const place = { topicId: 't', partitionId: 1, configVersion: 0 }
  return { ...place, ...producer, offsetCount: 1, maxTimestampMs: 0, byteLength: 100, ...changed }
}

test('what follows a failed batch waits until it has come again', () => {
  const missing = new MissingSequences()
  missing.failed(append(0))
  missing.failed(append(1))
  assert.equal(missing.isAhead(append(2)), true)
  assert.equal(missing.isAhead(append(1)), true)
  assert.equal(missing.isAhead(append(0)), false)
  assert.equal(missing.isAhead(append(1)), false)
})

test('other producers, epochs and partitions, and appends without a producer, do not wait', () => {
  const missing = new MissingSequences()
  missing.failed(append(0))
  missing.failed(append(-1, { producerId: -1 }))
  assert.equal(missing.isAhead(append(1, { producerId: 8 })), false)
  assert.equal(missing.isAhead(append(1, { producerEpoch: 1 })), false)
  assert.equal(missing.isAhead(append(1, { partitionId: 2 })), false)
  assert.equal(missing.isAhead(append(-1, { producerId: -1 })), false)
  assert.equal(missing.isAhead(append(1)), true)
})

test('an earlier batch passes and leaves the gap; order holds where sequences wrap', () => {
  const missing = new MissingSequences()
  missing.failed(append(2 ** 31 - 1))
  assert.equal(missing.isAhead(append(2 ** 31 - 2)), false)
  assert.equal(missing.isAhead(append(0)), true)
  assert.equal(missing.isAhead(append(2 ** 31 - 1)), false)
})

test('memory is bounded: the oldest producer is forgotten', () => {
  const missing = new MissingSequences()
  for (let producerId = 0; producerId <= 10_000; producerId++)
    missing.failed(append(0, { producerId }))
  assert.equal(missing.isAhead(append(1, { producerId: 0 })), false)
  assert.equal(missing.isAhead(append(1, { producerId: 10_000 })), true)
})
