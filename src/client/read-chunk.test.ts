import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import { buildBatch } from '../record/build-batch.ts'
import { buildMarkerBatch } from '../record/control.ts'
import { type AbortedTransaction, chunkIn } from './read-chunk.ts'

/** Two records at `baseOffset`; of a transaction where a producer is named. */
function batch(baseOffset: number, producerId?: number): Uint8Array {
  const values = [`${baseOffset}`, `${baseOffset + 1}`]
  return buildBatch(
    values.map((value) => ({ key: null, value: Buffer.from(value), timestampMs: 1 })),
    {
      baseOffset,
      codec: 'gzip',
      ...(producerId === undefined ? {} : { producerId, producerEpoch: 0, isTransactional: true }),
    },
  )
}
const marker = (type: 'abort' | 'commit', offset: number, producerId: number): Uint8Array =>
  buildMarkerBatch(
    { type, producerId, producerEpoch: 0, coordinatorEpoch: 0, timestampMs: 1 },
    offset,
    0,
  )
const place = { topic: 't', partition: 0 }
const offsetsOf = (
  bytes: Uint8Array,
  from: number,
  aborted?: readonly AbortedTransaction[],
): number[] => chunkIn(place, from, bytes, aborted).records.map(({ offset }) => offset)

test('of transactions, the aborted ones are left out, up to their markers', () => {
  const bytes = Buffer.concat([
    ...[batch(0), batch(2, 7), batch(4, 8), marker('abort', 6, 7)],
    ...[batch(7, 7), marker('commit', 9, 8), marker('commit', 10, 7)],
  ])
  const aborted = [{ producerId: 7, firstOffset: 2 }]
  assert.deepEqual(offsetsOf(bytes, 0, aborted), [0, 1, 4, 5, 7, 8])
  assert.deepEqual(offsetsOf(bytes, 0), [0, 1, 2, 3, 4, 5, 7, 8], 'read uncommitted')
  assert.equal(chunkIn(place, 0, bytes, aborted).nextOffset, 11)
})

test('a batch that was cut short comes again, and records before the offset do not', () => {
  const bytes = Buffer.concat([batch(0), batch(2).subarray(0, -1)])
  assert.deepEqual(offsetsOf(bytes, 1), [1])
  assert.equal(chunkIn(place, 1, bytes).nextOffset, 2)
})

test('a damaged batch is no end of the log', () => {
  const bytes = batch(0)
  bytes[bytes.length - 1]! ^= 1
  assert.throws(
    () => chunkIn(place, 0, bytes),
    (error) => isFailure(error, 'corrupt'),
  )
})
