import assert from 'node:assert/strict'
import { test } from 'node:test'
import { freeItemsMax, payloadBytesMax, payloadDepthMax } from '../payload-limits.ts'
import { avroFormat } from './avro-format.ts'

const validator = (schema: unknown) => {
  const parsed = avroFormat.parse({ text: JSON.stringify(schema), references: [] })
  assert.ok(parsed.ok, parsed.ok ? '' : parsed.message)
  const outcome = avroFormat.validator(parsed.schema)
  assert.ok(outcome.ok)
  return outcome.validator
}
const bytes = (hex: string): Uint8Array => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const refusal = (schema: unknown, hex: string): string => {
  const verdict = validator(schema).check(bytes(hex))
  return verdict.ok ? 'accepted' : `${verdict.at}: ${verdict.message}`
}
const valueOf = (schema: unknown, hex: string): unknown => {
  const outcome = validator(schema).toValue(bytes(hex))
  assert.ok(outcome.ok, outcome.ok ? '' : outcome.message)
  return outcome.value
}

test('numbers are zigzag, to both ends of their range', () => {
  assert.equal(valueOf('int', '01'), -1)
  assert.equal(valueOf('int', 'feffffff0f'), 2 ** 31 - 1)
  assert.equal(valueOf('int', 'ffffffff0f'), -(2 ** 31))
  assert.equal(valueOf('long', 'feffffffffffffffff01'), 2n ** 63n - 1n)
  assert.equal(valueOf('long', 'ffffffffffffffffff01'), -(2n ** 63n))
  assert.match(refusal('int', '8080808010'), /does not fit an int/)
  assert.match(refusal('long', 'ffffffffffffffffff02'), /longer than 64 bits/)
  assert.match(refusal('long', 'ffffffffffffffffffff01'), /longer than ten bytes/)
})

test('a fault says where in the value it is', () => {
  const schema = {
    type: 'record',
    name: 'R',
    fields: [
      { name: 'ok', type: 'boolean' },
      { name: 'tags', type: { type: 'array', items: { type: 'map', values: 'boolean' } } },
    ],
  }
  // ok, one item, one entry "a/b" whose boolean is 7
  assert.equal(
    refusal(schema, '01 02 02 06612f62 07'),
    '/tags/0/a~1b: a boolean is the byte 0 or 1, not 7',
  )
  assert.match(refusal(schema, '01 02 02 06612f62'), /^\/tags\/0\/a~1b: the payload ends before/)
})

test('bytes after the value are a fault', () => {
  assert.match(refusal('int', '02 00'), /1 bytes follow the value/)
  assert.equal(refusal('int', '02'), 'accepted')
})

test('symbols, branches, lengths and texts are checked', () => {
  const color = { type: 'enum', name: 'E', symbols: ['RED'] }
  assert.equal(valueOf(color, '00'), 'RED')
  assert.match(refusal(color, '02'), /E has 1 symbols, and no 1/)
  assert.match(refusal(color, '01'), /no -1/)
  assert.match(refusal(['null', 'int'], '04'), /has 2 branches, and no 2/)
  assert.match(refusal('string', '02ff'), /not UTF-8/)
  assert.match(refusal('bytes', '0aff'), /5 bytes, and 1 are left/)
  assert.match(refusal('bytes', '01'), /-1 bytes/)
  assert.match(refusal({ type: 'fixed', name: 'F', size: 3 }, '0102'), /ends before 3 bytes/)
})

test('blocks with a byte count are read as those without', () => {
  const ints = { type: 'array', items: 'int' }
  assert.deepEqual(valueOf(ints, '03 04 02 04 00'), [1, 2])
  assert.deepEqual(valueOf(ints, '02 02 02 04 00'), [1, 2])
})

test('items that take no bytes are counted, so that a short payload cannot fill the memory', () => {
  const nulls = { type: 'array', items: 'null' }
  assert.match(
    refusal(nulls, 'feffffffffffffffff01'),
    new RegExp(`more than ${freeItemsMax} items`),
  )
  assert.deepEqual(valueOf(nulls, '0400'), [null, null])
})

test('a record that contains itself ends at the limit of depth', () => {
  const endless = { type: 'record', name: 'R', fields: [{ name: 'r', type: 'R' }] }
  assert.match(refusal(endless, ''), new RegExp(`more than ${payloadDepthMax} deep`))
})

test('a payload beyond the limit is refused unread', () => {
  const verdict = validator('bytes').check(new Uint8Array(payloadBytesMax + 1))
  assert.match(verdict.ok ? '' : verdict.message, /can be checked/)
})

test('values have no prototype: a field may be called __proto__', () => {
  const map = valueOf({ type: 'map', values: 'int' }, '02 125f5f70726f746f5f5f 02 00')
  assert.equal((map as Record<string, unknown>)['__proto__'], 1)
  assert.deepEqual(Object.keys(map as object), ['__proto__'])
})
