/** Batches with some of their records: what stays is as it was, whatever the codec. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkBatchCrc } from './batch-sequence.ts'
import { readBatchHeader } from './batch-header.ts'
import { buildBatch, type NewRecord } from './build-batch.ts'
import type { Codec } from './codec.ts'
import { type BatchRecord, openBatch, recordsIn } from './records.ts'
import { emptyBatch, type KeptRecord, rewriteBatch } from './rewrite-batch.ts'

const codecs: readonly Codec[] = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const startMs = 1_700_000_000_000

function records(count: number): NewRecord[] {
  return Array.from({ length: count }, (_, at) => ({
    key: Buffer.alloc(at === 3 ? 100_000 : 1 + at, `k${at}`),
    value: at % 4 === 1 ? null : Buffer.from(`value ${at}`),
    headers: [{ key: `h${at}`, value: at % 2 === 0 ? null : Buffer.from('x') }],
    timestampMs: startMs + (at % 2 === 0 ? at * 1_000 : -at * 7),
  }))
}

const producer = { producerId: 7, producerEpoch: 3, baseSequence: 11, isTransactional: true }

function kept(
  bytes: Uint8Array,
  which: (offset: number) => boolean,
  horizonMs?: number,
): Uint8Array {
  const { header, cursor } = openBatch(bytes)
  const staying: KeptRecord[] = []
  for (let at = 0; at < header.recordCount; at++) {
    const from = cursor.at
    cursor.next()
    const { at: to, timestampDelta } = cursor
    if (which(header.baseOffset + cursor.offsetDelta)) staying.push({ from, to, timestampDelta })
  }
  return rewriteBatch(header, cursor.bytes, staying, horizonMs)
}

/** With keys and values as buffers of their own. */
const told = (record: BatchRecord): unknown => ({
  ...record,
  key: record.key && Buffer.from(record.key),
  value: record.value && Buffer.from(record.value),
  headers: record.headers.map(({ key, value }) => ({ key, value: value && Buffer.from(value) })),
})

for (const codec of codecs) {
  test(`${codec}: some records, one, with and without a horizon`, () => {
    const options = { ...producer, codec, baseOffset: 1_000, leaderEpoch: 5 }
    const bytes = buildBatch(records(12), options)
    const before = [...recordsIn(bytes)]
    for (const horizonMs of [undefined, startMs + 86_400_000, 0]) {
      for (const which of [
        (offset: number): boolean => offset % 3 === 0,
        (offset: number): boolean => offset === 1_003,
        (): boolean => true,
      ]) {
        const rewritten = kept(bytes, which, horizonMs)
        checkBatchCrc(rewritten)
        const expected = before.filter(({ offset }) => which(offset))
        assert.deepEqual([...recordsIn(rewritten)].map(told), expected.map(told))
        const header = readBatchHeader(rewritten, 0)
        const old = readBatchHeader(bytes, 0)
        assert.deepEqual(
          { ...header, batchLength: 0 },
          {
            ...old,
            batchLength: 0,
            attributes: horizonMs === undefined ? old.attributes : old.attributes | 0x40,
            hasDeleteHorizon: horizonMs !== undefined,
            baseTimestamp: horizonMs ?? old.baseTimestamp,
            maxTimestamp: Math.max(...expected.map(({ timestampMs }) => timestampMs)),
            recordCount: expected.length,
            crc: header.crc,
          },
        )
      }
    }
  })

  test(`${codec}: none`, () => {
    const bytes = buildBatch(records(4), { ...producer, codec, baseOffset: 70, leaderEpoch: 2 })
    const old = readBatchHeader(bytes, 0)
    const empty = emptyBatch(old)
    checkBatchCrc(empty)
    assert.deepEqual([...recordsIn(empty)], [])
    const header = readBatchHeader(empty, 0)
    assert.deepEqual([header.baseOffset, header.lastOffsetDelta, header.leaderEpoch], [70, 3, 2])
    assert.deepEqual([header.producerId, header.producerEpoch, header.baseSequence], [7, 3, 11])
    assert.deepEqual([header.recordCount, header.codecId, header.isTransactional], [0, 0, true])
  })
}

test('a batch of append time keeps it', () => {
  const bytes = buildBatch(records(4), { timestampType: 'log-append', codec: 'lz4' })
  const [first] = [...recordsIn(bytes)]
  for (const horizonMs of [undefined, startMs + 5]) {
    const rewritten = kept(bytes, (offset) => offset === 1, horizonMs)
    assert.deepEqual(
      [...recordsIn(rewritten)].map(({ offset, timestampMs }) => [offset, timestampMs]),
      [[1, first?.timestampMs]],
    )
  }
})
