/** Whatever a batch holds, the short way says what looking at each record says. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isFailure } from '../../base/errors.ts'
import { buildBatch } from '../../record/build-batch.ts'
import { type BatchVerdict, checkBatch } from './check-batch.ts'
import { countNamed } from './count-named.ts'
import { EventCheck } from './event-check.ts'
import { BatchSchemas } from './held-schemas.ts'
import { framedCheck } from './part-check.ts'

const subject = 't-value'
const usable = { outcome: 'usable', schema: undefined as never } as const

/** 1 and 2 are versions of the subject, 3 is none, 4 cannot be used, others are not known yet. */
function schemas(): BatchSchemas {
  return new BatchSchemas((key) => {
    const [, id] = JSON.parse(key) as [string, unknown]
    if (id === 1 || id === 2) return usable
    if (id === 3) return { outcome: 'absent' }
    return id === 4 ? { outcome: 'unusable', message: 'it is a list' } : undefined
  })
}

function checkOf(needsKey: boolean, isShort: boolean): EventCheck {
  const value = framedCheck({
    part: 'value',
    isSeen: true,
    subject,
    depth: 'id',
    messageName: undefined,
  })
  return new EventCheck({
    ...{ facts: [], rules: [], encoding: 'registry', value, key: undefined },
    ...{ keyProperty: undefined, takesTombstones: false, needsKey },
    namesOnly: isShort ? { subject, needsKey } : undefined,
  })
}

const ids = fc.oneof({ weight: 20, arbitrary: fc.constant(1) }, fc.integer({ min: 1, max: 5 }))
const framed = ids.map((id) => Buffer.from([0, 0, 0, 0, id, 7, 7]))
const value = fc.oneof(
  { weight: 30, arbitrary: framed },
  fc.constant(null),
  fc.uint8Array({ maxLength: 20 }),
  fc.constant(Buffer.from([0, 255, 255, 255, 255])),
)
const header = fc.record({
  key: fc.oneof(fc.constant('trace'), fc.constant('__value_schema_id')),
  value: fc.oneof(framed, fc.constant(null)),
})
const headers = fc.oneof(
  { weight: 20, arbitrary: fc.constant([]) },
  fc.array(header, { maxLength: 2 }),
)
const record = fc.record({
  key: fc.oneof({ weight: 20, arbitrary: fc.constant(Buffer.from('k')) }, fc.constant(null)),
  value,
  headers,
  timestampMs: fc.integer({ min: 0, max: 9_999 }),
})

/** Found by it: what stands in a value was asked for where a header named the schema. */
test('it says what looking at each record says', () => {
  let short = 0
  const given = fc.record({
    records: fc.array(record, { maxLength: 6 }),
    codec: fc.constantFrom('none' as const, 'gzip' as const),
    needsKey: fc.boolean(),
    cut: fc.oneof({ weight: 9, arbitrary: fc.constant(0) }, fc.nat(12)),
  })
  fc.assert(
    fc.property(given, ({ records, codec, needsKey, cut }) => {
      const whole = buildBatch(records, { codec })
      const bytes = whole.subarray(0, whole.length - cut)
      const verdict = (isShort: boolean): BatchVerdict =>
        checkBatch(checkOf(needsKey, isShort), bytes, schemas())
      assert.deepEqual(verdict(true), verdict(false))
      if (isCounted(bytes, needsKey)) short++
    }),
    { numRuns: 3_000 },
  )
  assert.ok(short > 300, `${short} went the short way`)
})

function isCounted(bytes: Uint8Array, needsKey: boolean): boolean {
  try {
    return countNamed(bytes, { subject, needsKey }, schemas()) !== undefined
  } catch (error) {
    if (!isFailure(error, 'corrupt')) throw error
    return false
  }
}

test('other headers are no hindrance, one with the schema’s id is', () => {
  const batch = (name: string): Uint8Array => {
    const headers = [{ key: name, value: Buffer.from([0, 0, 0, 0, 3]) }]
    return buildBatch([
      { key: null, value: Buffer.from([0, 0, 0, 0, 1, 7]), headers, timestampMs: 1 },
    ])
  }
  const given = { subject, needsKey: false }
  assert.equal(countNamed(batch('traceparent'), given, schemas()), 1)
  assert.equal(countNamed(batch('__value_schema_id'), given, schemas()), undefined)
})
