/** What the comparison of message definitions sees. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { message } from '../../src/wire/message.ts'
import { differencesOf } from './definitions.ts'
import { readMessage } from './kafka-definitions.ts'

const theirs = readMessage(`
// A licence.
{
  "apiKey": 1, "type": "request", "name": "Thing", "validVersions": "1-3",
  "latestVersionUnstable": true, "flexibleVersions": "2+",
  "fields": [
    { "name": "Id", "type": "int32", "versions": "0+", "default": "-1" },
    // What there is.
    { "name": "Parts", "type": "[]Part", "versions": "1+", "nullableVersions": "2+" },
    { "name": "Note", "type": "string", "versions": "2+", "nullableVersions": "2+",
      "taggedVersions": "2+", "tag": 0, "default": "null", "ignorable": true }
  ],
  "commonStructs": [
    { "name": "Part", "versions": "0+", "fields": [
      { "name": "Done", "type": "bool", "versions": "0+", "default": "false" } ] }
  ]
}`)

const fields = {
  id: 'int32 = -1',
  parts: { _: 'struct[]?2+ 1+', done: 'boolean = false' },
  note: 'string? 2+ tag 0 = null ignorable',
} as const
const same = { name: 'Thing', versions: [1, 2], flexibleFrom: 2, fields } as const

test('a definition that means the same differs in nothing', () => {
  assert.deepEqual(differencesOf(message(same), theirs), [])
})

test('each way to be wrong is told', () => {
  const tell = (other: object) => differencesOf(message({ ...same, ...other }), theirs).join('\n')
  const withField = (other: object) => tell({ fields: { ...fields, ...other } })
  assert.equal(
    tell({ versions: [0, 2] }).split('\n')[0],
    "Thing: lowest version: ours 0, Kafka's 1",
  )
  assert.equal(
    tell({ versions: [1, 1] }).split('\n')[0],
    "Thing: highest version: ours 1, Kafka's 2",
  )
  assert.equal(tell({ flexibleFrom: 1 }), "Thing: flexible from: ours 1, Kafka's 2")
  assert.match(withField({ id: 'int64 = -1' }), /v1,2: id: type ours int64, Kafka's int32/)
  assert.match(withField({ id: 'int32' }), /v1,2: id: default ours zero, Kafka's -1/)
  assert.match(withField({ more: 'int8' }), /v1,2: Kafka lacks more/)
  assert.match(withField({ note: 'string? 2+ tag 1 = null ignorable' }), /v2: note: tag ours 1/)
  assert.match(withField({ note: 'string? 2+ tag 0 = null' }), /v1: absent note: .* ignorable$/)
  assert.match(tell({ fields: { id: fields.id, note: fields.note } }), /v1,2: we lack parts\[\]/)
  const wrongPart = { _: 'struct[]? 1+', done: 'boolean = true' } as const
  assert.match(withField({ parts: wrongPart }), /v1: parts\[\]: nullable ours true, Kafka's false/)
  assert.match(withField({ parts: wrongPart }), /parts\[\]\.done: default ours true/)
  const { id, parts, note } = fields
  assert.match(tell({ fields: { parts, id, note } }), /v1,2: order: ours parts/)
})
