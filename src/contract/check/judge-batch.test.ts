/** Batches whose records break their contract are taken apart, or not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readBatchHeader } from '../../record/batch-header.ts'
import { buildBatch } from '../../record/build-batch.ts'
import { recordsIn } from '../../record/records.ts'
import { jsonFormat } from '../../registry/schema/json/json-format.ts'
import { EventCheck } from './event-check.ts'
import { BatchSchemas } from './held-schemas.ts'
import { type JudgedBatch, judgeBatch, takenMax } from './judge-batch.ts'
import { bareCheck } from './part-check.ts'
import type { Policy } from './policy.ts'

const policy = 'quarantine'
const parsed = jsonFormat.parse({ text: '{"type":"integer"}', references: [] })
assert.ok(parsed.ok)
const made = jsonFormat.validator(parsed.schema)
assert.ok(made.ok)
const check = new EventCheck({
  ...{
    facts: [],
    rules: [],
    encoding: 'plain',
    value: bareCheck({ part: 'value', isSeen: true }, made.validator),
  },
  ...{ takesTombstones: false, needsKey: false, key: undefined, keyProperty: undefined },
})

const judged = (given: Policy['onViolation'], bytes: Uint8Array): JudgedBatch =>
  judgeBatch(check, given, bytes, new BatchSchemas(() => undefined))

const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString()

function batchOf(values: readonly (string | null)[], more: object = {}): Uint8Array {
  const records = values.map((value, at) => ({
    key: Buffer.from(`k${at}`),
    value: value === null ? null : Buffer.from(value),
    timestampMs: 1_000 + at,
    headers: at % 2 === 0 ? [] : [{ key: 'h', value: null }],
  }))
  return buildBatch(records, { producerId: 7, producerEpoch: 1, baseSequence: 40, ...more })
}

for (const codec of ['none', 'gzip', 'lz4', 'snappy', 'zstd'] as const) {
  test(`what breaks the contract leaves its batch, the rest stays where it was: ${codec}`, () => {
    const batch = batchOf(['1', 'x', '3', null, '5'], { codec })
    const { split, count, records, violations } = judged(policy, batch)
    assert.ok(split !== undefined)
    assert.deepEqual([count, records, violations.map(({ index }) => index)], [2, 5, [1, 3]])
    const stays = [...recordsIn(split.kept)].map(({ offset, timestampMs, key, value }) => {
      return [offset, timestampMs, text(key), text(value)]
    })
    assert.deepEqual(stays, [
      [0, 1_000, 'k0', '1'],
      [2, 1_002, 'k2', '3'],
      [4, 1_004, 'k4', '5'],
    ])
    const [before, after] = [readBatchHeader(batch), readBatchHeader(split.kept)]
    assert.deepEqual(
      { ...after, batchLength: 0, recordCount: 5 },
      { ...before, batchLength: 0, crc: after.crc },
    )
    const aside = split.taken.map(({ offsetDelta, timestampMs, key, value, headers }) => {
      return [offsetDelta, timestampMs, text(key), text(value), headers]
    })
    assert.deepEqual(aside, [
      [1, 1_001, 'k1', 'x', [{ key: 'h', value: null }]],
      [3, 1_003, 'k3', null, [{ key: 'h', value: null }]],
    ])
  })
}

test('a batch of which nothing stays keeps its place and its sequence', () => {
  const { split } = judged(policy, batchOf(['x', 'y'], { codec: 'lz4' }))
  assert.ok(split !== undefined)
  const { recordCount, lastOffsetDelta, baseSequence, producerId } = readBatchHeader(split.kept)
  assert.deepEqual([recordCount, lastOffsetDelta, baseSequence, producerId], [0, 1, 40, 7])
  assert.deepEqual([...recordsIn(split.kept)], [])
})

test('a batch that keeps the contract is not touched, nor one that is only to be refused', () => {
  assert.equal(judged(policy, batchOf(['1'])).split, undefined)
  const refused = judged('reject', batchOf(['x']))
  assert.deepEqual([refused.count, refused.split], [1, undefined])
})

test('a transaction stays whole, and so does a batch that breaks too much', () => {
  const transaction = judged(policy, batchOf(['1', 'x'], { isTransactional: true }))
  assert.equal(transaction.split, undefined)
  assert.match(transaction.wholeBecause ?? '', /a transaction is whole or not at all/)
  const many = judged(policy, batchOf(Array<string>(takenMax + 1).fill('x')))
  assert.deepEqual([many.split, many.count, many.violations.length], [undefined, takenMax + 1, 100])
  assert.match(many.wholeBecause ?? '', /more than 10000 records/)
  const large = judged(policy, batchOf(['1', 'x'.repeat(17 * 1024 * 1024)]))
  assert.equal(large.split, undefined)
  assert.match(large.wholeBecause ?? '', /more than 16777216 bytes/)
})

test('what is no whole batch is left to those who validate batches', () => {
  const cut = batchOf(['x', 'y']).subarray(0, -3)
  assert.equal(judged(policy, cut).split, undefined)
})
