/** Clients of the registry for JavaScript on topics that hold each record to the schema it names. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { freshName, openTarget, type Target } from '../support/target.ts'
import { areTaken, enforceTopic, otherSchema, schemaTexts, withId } from './enforced-topic.ts'
import { clientsHome } from './homes.ts'
import { order, type Order } from './orders.ts'
import { type SchemaRecord, throughTopic } from './records.ts'

interface Client {
  register: (subject: string, schema: object) => Promise<number>
  getAllVersions: (subject: string) => Promise<number[]>
}

interface Serde {
  serialize: (topic: string, value: unknown, headers?: object) => Promise<Buffer>
  deserialize: (topic: string, bytes: Buffer, headers?: object) => Promise<unknown>
}

type SerdeOf = new (client: Client, serde: string, config: object) => Serde

interface Confluent {
  readonly SchemaRegistryClient: new (config: object) => Client
  readonly SerdeType: { readonly KEY: string; readonly VALUE: string }
  readonly HeaderSchemaIdSerializer: unknown
  readonly AvroSerializer: SerdeOf
  readonly AvroDeserializer: SerdeOf
  readonly JsonSerializer: SerdeOf
  readonly JsonDeserializer: SerdeOf
  readonly ProtobufSerializer: SerdeOf
  readonly ProtobufDeserializer: SerdeOf
}

interface FileRegistry {
  readonly getMessage: (name: string) => unknown
}

/** Buf's runtime, which Confluent's client writes messages with. */
interface Protobuf {
  readonly create: (desc: unknown, value: object) => unknown
  readonly createFileRegistry: (file: unknown, resolve: () => undefined) => FileRegistry
  readonly createMutableRegistry: (desc: unknown) => unknown
}

interface Kafkajs {
  readonly SchemaRegistry: new (config: object) => {
    getLatestSchemaId: (subject: string) => Promise<number>
    encode: (id: number, value: unknown) => Promise<Buffer>
    decode: (bytes: Buffer) => Promise<unknown>
  }
}

const load = createRequire(path.join(clientsHome, 'package.json'))
const confluent = load('@confluentinc/schemaregistry') as Confluent
const protobuf = load('@bufbuild/protobuf') as Protobuf
const { FileDescriptorProtoSchema } = load('@bufbuild/protobuf/wkt') as {
  readonly FileDescriptorProtoSchema: unknown
}
const { SchemaRegistry } = load('@kafkajs/confluent-schema-registry') as Kafkajs
const { KEY, VALUE } = confluent.SerdeType

let target: Target
let client: Client

before(async () => {
  target = await openTarget()
  client = new confluent.SchemaRegistryClient({ baseURLs: [`http://${target.registry}`] })
})
after(() => target.close())

/** The message of `orders.ts`, as a program that was generated from it has it. */
function orderMessage(): { readonly registry: unknown; readonly message: unknown } {
  const file = protobuf.create(FileDescriptorProtoSchema, {
    ...{ name: 'shop/order.proto', package: 'shop', syntax: 'proto3' },
    messageType: [
      {
        name: 'Order',
        field: [
          { name: 'id', jsonName: 'id', number: 1, label: 1, type: 9 },
          { name: 'cents', jsonName: 'cents', number: 2, label: 1, type: 5 },
        ],
      },
    ],
  })
  const desc = protobuf.createFileRegistry(file, () => undefined).getMessage('shop.Order')
  return {
    registry: protobuf.createMutableRegistry(desc),
    message: protobuf.create(desc, { ...order }),
  }
}

const { registry: messages, message: orderAsMessage } = orderMessage()
const inHeader = { schemaIdSerializer: confluent.HeaderSchemaIdSerializer }

const languages = [
  ['AVRO', confluent.AvroSerializer, confluent.AvroDeserializer, order],
  ['JSON', confluent.JsonSerializer, confluent.JsonDeserializer, order],
  ['PROTOBUF', confluent.ProtobufSerializer, confluent.ProtobufDeserializer, orderAsMessage],
] as const

const plainOrder = (found: unknown): Order => {
  const { id, cents } = found as Order
  return { id, cents }
}

for (const [type, Serialize, Deserialize, sent] of languages) {
  for (const place of ['prefix', 'header'] as const) {
    test(`Confluent’s client, ${type}, id in the ${place}`, async () => {
      const topic = freshName(`enforced-${type.toLowerCase()}-${place}`)
      await enforceTopic(target, topic, { type })
      const other = await otherSchema(target, topic, type)
      const config = {
        useLatestVersion: true,
        // The option means another thing to each serializer.
        ...(type === 'PROTOBUF' ? { registry: messages } : {}),
        ...(place === 'header' ? inHeader : {}),
      }
      const headers: Record<string, Buffer> = {}
      const value = await new Serialize(client, VALUE, config).serialize(topic, sent, headers)
      assert.equal(Object.hasOwn(headers, '__value_schema_id'), place === 'header')
      const good: SchemaRecord = { value, headers }
      const read = await throughTopic(target.bootstrap, topic, good)
      const reader = new Deserialize(client, VALUE, {})
      assert.deepEqual(plainOrder(await reader.deserialize(topic, read.value, read.headers)), order)
      const id = (schemaId: number): Partial<SchemaRecord> =>
        place === 'prefix'
          ? { value: withId(value, schemaId) }
          : { value, headers: { __value_schema_id: withId(Buffer.alloc(5), schemaId) } }
      const cut = { value: value.subarray(0, -1), headers }
      const bad = [id(1_000_000), id(other), cut, { value: Buffer.from('{}') }]
      const taken = await areTaken(target.bootstrap, topic, [good, ...bad, good])
      assert.deepEqual(taken, [true, false, false, false, false, true])
    })
  }
}

test('Confluent’s client registers by itself: what is the same is the same version', async () => {
  const topic = freshName('enforced-auto')
  await enforceTopic(target, topic, { type: 'PROTOBUF' })
  const config = { autoRegisterSchemas: true, registry: messages }
  const serializer = new confluent.ProtobufSerializer(client, VALUE, config)
  const value = await serializer.serialize(topic, orderAsMessage)
  assert.deepEqual(await client.getAllVersions(`${topic}-value`), [1])
  assert.deepEqual(await areTaken(target.bootstrap, topic, [{ value }]), [true])
})

test('Confluent’s client, a schema with references', async () => {
  const topic = freshName('enforced-bills')
  const money = { type: 'record', name: 'Money', fields: [{ name: 'cents', type: 'int' }] }
  const billOf = (type: unknown): string =>
    JSON.stringify({ type: 'record', name: 'Bill', fields: [{ name: 'total', type }] })
  const rules = '[{name: few, expr: value.total.cents < 100, message: few}]'
  await enforceTopic(target, topic, { type: 'AVRO', text: billOf(money), rules })
  await client.register(`${topic}-money`, { schema: JSON.stringify(money), schemaType: 'AVRO' })
  const references = [{ name: 'Money', subject: `${topic}-money`, version: 1 }]
  const schema = { schema: billOf('Money'), schemaType: 'AVRO', references }
  await client.register(`${topic}-value`, schema)
  const serializer = new confluent.AvroSerializer(client, VALUE, { useLatestVersion: true })
  const bill = (cents: number): Promise<Buffer> => serializer.serialize(topic, { total: { cents } })
  const value = await bill(7)
  const read = await throughTopic(target.bootstrap, topic, { value, headers: {} })
  const reader = new confluent.AvroDeserializer(client, VALUE, {})
  const found = await reader.deserialize(topic, read.value)
  assert.deepEqual(JSON.parse(JSON.stringify(found)), { total: { cents: 7 } })
  const records = [{ value: await bill(500) }, { value: Buffer.concat([value, value]) }]
  assert.deepEqual(await areTaken(target.bootstrap, topic, records), [false, false])
})

test('Confluent’s client, keys with a schema of their own', async () => {
  const topic = freshName('enforced-keys')
  await enforceTopic(target, topic, { type: 'AVRO', hasKeySchema: true })
  const headers: Record<string, Buffer> = {}
  const config = { useLatestVersion: true, ...inHeader }
  const key = await new confluent.AvroSerializer(client, KEY, config).serialize(topic, 'k', headers)
  const latest = { useLatestVersion: true }
  const value = await new confluent.AvroSerializer(client, VALUE, latest).serialize(topic, order)
  const read = await throughTopic(target.bootstrap, topic, { key, value, headers })
  const reader = new confluent.AvroDeserializer(client, KEY, {})
  assert.equal(await reader.deserialize(topic, read.key as Buffer, read.headers), 'k')
  const records = [{ value }, { key: Buffer.from('k'), value }, { key, value, headers }]
  assert.deepEqual(await areTaken(target.bootstrap, topic, records), [false, false, true])
})

for (const type of ['AVRO', 'JSON'] as const) {
  test(`the registry’s client for kafkajs, ${type}`, async () => {
    const topic = freshName(`enforced-kafkajs-${type.toLowerCase()}`)
    await enforceTopic(target, topic, { type })
    const kafkajs = new SchemaRegistry({ host: `http://${target.registry}` })
    const value = await kafkajs.encode(await kafkajs.getLatestSchemaId(`${topic}-value`), order)
    const read = await throughTopic(target.bootstrap, topic, { value, headers: {} })
    assert.deepEqual(plainOrder(await kafkajs.decode(read.value)), order)
    const bad = [withId(value, 1_000_000), value.subarray(0, -1), value.subarray(5)]
    const records = [...bad, value].map((each) => ({ value: each }))
    const taken = await areTaken(target.bootstrap, topic, records)
    assert.deepEqual(taken, [false, false, false, true])
  })
}

test('the client for kafkajs leaves Protobuf’s indexes away: by id it is taken', async () => {
  const kafkajs = new SchemaRegistry({ host: `http://${target.registry}` })
  for (const check of ['payload', 'id'] as const) {
    const topic = freshName(`enforced-kafkajs-${check}`)
    await enforceTopic(target, topic, { type: 'PROTOBUF', check })
    const id = await kafkajs.getLatestSchemaId(`${topic}-value`)
    const value = await kafkajs.encode(id, order)
    const taken = await areTaken(target.bootstrap, topic, [{ value }])
    assert.deepEqual(taken, [check === 'id'], check)
  }
})

test('what one broker has just registered, every broker takes', async () => {
  const topic = freshName('enforced-brokers')
  await enforceTopic(target, topic, { type: 'AVRO' })
  for (const [at, registry] of target.registries.entries()) {
    const own = new confluent.SchemaRegistryClient({ baseURLs: [`http://${registry}`] })
    const { fields, ...rest } = JSON.parse(schemaTexts.AVRO) as { fields: object[] }
    const more = { name: `of_${at}`, type: 'string', default: '' }
    const schema = JSON.stringify({ ...rest, fields: [...fields, more] })
    await own.register(`${topic}-value`, { schema, schemaType: 'AVRO' })
    const serializer = new confluent.AvroSerializer(own, VALUE, { useLatestVersion: true })
    const value = await serializer.serialize(topic, { ...order, [`of_${at}`]: 'x' })
    assert.deepEqual(await areTaken(target.bootstrap, topic, [{ value }]), [true], registry)
  }
})
