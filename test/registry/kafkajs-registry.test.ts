/** The registry's client for kafkajs: registers, encodes and decodes in three languages. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { freshName, openTarget, type Target } from '../support/target.ts'
import { clientsHome } from './homes.ts'
import { avro, breakingAvro, jsonSchema, order, type Order, protobuf } from './orders.ts'
import { throughTopic } from './records.ts'

interface Schema {
  readonly type: string
  readonly schema: string
}

interface Client {
  register: (schema: Schema, options: { readonly subject: string }) => Promise<{ id: number }>
  encode: (id: number, value: unknown) => Promise<Buffer>
  decode: (bytes: Buffer) => Promise<unknown>
  getLatestSchemaId: (subject: string) => Promise<number>
  getRegistryIdBySchema: (subject: string, schema: Schema) => Promise<number>
}

const { SchemaRegistry } = createRequire(path.join(clientsHome, 'package.json'))(
  '@kafkajs/confluent-schema-registry',
) as { SchemaRegistry: new (config: object) => Client }

let target: Target
let client: Client

before(async () => {
  target = await openTarget()
  client = new SchemaRegistry({ host: `http://${target.registry}` })
})
after(() => target.close())

for (const [type, schema] of [
  ['AVRO', avro],
  ['JSON', jsonSchema],
  ['PROTOBUF', protobuf],
] as const) {
  test(`${type}: registered, encoded, sent, read and decoded`, async () => {
    const topic = freshName(`kafkajs-${type.toLowerCase()}`)
    const subject = `${topic}-value`
    const { id } = await client.register({ type, schema }, { subject })
    assert.equal(await client.getLatestSchemaId(subject), id)
    assert.equal(await client.getRegistryIdBySchema(subject, { type, schema }), id)
    const value = await client.encode(id, order)
    const read = await throughTopic(target.bootstrap, topic, { value, headers: {} })
    assert.deepEqual({ ...((await client.decode(read.value)) as Order) }, order)
  })
}

test('a breaking schema is refused with what breaks', async () => {
  const subject = freshName('kafkajs-breaking')
  await client.register({ type: 'AVRO', schema: avro }, { subject })
  await assert.rejects(
    client.register({ type: 'AVRO', schema: breakingAvro }, { subject }),
    /READER_FIELD_MISSING_DEFAULT_VALUE/,
  )
})
