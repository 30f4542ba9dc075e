/** The header, against bytes that another implementation wrote, and its patches against the CRC. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../base/errors.ts'
import {
  BATCH_HEADER_BYTES,
  batchAttributes,
  type BatchFields,
  computeBatchCrc,
  crcOf,
  patchBatch,
  patchLogAppendTime,
  patchMaxTimestamp,
  readBatchHeader,
  writeBatchHeader,
} from './batch-header.ts'
import { batchesIn, checkBatchCrc, forEachBatch } from './batch-sequence.ts'

const FIELDS: BatchFields = {
  baseOffset: 0x0102_0304_0506,
  batchLength: 53,
  leaderEpoch: 7,
  attributes: 0x54,
  lastOffsetDelta: 41,
  baseTimestamp: 1_700_000_000_123,
  maxTimestamp: 1_700_000_000_456,
  producerId: 9_000_000_001,
  producerEpoch: 12,
  baseSequence: 2_147_483_647,
  recordCount: 42,
}

function batchOf(fields: Partial<BatchFields> = {}, recordBytes = 4): Uint8Array {
  const bytes = new Uint8Array(BATCH_HEADER_BYTES + recordBytes).fill(0xab)
  writeBatchHeader(bytes, 0, { ...FIELDS, batchLength: bytes.length - 12, ...fields })
  return bytes
}

test('the header stands where the protocol says', () => {
  const hex = Buffer.from(batchOf()).toString('hex')
  const [before, after] = [hex.slice(0, 34), hex.slice(42)]
  assert.equal(before, '0000010203040506' + '00000035' + '00000007' + '02')
  assert.equal(
    after,
    '0054' +
      '00000029' +
      '0000018bcfe5687b' +
      '0000018bcfe569c8' +
      '0000000218711a01' +
      '000c' +
      '7fffffff' +
      '0000002a' +
      'abababab',
  )
})

test('what is written is read', () => {
  const { crc, ...header } = readBatchHeader(batchOf())
  assert.equal(crc, computeBatchCrc(batchOf(), 0))
  assert.deepEqual(header, {
    ...FIELDS,
    magic: 2,
    codecId: 4,
    timestampType: 'create',
    isTransactional: true,
    isControl: false,
    hasDeleteHorizon: true,
  })
})

test('every attribute has its own bit', () => {
  assert.equal(batchAttributes({}), 0)
  assert.equal(batchAttributes({ codecId: 3 }), 3)
  assert.equal(batchAttributes({ timestampType: 'log-append' }), 8)
  assert.equal(batchAttributes({ isTransactional: true }), 16)
  assert.equal(batchAttributes({ isControl: true }), 32)
  assert.equal(batchAttributes({ hasDeleteHorizon: true }), 64)
})

test('offset and epoch are patched outside the CRC, timestamps inside of it', () => {
  const bytes = batchOf()
  patchBatch(bytes, 0, 5_000_000_000, 3)
  checkBatchCrc(bytes)
  assert.equal(readBatchHeader(bytes).baseOffset, 5_000_000_000)
  assert.equal(readBatchHeader(bytes).leaderEpoch, 3)
  const before = crcOf(bytes, 0)
  patchLogAppendTime(bytes, 0, 1_800_000_000_000)
  assert.notEqual(crcOf(bytes, 0), before)
  checkBatchCrc(bytes)
  assert.equal(readBatchHeader(bytes).timestampType, 'log-append')
  assert.equal(readBatchHeader(bytes).maxTimestamp, 1_800_000_000_000)
  assert.equal(readBatchHeader(bytes).isTransactional, true)
  patchMaxTimestamp(bytes, 0, 77)
  checkBatchCrc(bytes)
  assert.equal(readBatchHeader(bytes).maxTimestamp, 77)
})

test('a batch in the middle is patched without touching its neighbours', () => {
  const one = batchOf()
  const bytes = Buffer.concat([one, one, one])
  patchBatch(bytes, one.length, 99, 1)
  patchLogAppendTime(bytes, one.length, 98)
  assert.deepEqual(new Uint8Array(bytes.subarray(0, one.length)), one)
  assert.deepEqual(new Uint8Array(bytes.subarray(2 * one.length)), one)
  checkBatchCrc(bytes, one.length)
})

test('concatenated batches are walked, and the place of the damage is told', () => {
  const [a, b] = [batchOf({}, 3), batchOf({}, 30)]
  const bytes = Buffer.concat([a, b])
  const seen: number[][] = []
  forEachBatch(bytes, (at, size) => seen.push([at, size]))
  assert.deepEqual(seen, [
    [0, a.length],
    [a.length, b.length],
  ])
  assert.deepEqual(
    [...batchesIn(bytes)].map(({ at, size }) => [at, size]),
    seen,
  )
  const fails = (damaged: Uint8Array, where: RegExp): void =>
    assert.throws(
      () => forEachBatch(damaged, () => undefined),
      (error: unknown) => isFailure(error, 'corrupt') && where.test(error.message),
    )
  fails(bytes.subarray(0, bytes.length - 1), /at 64: cut short/)
  fails(bytes.subarray(0, a.length + 60), /at 64: cut short, 60 bytes left/)
  fails(Buffer.concat([a, Buffer.alloc(61)]), /at 64: length 12 is less/)
  const oldMagic = Buffer.from(bytes)
  oldMagic[a.length + 16] = 1
  fails(oldMagic, /at 64: magic 1/)
  const negative = Buffer.from(bytes)
  negative[8] = 0xff
  fails(negative, /at 0: length -/)
})

test('a flipped bit anywhere under the CRC is found', () => {
  const bytes = batchOf()
  for (let i = 17; i < bytes.length; i++) {
    bytes[i]! ^= 1
    assert.throws(
      () => checkBatchCrc(bytes),
      (error) => isFailure(error, 'corrupt'),
    )
    bytes[i]! ^= 1
  }
  checkBatchCrc(bytes)
})
