/** What was set aside comes back as it was sent. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TakenRecord } from '../check/split-batch.ts'
import { fromStored, toStored } from './quarantine-record.ts'

const place = {
  ...{ topic: 'decisions', topicId: 'an-id', partition: 3, offset: 17 },
  ...{ contract: 'c@1.0.0', revision: 'c@4', setAsideMs: 5 },
}

function taken(more: Partial<TakenRecord> = {}): TakenRecord {
  const violation = { index: 0, rule: 'fact:tenant', at: 'ce_tenant', message: 'is missing' }
  const parts = { key: Buffer.from('k'), value: Buffer.from('v'), headers: [] }
  return { offsetDelta: 0, timestampMs: 9, violation, ...parts, ...more }
}

const forged = { key: 'karst.quarantine', value: Buffer.from('{"v":1}') }

for (const [what, record] of [
  ['a record', taken()],
  ['one without a key', taken({ key: null })],
  ['one without a value', taken({ value: null })],
  ['an empty value', taken({ value: new Uint8Array(0) })],
  ['headers, also without a value', taken({ headers: [{ key: 'a', value: null }] })],
  ['a header of the name that brokers use', taken({ headers: [forged, forged] })],
] as const) {
  test(`${what} comes back as it was sent`, () => {
    const stored = toStored(record, place)
    assert.equal(Buffer.from(stored.key).toString(), 'an-id/3/17')
    const back = fromStored(stored)
    assert.ok(back !== undefined)
    const bytes = (part: Uint8Array | null): Buffer | null =>
      part === null ? null : Buffer.from(part)
    assert.deepEqual(bytes(back.key), bytes(record.key))
    assert.deepEqual(bytes(back.value), bytes(record.value))
    assert.deepEqual([back.headers, back.timestampMs], [record.headers, 9])
    const { rule, at, message } = record.violation
    assert.deepEqual(back.reason, { ...place, rule, at, message })
  })
}

test('what no broker has written is not taken for a record that was set aside', () => {
  const bare = { value: Buffer.from('v'), timestampMs: 1 }
  assert.equal(fromStored({ ...bare, headers: [] }), undefined)
  assert.equal(fromStored({ ...bare, headers: [forged] }), undefined)
  const noJson = { key: 'karst.quarantine', value: Buffer.from('{') }
  assert.equal(fromStored({ ...bare, headers: [noJson] }), undefined)
})

test('a message that quotes megabytes is cut', () => {
  const violation = { index: 0, rule: 'schema', at: '', message: 'x'.repeat(1e6) }
  const stored = toStored(taken({ violation }), place)
  assert.equal(fromStored(stored)?.reason.message.length, 2_000)
})
