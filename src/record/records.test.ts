/**
 * Building and reading are each other's inverse, and no damage makes a reader do anything but fail
 * or read.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { Failure, isFailure } from '../base/errors.ts'
import { BATCH_HEADER_BYTES, batchBytesOf } from './batch-header.ts'
import { batchesIn, checkBatchCrc } from './batch-sequence.ts'
import { writeInt32 } from '../base/big-endian.ts'
import { BatchBuilder, buildBatch, type NewRecord } from './build-batch.ts'
import { type Codec, CODECS } from './codec.ts'
import { readMarker } from './control.ts'
import { findMaxTimestamp, findTimestamp } from './find-timestamp.ts'
import { RecordCursor } from './record-cursor.ts'
import { recordsIn } from './records.ts'
import { SOME_NOW_MS, someRecords, someRules, withCrc } from './some-rules.ts'
import { validateBatch } from './validate-batch.ts'

const part = fc.option(fc.uint8Array({ maxLength: 300 }), { nil: null })
const anyRecord: fc.Arbitrary<NewRecord> = fc.record({
  key: part,
  value: part,
  headers: fc.array(
    fc.record({ key: fc.string({ unit: 'grapheme', maxLength: 9 }), value: part }),
    {
      maxLength: 4,
    },
  ),
  timestampMs: fc.oneof(
    fc.integer({ min: -1, max: 2 ** 31 }),
    fc.integer({ min: SOME_NOW_MS - 1e6, max: SOME_NOW_MS + 1e6 }),
    fc.constantFrom(0, 2 ** 51 - 1),
  ),
})
const anyCodec: fc.Arbitrary<Codec> = fc.constantFrom(...CODECS)

function plain(records: Iterable<NewRecord & { readonly offset?: number }>): object[] {
  return [...records].map(({ key, value, headers, timestampMs }) => ({
    key: key && Buffer.from(key).toString('hex'),
    value: value && Buffer.from(value).toString('hex'),
    headers: (headers ?? []).map((h) => [h.key, h.value && Buffer.from(h.value).toString('hex')]),
    timestampMs,
  }))
}

test('what is built is valid and is read again, whatever the codec', () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord, { minLength: 1, maxLength: 20 }),
      anyCodec,
      fc.nat(),
      (records, codec, baseOffset) => {
        const batch = buildBatch(records, { codec, baseOffset })
        checkBatchCrc(batch)
        assert.equal(batchBytesOf(batch, 0), batch.length)
        const read = [...recordsIn(batch)]
        assert.deepEqual(plain(read), plain(records))
        assert.deepEqual(
          read.map(({ offset }) => offset),
          records.map((_, i) => baseOffset + i),
        )
        const rules = { inspectRecords: true, timestampAfterMaxMs: Number.POSITIVE_INFINITY }
        const verdict = validateBatch(buildBatch(records, { codec }), someRules(rules))
        assert.ok(verdict.ok, JSON.stringify(verdict))
        const max = Math.max(...records.map(({ timestampMs }) => timestampMs))
        assert.equal(verdict.maxTimestamp, max)
        assert.equal(verdict.header.maxTimestamp, max)
      },
    ),
    { numRuns: 300 },
  )
})

test('timestamp searches agree with a plain look at the records', () => {
  fc.assert(
    fc.property(
      fc.array(anyRecord, { minLength: 1, maxLength: 12 }),
      anyCodec,
      fc.boolean(),
      fc.nat(12),
      fc.nat(14),
      (sent, codec, stamped, targetAt, from) => {
        const timestampType = stamped ? 'log-append' : 'create'
        const before = buildBatch(someRecords(2), { codec })
        const batch = buildBatch(sent, { codec, timestampType, baseOffset: 100 })
        const bytes = Buffer.concat([before, batch])
        const records = [...recordsIn(bytes, before.length)]
        const target = sent[targetAt % sent.length]!.timestampMs
        const fromOffset = 100 + from
        const kept = records.filter(({ offset }) => offset >= fromOffset)
        const first = kept.find(({ timestampMs }) => timestampMs >= target)
        const found = findTimestamp(bytes, before.length, target, fromOffset)
        assert.deepEqual(found, first && { offset: first.offset, timestampMs: first.timestampMs })
        const max = Math.max(-1, ...kept.map(({ timestampMs }) => timestampMs))
        const latest = max === -1 ? undefined : kept.find(({ timestampMs }) => timestampMs === max)
        assert.deepEqual(
          findMaxTimestamp(bytes, before.length, fromOffset),
          latest && { offset: latest.offset, timestampMs: latest.timestampMs },
        )
      },
    ),
    { numRuns: 300 },
  )
})

test('a batch that ends before the time asked for is not unpacked', () => {
  const bytes = buildBatch(someRecords(3), { codec: 'gzip' })
  bytes.fill(0xff, BATCH_HEADER_BYTES)
  assert.equal(findTimestamp(bytes, 0, SOME_NOW_MS + 3), undefined)
  assert.throws(
    () => findTimestamp(bytes, 0, SOME_NOW_MS + 2),
    (error) => isFailure(error, 'corrupt'),
  )
})

test('holes in the offsets are kept, before, between and after records', () => {
  const [a, b] = someRecords(2)
  const batch = buildBatch(
    [
      { ...a!, offsetDelta: 2 },
      { ...b!, offsetDelta: 5 },
    ],
    { baseOffset: 10, lastOffsetDelta: 9 },
  )
  assert.deepEqual(
    [...recordsIn(batch)].map(({ offset }) => offset),
    [12, 15],
  )
  assert.deepEqual(findTimestamp(batch, 0, SOME_NOW_MS), { offset: 12, timestampMs: SOME_NOW_MS })
})

test('an emptied batch has no records and breaks nobody', () => {
  const batch = buildBatch([], { codec: 'gzip', baseOffset: 10, lastOffsetDelta: 9, producerId: 3 })
  assert.equal(batch.length, BATCH_HEADER_BYTES)
  assert.deepEqual([...recordsIn(batch)], [])
  assert.equal(findTimestamp(batch, 0, 0), undefined)
  assert.equal(findMaxTimestamp(batch, 0), undefined)
})

test('a builder tells its size as it grows', () => {
  const builder = new BatchBuilder()
  for (const record of someRecords(100)) builder.append(record)
  const { byteLength, recordCount } = builder
  assert.equal(recordCount, 100)
  assert.equal(builder.finish().length, byteLength)
})

test('varints have an end, and int64 deltas beyond a double are clamped', () => {
  const cursor = (...bytes: readonly number[]): RecordCursor =>
    new RecordCursor(Uint8Array.from(bytes))
  assert.equal(cursor(0x00).varint(), 0)
  assert.equal(cursor(0x01).varint(), -1)
  assert.equal(cursor(0xfe, 0xff, 0xff, 0xff, 0x0f).varint(), 2 ** 31 - 1)
  assert.equal(cursor(0xff, 0xff, 0xff, 0xff, 0x0f).varint(), -(2 ** 31))
  assert.throws(() => cursor(0xff, 0xff, 0xff, 0xff, 0xff, 0).varint(), /more than 5/)
  assert.throws(() => cursor(0x80).varint(), /cut short/)
  const withDelta = (...delta: readonly number[]): number => {
    const body = [0, ...delta, 0, 1, 1, 0]
    const record = cursor(body.length * 2, ...body)
    record.next()
    return record.timestampDelta
  }
  const ones = (count: number): number[] => Array.from({ length: count }, () => 0xff)
  const zigzag = (value: bigint): number[] => {
    const bytes: number[] = []
    let rest = BigInt.asUintN(64, (value << 1n) ^ (value >> 63n))
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
    return [...bytes, Number(rest)]
  }
  const safe = BigInt(Number.MAX_SAFE_INTEGER)
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.nat(63), (any, shift) => {
      const value = any >> BigInt(shift)
      const clamped = value > safe ? safe : value < -safe ? -safe : value
      assert.equal(withDelta(...zigzag(value)), Number(clamped))
    }),
    { numRuns: 500 },
  )
  assert.equal(withDelta(0xfe, ...ones(8), 0x01), Number.MAX_SAFE_INTEGER)
  assert.equal(withDelta(...ones(9), 0x01), -Number.MAX_SAFE_INTEGER)
  assert.throws(() => withDelta(...ones(10), 0x01), /more than 10/)
})

test('nothing of a record lies outside of it, and it does not lie outside of its batch', () => {
  // Attributes, timestamp, offset, key of 1 byte, value of 1, a header with a key but no value.
  const read = (
    body: readonly number[],
    length = body.length,
    end = body.length + 1,
  ): RecordCursor => {
    const bytes = Uint8Array.from([length * 2, ...body, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0])
    const cursor = new RecordCursor(bytes, 0, end)
    cursor.next()
    return cursor
  }
  const sound = [0, 0, 0, 2, 65, 2, 66, 2, 2, 67, 1]
  assert.equal(read(sound).headerCount, 1)
  const wrong: readonly (readonly [RegExp, () => unknown])[] = [
    [/length 11/, () => read(sound, 11, 11)],
    [/length 5/, () => read([0, 0, 0, 1, 1], 5)],
    [/length -1/, () => read(sound, 0.5)],
    [/key of 20 bytes/, () => read([0, 0, 0, 40, 65, 2, 66, 0])],
    [/key of -2 bytes/, () => read([0, 0, 0, 3, 65, 2, 66, 0])],
    [/value of 3 bytes/, () => read([0, 0, 0, 2, 65, 6, 66, 0])],
    [/value of -2 bytes/, () => read([0, 0, 0, 2, 65, 3, 66, 0])],
    [/-1 headers/, () => read([0, 0, 0, 2, 65, 2, 66, 1])],
    [/60 headers/, () => read([0, 0, 0, 2, 65, 2, 66, 120])],
    [/header key of -1 bytes/, () => read([0, 0, 0, 2, 65, 2, 66, 2, 1, 0])],
    [/header key of 9 bytes/, () => read([0, 0, 0, 2, 65, 2, 66, 2, 18, 67])],
    [/header value of 9 bytes/, () => read([0, 0, 0, 2, 65, 2, 66, 2, 2, 67, 18])],
    [/header value of -2 bytes/, () => read([0, 0, 0, 2, 65, 2, 66, 2, 2, 67, 3])],
    [/end -1 bytes after/, () => read([...sound, 0])],
    [/end 1 bytes after/, () => read(sound, 10, 40)],
  ]
  for (const [says, run] of wrong) {
    assert.throws(
      run,
      (error: unknown) => isFailure(error, 'corrupt') && says.test(error.message),
      `${says}`,
    )
  }
})

const DAMAGED: readonly Uint8Array[] = [
  ...CODECS.map((codec) => buildBatch(someRecords(7, 90), { codec })),
  buildBatch(someRecords(1), { isControl: true, producerId: 1 }),
]

/** Everything that reads a batch; each may fail with a Failure only, within memory and time. */
function readEverything(bytes: Uint8Array): void {
  const bytesMax = 64 * 1024
  const readers: readonly (() => unknown)[] = [
    () => validateBatch(bytes, someRules({ inspectRecords: true, decompressedBytesMax: bytesMax })),
    () => validateBatch(bytes, someRules({ keysRequired: true, decompressedBytesMax: bytesMax })),
    () => validateBatch(bytes, someRules()),
    () => [...recordsIn(bytes, 0, bytesMax)],
    () => findTimestamp(bytes, 0, SOME_NOW_MS, 0, bytesMax),
    () => findMaxTimestamp(bytes, 0, 0, bytesMax),
    () => readMarker(bytes),
    () => [...batchesIn(bytes)],
  ]
  for (const [i, reader] of readers.entries()) {
    try {
      reader()
    } catch (error) {
      assert.ok(error instanceof Failure && i > 2, `reader ${i}: ${String(error)}`)
    }
  }
}

test('damage anywhere ends in a refusal, a Failure or other records', () => {
  const damage = fc.record({ at: fc.nat(400), byte: fc.nat(255) })
  fc.assert(
    fc.property(
      fc.constantFrom(...DAMAGED),
      fc.array(damage, { minLength: 1, maxLength: 6 }),
      fc.option(fc.nat(1000), { nil: undefined, freq: 3 }),
      fc.boolean(),
      (sound, damages, cutTo, checksummed) => {
        const bytes = new Uint8Array(sound).slice(0, cutTo)
        for (const { at, byte } of damages) bytes[at % Math.max(bytes.length, 1)] = byte
        if (checksummed && bytes.length >= BATCH_HEADER_BYTES) {
          bytes[16] = 2
          writeInt32(bytes, 8, bytes.length - 12)
          withCrc(bytes)
        }
        readEverything(bytes)
      },
    ),
    { numRuns: 4000 },
  )
})

test('bytes that never were a batch are no danger either', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), readEverything), { numRuns: 1000 })
})
