/** Payloads are held to the schema that they name, where it is one of the topic's subject. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { orderSchemas } from '../../../test/contract/framed-orders.ts'
import { schemaFormats } from '../../registry/schema/schema-formats.ts'
import type { SchemaType } from '../../registry/schema/schema-format.ts'
import {
  type BatchSchemas,
  HeldSchemas,
  nothingTold,
  schemasPerBatchMax,
  type ToldSchema,
} from './held-schemas.ts'
import { framedCheck, type FramedCheckParts } from './part-check.ts'
import { violationText } from './record.ts'

const subject = 'orders-value'
const asked = (id: number): Pick<ToldSchema, 'subject' | 'schema'> => {
  return { subject, schema: { kind: 'id', id } }
}

function found(id: number, type: SchemaType, text: string): ToldSchema {
  return { ...asked(id), outcome: 'found', type, text, references: [] }
}

const toldAt = (epoch: number, ...schemas: ToldSchema[]): Promise<BatchSchemas> =>
  new HeldSchemas(schemaFormats).forBatch({ epoch, schemas })

const bytesOf = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex')

function read(
  schemas: BatchSchemas,
  bytes: Uint8Array | string,
  more: Partial<FramedCheckParts> = {},
): unknown {
  const rest = { isSeen: true, depth: 'payload', messageName: undefined } as const
  const parts = { part: 'value', subject, ...rest } as const
  const check = framedCheck({ ...parts, ...more })
  const outcome = check(typeof bytes === 'string' ? bytesOf(bytes) : bytes, [], schemas)
  if ('violation' in outcome) return violationText(outcome.violation)
  return outcome.value === undefined ? undefined : JSON.parse(JSON.stringify(outcome.value))
}

const order = { id: 'o-1', cents: 5 }
const avroOrder = '06 6f2d31 0a'

test('Avro: what fits is read; what does not, or goes on, is told', async () => {
  const schemas = await toldAt(1, found(7, 'AVRO', orderSchemas.AVRO))
  assert.deepEqual(read(schemas, `00 00000007 ${avroOrder}`), order)
  assert.match(String(read(schemas, `00 00000007 ${avroOrder} 00`)), /\(schema\)/)
  assert.match(String(read(schemas, '00 00000007 06 6f2d')), /\/id: .*\(schema\)/)
})

test('JSON: after its id, and with what it refers to', async () => {
  const text = '{"type":"object","properties":{"total":{"$ref":"money.json"}},"required":["total"]}'
  const money = { name: 'money.json', text: '{"type":"integer"}' }
  const bill = { ...asked(9), outcome: 'found', type: 'JSON', text, references: [money] } as const
  const schemas = await toldAt(1, bill)
  const framed = (json: string): Buffer =>
    Buffer.concat([bytesOf('00 00000009'), Buffer.from(json)])
  assert.deepEqual(read(schemas, framed('{"total":3}')), { total: 3 })
  assert.match(String(read(schemas, framed('{"total":"3"}'))), /^\/total: .*\(schema\)/)
  assert.match(String(read(schemas, framed('{"total":3}}'))), /\(schema\)/)
})

test('Protobuf: the message that is agreed on, and no other of its file', async () => {
  const schemas = await toldAt(1, found(8, 'PROTOBUF', orderSchemas.PROTOBUF))
  const more = { messageName: 'shop.Order' }
  assert.deepEqual(read(schemas, '00 00000008 00 0a03 6f2d31 1005', more), order)
  assert.deepEqual(read(schemas, '00 00000008 0200 0a03 6f2d31 1005', more), order)
  const other = String(read(schemas, '00 00000008 02 02 0a03 6f2d31', more))
  assert.match(other, /the message is shop\.Refund, and shop\.Order is agreed on \(schema\)/)
  assert.match(String(read(schemas, '00 00000008 02 04', more)), /id 8: .*\[2\] lead to no message/)
  assert.match(String(read(schemas, '00 00000008 00 0a04 6f2d31', more)), /\/id: .*\(schema\)/)
  assert.match(String(read(schemas, '00 00000008', more)), /message indexes/)
})

test('what is not known is asked for once; what is no version of the subject is told', async () => {
  const schemas = await toldAt(1, { ...asked(3), outcome: 'absent' })
  const absent = String(read(schemas, '00 00000003'))
  assert.match(absent, /id 3 is no version of the subject orders-value: register.*\(schema-id\)/)
  assert.equal(read(schemas, `00 00000007 ${avroOrder}`), undefined)
  assert.equal(read(schemas, `00 00000007 ${avroOrder}`), undefined)
  const guid = '01 0f2df06caec4224a65e3134ba50274ae'
  assert.equal(read(schemas, guid, { part: 'key', subject: 'orders-key' }), undefined)
  assert.deepEqual(schemas.asked, [
    asked(7),
    {
      subject: 'orders-key',
      schema: { kind: 'guid', guid: '0f2df06c-aec4-224a-65e3-134ba50274ae' },
    },
  ])
})

test('a batch names so many schemas, and no more', async () => {
  const schemas = await toldAt(1, found(7, 'AVRO', orderSchemas.AVRO))
  for (let id = 8; id < 8 + schemasPerBatchMax; id++) {
    const told = read(schemas, bytesOf(`00 ${id.toString(16).padStart(8, '0')}`))
    assert.equal(told, undefined)
  }
  assert.equal(schemas.asked.length, schemasPerBatchMax)
  const more = String(read(schemas, `00 00000007 ${avroOrder}`))
  assert.match(more, /more than 16 schemas: write smaller ones \(schema-id\)/)
})

test('by id only: nobody looks at the payload, nor at what the schema says', async () => {
  const broken = { ...asked(4), outcome: 'unusable', message: 'a reference is gone' } as const
  const known = found(7, 'AVRO', orderSchemas.AVRO)
  const schemas = await toldAt(1, known, broken, found(5, 'AVRO', '{"type":"recor'))
  for (const id of [7, 4, 5]) {
    assert.equal(read(schemas, `00 0000000${id} ff`, { depth: 'id' }), undefined)
  }
  assert.deepEqual(schemas.asked, [])
  assert.match(String(read(schemas, '00 00000004 ff')), /id 4 cannot be used: a reference is gone/)
  assert.match(String(read(schemas, '00 00000005 ff')), /id 5 cannot be used: /)
  assert.match(String(read(schemas, 'ff', { depth: 'id' })), /tells no schema/)
})

test('what was found is held until time has passed; what was not is asked for again', async () => {
  const held = new HeldSchemas(schemaFormats)
  const schemas = [found(7, 'AVRO', orderSchemas.AVRO), { ...asked(3), outcome: 'absent' } as const]
  await held.forBatch({ epoch: 4, schemas })
  const again = await held.forBatch({ epoch: 4, schemas: [] })
  assert.deepEqual(read(again, `00 00000007 ${avroOrder}`), order)
  assert.equal(read(again, '00 00000003'), undefined)
  assert.deepEqual(again.asked, [asked(3)])
  const later = await held.forBatch({ epoch: 5, schemas: [] })
  assert.equal(read(later, `00 00000007 ${avroOrder}`), undefined)
  assert.deepEqual(later.asked, [asked(7)])
  assert.equal((await held.forBatch(nothingTold)).asked.length, 0)
})

test('of what nobody looks at no value is made, and all is found that is wrong', async () => {
  const schemas = await toldAt(1, found(1, 'AVRO', '"string"'))
  const unseen = { isSeen: false }
  assert.equal(read(schemas, '00 00000001 02 61'), 'a')
  assert.equal(read(schemas, '00 00000001 02 61', unseen), undefined)
  for (const wrong of ['00 00000001 02 ff', '00 00000001 04 61', '00 00000001 02 6161']) {
    const told = read(schemas, wrong, unseen)
    assert.equal(typeof told, 'string')
    assert.equal(told, read(schemas, wrong))
  }
})
