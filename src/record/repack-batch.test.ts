/** Batches packed anew: every codec into every other, with nothing changed but how they are packed. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { zstdDecompressSync } from 'node:zlib'
import fc from 'fast-check'
import { writeInt16, writeInt64 } from '../base/big-endian.ts'
import { BATCH_HEADER_BYTES, type BatchHeader, codecIdOf, readBatchHeader } from './batch-header.ts'
import { checkBatchCrc } from './batch-sequence.ts'
import { type BatchOptions, buildBatch, type NewRecord } from './build-batch.ts'
import { type Codec, CODECS, codecIdOfName } from './codec.ts'
import { decompress } from './compression.ts'
import { recordsIn } from './records.ts'
import { type Packing, repackBatch, type RepackedBatch } from './repack-batch.ts'
import { SOME_NOW_MS, someRecords, someRules, withCrc } from './some-rules.ts'
import { type BatchRules, type Refusal, validateBatch } from './validate-batch.ts'

function repacked(bytes: Uint8Array, packing: Packing, rules?: Partial<BatchRules>): RepackedBatch {
  const verdict = repackBatch(bytes, someRules(rules), packing)
  if (!verdict.ok) assert.fail(verdict.message)
  return verdict
}

function refused(bytes: Uint8Array, packing: Packing, rules?: Partial<BatchRules>): Refusal {
  const verdict = repackBatch(bytes, someRules(rules), packing)
  if (verdict.ok) assert.fail('the batch is refused')
  return verdict
}

/** What stays of a header: all that is not about packing. */
function lasting(header: BatchHeader): object {
  return { ...header, crc: 0, batchLength: 0, codecId: 0, attributes: header.attributes & ~7 }
}

function recordBytes(bytes: Uint8Array): Buffer {
  const codec = CODECS[codecIdOf(bytes, 0)]!
  return Buffer.from(decompress(codec, bytes.subarray(BATCH_HEADER_BYTES), 1e6))
}

const part = fc.option(fc.uint8Array({ maxLength: 60 }), { nil: null })
const record: fc.Arbitrary<NewRecord> = fc.record({
  key: part,
  value: part,
  timestampMs: fc.integer({ min: SOME_NOW_MS - 1e9, max: SOME_NOW_MS }),
  headers: fc.array(fc.record({ key: fc.string({ maxLength: 8 }), value: part }), { maxLength: 3 }),
})
const sender: fc.Arbitrary<BatchOptions> = fc.oneof(
  fc.constant({}),
  fc.record({
    producerId: fc.maxSafeNat(),
    producerEpoch: fc.nat(32_767),
    baseSequence: fc.nat(2 ** 31 - 1),
    isTransactional: fc.boolean(),
  }),
)

for (const from of CODECS) {
  for (const codec of CODECS) {
    test(`${from} to ${codec}: records and what the header says of them stay`, () => {
      const batches = fc.tuple(fc.array(record, { minLength: 1, maxLength: 30 }), sender)
      fc.assert(
        fc.property(batches, ([records, options]) => {
          const sent = buildBatch(records, { ...options, codec: from })
          const asSent = Buffer.from(sent)
          const { bytes, header, maxTimestamp, ...verdict } = repacked(sent, { codec })
          assert.deepEqual(Buffer.from(sent), asSent, 'the batch that was sent is left alone')
          checkBatchCrc(bytes)
          assert.deepEqual(recordBytes(bytes), recordBytes(sent))
          assert.equal([...recordsIn(bytes)].length, records.length)
          assert.deepEqual(lasting(readBatchHeader(bytes)), lasting(readBatchHeader(sent)))
          assert.deepEqual(header, readBatchHeader(bytes))
          assert.equal(header.codecId, codecIdOfName(codec))
          assert.deepEqual(verdict, { ok: true, codec, inspected: true })
          assert.equal(maxTimestamp, Math.max(...records.map(({ timestampMs }) => timestampMs)))
        }),
        { numRuns: 20 },
      )
    })
  }
}

test('there and back again is the same batch', () => {
  const sent = buildBatch(someRecords(50), { producerId: 5, producerEpoch: 1, baseSequence: 9 })
  for (const codec of CODECS) {
    const there = repacked(sent, { codec }).bytes
    assert.deepEqual(Buffer.from(repacked(there, { codec: 'none' }).bytes), Buffer.from(sent))
  }
})

test('a wrong largest timestamp is corrected', () => {
  const sent = buildBatch(someRecords(3))
  writeInt64(sent, 35, 1)
  const { header, maxTimestamp } = repacked(withCrc(sent), { codec: 'gzip' })
  assert.deepEqual([header.maxTimestamp, maxTimestamp], [SOME_NOW_MS + 2, SOME_NOW_MS + 2])
})

test('the size counts before and after', () => {
  const sent = buildBatch(someRecords(100), { codec: 'zstd' })
  const { bytes } = repacked(sent, { codec: 'none' })
  assert.ok(bytes.length > sent.length)
  repacked(sent, { codec: 'none' }, { batchBytesMax: bytes.length })
  const after = refused(sent, { codec: 'none' }, { batchBytesMax: bytes.length - 1 })
  assert.equal(after.reason, 'message-too-large')
  assert.match(after.message, /when packed as none, max\.message\.bytes is/)
  const before = refused(bytes, { codec: 'zstd' }, { batchBytesMax: bytes.length - 1 })
  assert.equal(before.reason, 'message-too-large')
})

test('what nobody could unpack is not packed', () => {
  const records = buildBatch(someRecords(100)).length - BATCH_HEADER_BYTES
  for (const from of CODECS) {
    const sent = buildBatch(someRecords(100), { codec: from })
    repacked(sent, { codec: 'lz4' }, { decompressedBytesMax: records })
    const { reason } = refused(sent, { codec: 'lz4' }, { decompressedBytesMax: records - 1 })
    assert.equal(reason, 'message-too-large')
  }
})

test('a batch is judged as where its records are inspected', () => {
  const keyless = [{ key: null, value: Buffer.from('v'), timestampMs: SOME_NOW_MS - 5_000 }]
  const noRecords = withCrc(buildBatch(someRecords(3)).fill(0, BATCH_HEADER_BYTES))
  const wrong: readonly [Uint8Array, Partial<BatchRules>][] = [
    [buildBatch(keyless), { keysRequired: true }],
    [buildBatch(keyless, { codec: 'gzip' }), { keysRequired: true }],
    [buildBatch(keyless, { codec: 'snappy' }), { timestampBeforeMaxMs: 10 }],
    [buildBatch(keyless, { codec: 'zstd' }), { zstdAllowed: false }],
    [buildBatch(keyless, { codec: 'gzip' }).fill(7, BATCH_HEADER_BYTES), {}],
    [withCrc(buildBatch(keyless, { codec: 'gzip' }).fill(7, BATCH_HEADER_BYTES)), {}],
    [noRecords, {}],
    [new Uint8Array(10), {}],
  ]
  for (const [bytes, rules] of wrong) {
    const verdict = validateBatch(bytes, someRules({ ...rules, inspectRecords: true }))
    assert.equal(verdict.ok, false)
    const { reason, recordErrors } = refused(bytes, { codec: 'lz4' }, rules)
    assert.deepEqual([reason, recordErrors], [verdict.reason, verdict.recordErrors])
  }
})

test('levels: more effort makes less, and the largest takes no gigabyte', () => {
  const words = Array.from({ length: 20_000 }, (_, i) => `${(i * 7919) % 1009} of ${i % 37}`)
  const value = Buffer.from(words.join(' '))
  const sent = buildBatch([{ key: null, value, timestampMs: SOME_NOW_MS }])
  const size = (codec: Codec, level: number): number =>
    repacked(sent, { codec, level }).bytes.length
  for (const [codec, low, high] of [
    ['gzip', 1, 9],
    ['zstd', -50, 19],
  ] as const) {
    assert.ok(size(codec, high) < size(codec, low), codec)
  }
  assert.equal(size('gzip', -1), repacked(sent, { codec: 'gzip' }).bytes.length)
  const before = process.memoryUsage().rss
  const { bytes } = repacked(sent, { codec: 'zstd', level: 22 })
  assert.ok(process.memoryUsage().rss - before < 200 * 1024 * 1024)
  const records = zstdDecompressSync(bytes.subarray(BATCH_HEADER_BYTES))
  assert.deepEqual(records, Buffer.from(sent.subarray(BATCH_HEADER_BYTES)))
})

test('attributes that nobody has defined stay', () => {
  const sent = buildBatch(someRecords(2))
  writeInt16(sent, 21, 0x80)
  assert.equal(repacked(withCrc(sent), { codec: 'lz4' }).header.attributes, 0x83)
})
