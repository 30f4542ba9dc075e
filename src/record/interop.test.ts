/**
 * Batches of two other implementations, read by ours, and ours read by them: a shared misreading
 * cannot hide there.
 */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { createRecordsBatch, Reader, readRecordsBatch } from '@platformatic/kafka'
import { buildBatch, type NewRecord } from './build-batch.ts'
import { type Codec, CODECS } from './codec.ts'
import { recordsIn } from './records.ts'
import { someRules } from './some-rules.ts'
import { validateBatch } from './validate-batch.ts'

const load = createRequire(import.meta.url)
const T0 = 1_760_000_000_000

const RECORDS: readonly NewRecord[] = [
  {
    key: Buffer.from('k1'),
    value: Buffer.from('first'),
    headers: [{ key: 'trace', value: Buffer.from('ü1') }],
    timestampMs: T0,
  },
  { key: null, value: Buffer.alloc(300, 'x'), headers: [], timestampMs: T0 + 5 },
  { key: Buffer.from('k3'), value: null, headers: [], timestampMs: T0 - 70_000 },
]

type KafkaJsDecoded = {
  readonly firstTimestamp: string
  readonly maxTimestamp: string
  readonly producerId: string
  readonly records: readonly {
    readonly offset: string
    readonly timestamp: string
    readonly key: Buffer | null
    readonly value: Buffer | null
    readonly headers: Record<string, Buffer>
  }[]
}
type Encoder = { readonly buffer: Buffer }
const kafkaJs = {
  record: load('kafkajs/src/protocol/recordBatch/record/v0') as (record: object) => Encoder,
  batch: (
    load('kafkajs/src/protocol/recordBatch/v0') as {
      readonly RecordBatch: (batch: object) => Promise<Encoder>
    }
  ).RecordBatch,
  decode: load('kafkajs/src/protocol/recordBatch/v0/decoder') as (
    decoder: object,
  ) => Promise<KafkaJsDecoded>,
  decoder: load('kafkajs/src/protocol/decoder') as new (bytes: Buffer) => object,
  long: load('kafkajs/src/utils/long') as { readonly fromValue: (value: number) => object },
}

function byKafkaJs(compression: number): Promise<Encoder> {
  const records = RECORDS.map((record, offsetDelta) =>
    kafkaJs.record({
      offsetDelta,
      timestampDelta: record.timestampMs - T0,
      key: record.key,
      value: record.value,
      headers: Object.fromEntries(
        (record.headers ?? []).map(({ key, value }) => [key, Buffer.from(value ?? '')]),
      ),
    }),
  )
  return kafkaJs.batch({
    compression,
    firstTimestamp: T0,
    maxTimestamp: T0 + 5,
    partitionLeaderEpoch: -1,
    lastOffsetDelta: 2,
    transactional: true,
    producerId: kafkaJs.long.fromValue(77_000_000_000),
    producerEpoch: 3,
    firstSequence: 40,
    records,
  })
}

function byPlatformatic(compression: Codec): Buffer {
  const batch = createRecordsBatch(
    RECORDS.map(({ key, value, headers, timestampMs }) => ({
      topic: 't',
      key: key as Buffer,
      value: value as Buffer,
      headers: new Map(
        (headers ?? []).map((header) => [Buffer.from(header.key), header.value as Buffer]),
      ),
      timestamp: BigInt(timestampMs),
    })),
    { compression },
  )
  return Buffer.from(batch.buffer)
}

function expectRecords(bytes: Uint8Array): void {
  const records = [...recordsIn(bytes)]
  assert.equal(records.length, RECORDS.length)
  for (const [i, record] of records.entries()) {
    const sent = RECORDS[i]!
    assert.equal(record.offset, i)
    assert.equal(record.timestampMs, sent.timestampMs)
    assert.deepEqual(record.key && Buffer.from(record.key), sent.key)
    assert.deepEqual(record.value && Buffer.from(record.value), sent.value)
    const headers = record.headers.map(({ key, value }) => [key, value && Buffer.from(value)])
    assert.deepEqual(
      headers,
      (sent.headers ?? []).map(({ key, value }) => [key, value]),
    )
  }
}

test('kafkajs writes the very bytes that we write', async () => {
  const ours = buildBatch(RECORDS, {
    producerId: 77_000_000_000,
    producerEpoch: 3,
    baseSequence: 40,
    isTransactional: true,
  })
  assert.equal(Buffer.from(ours).toString('hex'), (await byKafkaJs(0)).buffer.toString('hex'))
})

for (const [codec, id] of [
  ['none', 0],
  ['gzip', 1],
] as const) {
  test(`kafkajs, ${codec}: its batches are valid here, ours are read there`, async () => {
    const { buffer } = await byKafkaJs(id)
    const verdict = validateBatch(buffer, someRules({ inspectRecords: true }))
    assert.equal(verdict.ok && verdict.inspected, true)
    expectRecords(buffer)
    const ours = Buffer.from(buildBatch(RECORDS, { codec, baseOffset: 5, producerId: 8 }))
    const decoded = await kafkaJs.decode(new kafkaJs.decoder(ours))
    assert.deepEqual(
      decoded.records.map(({ offset, timestamp }) => [Number(offset), Number(timestamp)]),
      RECORDS.map(({ timestampMs }, i) => [5 + i, timestampMs]),
    )
    assert.deepEqual(decoded.records[0]?.headers, { trace: Buffer.from('ü1') })
    assert.deepEqual(decoded.records[1]?.key, null)
    assert.deepEqual(decoded.records[2]?.value, null)
    assert.equal(decoded.producerId, '8')
  })
}

for (const codec of CODECS) {
  test(`platformatic, ${codec}: its batches are valid here, ours are read there`, () => {
    const theirs = byPlatformatic(codec)
    const verdict = validateBatch(theirs, someRules({ inspectRecords: true }))
    assert.equal(verdict.ok && verdict.inspected, true, JSON.stringify(verdict))
    expectRecords(theirs)
    const ours = Buffer.from(buildBatch(RECORDS, { codec, baseOffset: 5 }))
    const decoded = readRecordsBatch(Reader.from(ours))
    assert.equal(decoded.firstOffset, 5n)
    assert.deepEqual(
      decoded.records.map(({ offsetDelta, timestampDelta }) => [offsetDelta, timestampDelta]),
      RECORDS.map(({ timestampMs }, i) => [i, BigInt(timestampMs - T0)]),
    )
    assert.deepEqual(
      decoded.records.map(({ value }) => value),
      RECORDS.map(({ value }) => value),
    )
  })
}
