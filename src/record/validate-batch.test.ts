/** Each rule of the produce path with a batch that breaks it alone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BATCH_HEADER_BYTES, patchMaxTimestamp } from './batch-header.ts'
import { writeInt16, writeInt32, writeInt64 } from '../base/big-endian.ts'
import { buildBatch } from './build-batch.ts'
import { CODECS } from './codec.ts'
import { SOME_NOW_MS, someRecords, someRules, withCrc } from './some-rules.ts'
import {
  type BatchRules,
  RECORD_ERRORS_MAX,
  type Refusal,
  type RefusalReason,
  validateBatch,
} from './validate-batch.ts'

function refused(bytes: Uint8Array, rules: Partial<BatchRules> = {}): Refusal {
  const verdict = validateBatch(bytes, someRules(rules))
  assert.equal(verdict.ok, false, 'the batch is refused')
  return verdict
}

type Rule = {
  readonly name: string
  readonly bytes: () => Uint8Array
  readonly rules?: Partial<BatchRules>
  readonly reason: RefusalReason
  readonly says: RegExp
}

const plain = (): Uint8Array => buildBatch(someRecords(3))
/** A batch of three records whose header is changed, checksum included. */
const changed =
  (change: (bytes: Uint8Array) => void, base = plain) =>
  (): Uint8Array => {
    const bytes = base()
    change(bytes)
    return withCrc(bytes)
  }

const FRAME_RULES: readonly Rule[] = [
  {
    name: 'no bytes',
    bytes: () => new Uint8Array(0),
    reason: 'invalid-record',
    says: /no record batch/,
  },
  {
    name: 'less than a header',
    bytes: () => plain().subarray(0, 60),
    reason: 'invalid-record',
    says: /48 bytes/,
  },
  {
    name: 'a few bytes',
    bytes: () => plain().subarray(0, 5),
    reason: 'invalid-record',
    says: /less/,
  },
  {
    name: 'magic 0',
    bytes: changed((bytes) => (bytes[16] = 0)),
    reason: 'invalid-record',
    says: /magic 0/,
  },
  {
    name: 'magic 1, shorter than a v2 header',
    bytes: () => {
      const bytes = plain().subarray(0, 40).fill(1, 16, 17)
      writeInt32(bytes, 8, 28)
      return bytes
    },
    reason: 'invalid-record',
    says: /magic 1/,
  },
  {
    name: 'magic 3',
    bytes: changed((bytes) => (bytes[16] = 3)),
    reason: 'corrupt',
    says: /magic 3/,
  },
  {
    name: 'cut short',
    bytes: () => plain().slice(0, -1),
    reason: 'invalid-record',
    says: /batch length/,
  },
  {
    name: 'negative length',
    bytes: () => {
      const bytes = plain()
      writeInt32(bytes, 8, -5)
      return bytes
    },
    reason: 'corrupt',
    says: /batch length -5/,
  },
  {
    name: 'two batches',
    bytes: () => Buffer.concat([plain(), plain()]),
    reason: 'invalid-record',
    says: /more than one/,
  },
  {
    name: 'one byte too large',
    bytes: plain,
    rules: { batchBytesMax: plain().length - 1 },
    reason: 'message-too-large',
    says: /max.message.bytes/,
  },
  {
    name: 'too large is told before the checksum is looked at',
    bytes: () => plain().fill(0, 21),
    rules: { batchBytesMax: 70 },
    reason: 'message-too-large',
    says: /70/,
  },
  {
    name: 'damaged in a record',
    bytes: () => {
      const bytes = plain()
      bytes[70]! ^= 1
      return bytes
    },
    reason: 'corrupt',
    says: /CRC-32C/,
  },
]

const HEADER_RULES: readonly Rule[] = [
  {
    name: 'base offset',
    bytes: changed((bytes) => writeInt64(bytes, 0, 7)),
    reason: 'invalid-record',
    says: /base offset 7/,
  },
  {
    name: 'no records',
    bytes: () => buildBatch([]),
    reason: 'invalid-record',
    says: /0 records/,
  },
  {
    name: 'negative count',
    bytes: changed((bytes) => {
      writeInt32(bytes, 57, -1)
      writeInt32(bytes, 23, -2)
    }),
    reason: 'invalid-record',
    says: /-1 records/,
  },
  {
    name: 'count and last offset delta differ',
    bytes: () => buildBatch(someRecords(3), { lastOffsetDelta: 4 }),
    reason: 'invalid-record',
    says: /last offset delta 4 and 3/,
  },
  {
    name: 'control batch',
    bytes: () => buildBatch(someRecords(1), { isControl: true, producerId: 1 }),
    reason: 'invalid-record',
    says: /control/,
  },
  {
    name: 'delete horizon',
    bytes: changed((bytes) => writeInt16(bytes, 21, 0x40)),
    reason: 'invalid-record',
    says: /horizon/,
  },
  {
    name: 'producer without sequence',
    bytes: () => buildBatch(someRecords(1), { producerId: 5, producerEpoch: 0 }),
    reason: 'invalid-record',
    says: /sequence -1/,
  },
  {
    name: 'producer without epoch',
    bytes: () => buildBatch(someRecords(1), { producerId: 5, baseSequence: 0 }),
    reason: 'invalid-record',
    says: /epoch -1/,
  },
  {
    name: 'transactional without producer',
    bytes: () => buildBatch(someRecords(1), { isTransactional: true }),
    reason: 'invalid-record',
    says: /without a producer/,
  },
  {
    name: 'LogAppendTime set by a client',
    bytes: () => buildBatch(someRecords(1), { timestampType: 'log-append' }),
    reason: 'invalid-timestamp',
    says: /LogAppendTime/,
  },
  {
    name: 'LogAppendTime set by a client, on such a topic too',
    bytes: () => buildBatch(someRecords(1), { timestampType: 'log-append' }),
    rules: { timestampType: 'log-append' },
    reason: 'invalid-timestamp',
    says: /LogAppendTime/,
  },
  {
    name: 'unknown codec',
    bytes: changed((bytes) => writeInt16(bytes, 21, 5)),
    reason: 'unsupported-compression',
    says: /codec 5/,
  },
  {
    name: 'zstd from an old client',
    bytes: () => buildBatch(someRecords(3), { codec: 'zstd' }),
    rules: { zstdAllowed: false },
    reason: 'unsupported-compression',
    says: /version 7/,
  },
  {
    name: 'too old, by the header of a compressed batch',
    bytes: () => buildBatch(someRecords(3), { codec: 'gzip' }),
    rules: { timestampBeforeMaxMs: 10, nowMs: SOME_NOW_MS + 11 },
    reason: 'invalid-timestamp',
    says: /11 ms before/,
  },
  {
    name: 'too new, by the header of a compressed batch',
    bytes: () => buildBatch(someRecords(3), { codec: 'gzip' }),
    rules: { timestampAfterMaxMs: 10, nowMs: SOME_NOW_MS - 9 },
    reason: 'invalid-timestamp',
    says: /11 ms after/,
  },
]

for (const { name, bytes, rules, reason, says } of [...FRAME_RULES, ...HEADER_RULES]) {
  test(`refused: ${name}`, () => {
    const refusal = refused(bytes(), rules)
    assert.equal(refusal.reason, reason, refusal.message)
    assert.match(refusal.message, says)
  })
}

for (const codec of CODECS) {
  test(`${codec}: a sound batch is taken, exactly at the limit of size too`, () => {
    const bytes = buildBatch(someRecords(50), {
      codec,
      producerId: 4,
      producerEpoch: 0,
      baseSequence: 0,
      isTransactional: true,
    })
    const verdict = validateBatch(bytes, someRules({ batchBytesMax: bytes.length }))
    assert.ok(verdict.ok, JSON.stringify(verdict))
    assert.equal(verdict.codec, codec)
    assert.equal(verdict.inspected, codec === 'none')
    assert.equal(verdict.maxTimestamp, SOME_NOW_MS + 49)
    assert.equal(verdict.header.recordCount, 50)
    const inspected = validateBatch(bytes, someRules({ inspectRecords: true }))
    assert.equal(inspected.ok && inspected.inspected, true)
  })

  test(`${codec}: each record without a key is named on a compacted topic`, () => {
    const records = someRecords(5).map((record, i) =>
      i % 2 === 1 ? { ...record, key: null } : record,
    )
    const refusal = refused(buildBatch(records, { codec }), { keysRequired: true })
    assert.equal(refusal.reason, 'invalid-record')
    assert.deepEqual(
      refusal.recordErrors.map(({ batchIndex }) => batchIndex),
      [1, 3],
    )
    const tombstones = [{ key: new Uint8Array(0), value: null, timestampMs: SOME_NOW_MS }]
    const verdict = validateBatch(
      buildBatch(tombstones, { codec }),
      someRules({ keysRequired: true }),
    )
    assert.ok(verdict.ok, 'a tombstone with an empty key is legal')
  })

  test(`${codec}: offset deltas must be 0 to n-1`, () => {
    const records = [0, 2, 3].map((offsetDelta) => ({ ...someRecords(1)[0]!, offsetDelta }))
    const bytes = buildBatch(records, { codec })
    writeInt32(bytes, 23, 2)
    const refusal = refused(withCrc(bytes), { inspectRecords: true })
    assert.equal(refusal.reason, 'invalid-record')
    assert.deepEqual(
      refusal.recordErrors.map(({ batchIndex }) => batchIndex),
      [1, 2],
    )
  })

  test(`${codec}: more and fewer records than the header says`, () => {
    for (const [said, says] of [
      [2, /left after 2/],
      [4, /record 3|cannot|do not fit/],
      [2_000_000_000, /do not fit/],
    ] as const) {
      const bytes = buildBatch(someRecords(3), { codec })
      writeInt32(bytes, 23, said - 1)
      writeInt32(bytes, 57, said)
      const refusal = refused(withCrc(bytes), { inspectRecords: true })
      assert.equal(refusal.reason, 'invalid-record')
      assert.match(refusal.message, says)
    }
  })

  if (codec === 'none') continue
  test(`${codec}: unpacking stops at the limit, and the producer may split`, () => {
    const bytes = buildBatch(someRecords(100, 2000), { codec })
    const refusal = refused(bytes, { inspectRecords: true, decompressedBytesMax: 100_000 })
    assert.equal(refusal.reason, 'message-too-large')
    assert.ok(validateBatch(bytes, someRules()).ok, 'unread, it is taken')
  })

  test(`${codec}: what cannot be unpacked is refused where it is read`, () => {
    const bytes = buildBatch(someRecords(100), { codec })
    bytes.fill(0xff, BATCH_HEADER_BYTES)
    assert.equal(refused(withCrc(bytes), { inspectRecords: true }).reason, 'invalid-record')
  })
}

test('timestamps of single records are judged where records are looked at', () => {
  const records = [0, 500, -2000, -1].map((delta) => ({
    ...someRecords(1)[0]!,
    timestampMs: delta === -1 ? -1 : SOME_NOW_MS + delta,
  }))
  const rules = { timestampBeforeMaxMs: 1000, timestampAfterMaxMs: 100 }
  const refusal = refused(buildBatch(records), rules)
  assert.equal(refusal.reason, 'invalid-timestamp')
  assert.deepEqual(
    refusal.recordErrors.map(({ batchIndex }) => batchIndex),
    [1, 2],
  )
  assert.ok(
    validateBatch(buildBatch(records), someRules({ ...rules, timestampType: 'log-append' })).ok,
  )
})

test('a wrong max timestamp is no fault: the right one is told, and can be patched', () => {
  const bytes = plain()
  patchMaxTimestamp(bytes, 0, SOME_NOW_MS + 1e9)
  const verdict = validateBatch(bytes, someRules())
  assert.ok(verdict.ok)
  assert.equal(verdict.maxTimestamp, SOME_NOW_MS + 2)
  patchMaxTimestamp(bytes, 0, verdict.maxTimestamp)
  assert.deepEqual(bytes, plain())
})

test('errors told per record are bounded', () => {
  const records = someRecords(1000).map((record) => ({ ...record, key: null }))
  const refusal = refused(buildBatch(records), { keysRequired: true })
  assert.equal(refusal.recordErrors.length, RECORD_ERRORS_MAX)
  assert.match(refusal.message, /1000 of 1000/)
})

test('uncompressed records are looked at unless the rules say otherwise', () => {
  const bytes = plain()
  bytes.fill(0xff, BATCH_HEADER_BYTES)
  assert.equal(refused(withCrc(bytes)).reason, 'invalid-record')
  const verdict = validateBatch(bytes, someRules({ walkUncompressed: false }))
  assert.equal(verdict.ok && !verdict.inspected, true)
  assert.equal(refused(bytes, { walkUncompressed: false, keysRequired: true }).ok, false)
})
