/** Ids, GUIDs and message indexes, where serializers of the registry put them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../test/support/seeded-random.ts'
import { violationText } from './record.ts'
import { type IndexedPayload, readIndexes, readSchemaId } from './schema-frame.ts'

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')
const guid = '01 0f2df06caec4224a65e3134ba50274ae'
const guidText = '0f2df06c-aec4-224a-65e3-134ba50274ae'

interface Sent {
  readonly value: string
  readonly header?: string | null
  readonly isProtobuf?: boolean
}

/** The schema, the indexes and the payload as hex, or why not. */
function read({ value, header, isProtobuf = false }: Sent): string {
  const bytes = header === undefined || header === null ? null : bytesOf(header)
  const headers = header === undefined ? [] : [{ name: '__value_schema_id', value: bytes }]
  const framed = readSchemaId('value', bytesOf(value), headers)
  if ('violation' in framed) return violationText(framed.violation)
  const indexed = readIndexes('value', framed, isProtobuf)
  if ('violation' in indexed) return violationText(indexed.violation)
  const { indexes, payload }: IndexedPayload = indexed
  const schema = framed.schema.kind === 'id' ? framed.schema.id : framed.schema.guid
  return `${schema} [${indexes.join()}] ${Buffer.from(payload).toString('hex')}`
}

test('in front of the payload, or in a header', () => {
  assert.equal(read({ value: '00 00000007 0102' }), '7 [] 0102')
  assert.equal(read({ value: '00 ffffffff' }), '-1 [] ')
  assert.equal(read({ value: `${guid} 01` }), `${guidText} [] 01`)
  assert.equal(read({ value: '0102', header: guid }), `${guidText} [] 0102`)
  assert.equal(read({ value: '', header: '00 00000007' }), '7 [] ')
  const both = { value: '00 00000007 01', header: '00 00000008' }
  assert.equal(read(both), '8 [] 000000000701', 'the header counts, and the payload is bare')
  assert.equal(read({ value: '00 00000007 01', header: null }), '7 [] 01', 'a header of nothing')
})

test('Protobuf: which message of the file', () => {
  const protobuf = (value: string, header?: string): string =>
    read({ value, isProtobuf: true, ...(header === undefined ? {} : { header }) })
  assert.equal(protobuf('00 00000007 00 0a'), '7 [0] 0a')
  assert.equal(protobuf('00 00000007 02 00 0a'), '7 [0] 0a', 'the long form of the first')
  assert.equal(protobuf('00 00000007 04 02 8a01 0a'), '7 [1,69] 0a')
  assert.equal(protobuf('0a', `${guid} 02 02`), `${guidText} [1] 0a`)
  for (const bad of [
    '',
    '01',
    '03 02',
    '04 02',
    '02 01',
    '80',
    '4400',
    'ffffffffff00',
    '020a8080',
  ]) {
    const told = protobuf(`00 00000007 ${bad}`)
    if (bad === '020a8080') assert.equal(told, '7 [5] 8080')
    else assert.match(told, /message indexes .* zigzag varints \(encoding\)/, bad)
  }
})

test('what tells no schema is told what to do', () => {
  assert.match(
    read({ value: '7b7d' }),
    /value tells no schema: it begins with byte 123.*serializer/,
  )
  assert.match(read({ value: '' }), /it is empty/)
  assert.match(read({ value: '00 000007' }), /begins with byte 0/)
  assert.match(read({ value: '01 00', header: '02 00000007' }), /__value_schema_id: must hold 0/)
  assert.match(read({ value: '', header: '' }), /__value_schema_id: must hold 0/)
  assert.match(read({ value: '', header: '00 00000007 00' }), /has 1 byte too many/)
  const more = { value: '', header: `${guid} 00 0102`, isProtobuf: true }
  assert.match(read(more), /__value_schema_id: has 2 bytes too many/)
  const key = readSchemaId('key', Buffer.from([0, 1]), [])
  assert.match('violation' in key ? key.violation.message : '', /the key tells no schema/)
})

test('whatever the bytes are, they are read or told', () => {
  const random = seededRandom(7)
  let taken = 0
  for (let round = 0; round < 20_000; round++) {
    const below = round % 4 === 0 ? 256 : 8 // small ones are read further
    const byte = (): number => random.uint32() % below
    const bytes = Buffer.from(Array.from({ length: random.uint32() % 24 }, byte))
    if (bytes.length > 0 && round % 2 === 0) bytes[0] = random.uint32() % 2
    const framed = readSchemaId('value', bytes, [])
    if ('violation' in framed) continue
    const indexed = readIndexes('value', framed, true)
    if ('violation' in indexed) continue
    taken++
    assert.ok(indexed.indexes.length > 0 && indexed.indexes.every(Number.isSafeInteger))
    assert.ok(indexed.indexes.every((index) => index >= 0))
    assert.ok(indexed.payload.length < bytes.length)
  }
  assert.ok(taken > 100, `${taken} taken`)
})
