/** Markers, against bytes put together from the protocol's description. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import { BATCH_HEADER_BYTES, readBatchHeader } from './batch-header.ts'
import { checkBatchCrc } from './batch-sequence.ts'
import { buildBatch } from './build-batch.ts'
import { buildMarkerBatch, type Marker, readMarker } from './control.ts'

const MARKER: Marker = {
  type: 'commit',
  producerId: 4_000_000_000,
  producerEpoch: 6,
  coordinatorEpoch: 258,
  timestampMs: 1_760_000_000_000,
  version: 0,
}

test('a marker takes one offset and says what ended', () => {
  for (const type of ['abort', 'commit'] as const) {
    const batch = buildMarkerBatch({ ...MARKER, type }, 41, 3)
    checkBatchCrc(batch)
    assert.deepEqual(readMarker(batch), { ...MARKER, type })
    const header = readBatchHeader(batch)
    assert.deepEqual(
      [header.baseOffset, header.leaderEpoch, header.recordCount, header.lastOffsetDelta],
      [41, 3, 1, 0],
    )
    assert.ok(header.isControl && header.isTransactional)
    assert.equal(header.baseSequence, -1)
    const kind = type === 'commit' ? '0001' : '0000'
    const record = `20000000080000${kind}0c00000000010200`
    assert.equal(Buffer.from(batch.subarray(BATCH_HEADER_BYTES)).toString('hex'), record)
  }
})

test('types that others defined are stepped over, what is none is corrupt', () => {
  const control = (key: Uint8Array, value: Uint8Array, isControl = true): Uint8Array =>
    buildBatch([{ key, value, timestampMs: 0 }], { isControl, producerId: 1 })
  const value = new Uint8Array(6)
  assert.equal(readMarker(control(Uint8Array.of(0, 0, 0, 2), value)), undefined)
  const wrong = [
    control(Uint8Array.of(0, 0, 0), value),
    control(Uint8Array.of(0, 0, 0, 1), new Uint8Array(5)),
    control(Uint8Array.of(0, 0, 0, 1), value, false),
  ]
  for (const batch of wrong) {
    assert.throws(
      () => readMarker(batch),
      (error) => isFailure(error, 'corrupt'),
    )
  }
})
