/** Confluent's client for JavaScript: serializers, ids in prefix and in header, references. */
import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import path from 'node:path'
import { after, before, test } from 'node:test'
import { freshName, openTarget, type Target } from '../support/target.ts'
import { clientsHome } from './homes.ts'
import { avro, breakingAvro, jsonSchema, order, type Order, protobuf } from './orders.ts'
import { throughTopic } from './records.ts'

interface SchemaInfo {
  readonly schema: string
  readonly schemaType: string
  readonly references?: readonly object[]
  readonly metadata?: object
}

interface Client {
  register: (subject: string, schema: SchemaInfo) => Promise<number>
  getAllVersions: (subject: string) => Promise<number[]>
  getBySubjectAndId: (subject: string, id: number) => Promise<SchemaInfo>
  getByGuid: (guid: string) => Promise<SchemaInfo>
  getLatestSchemaMetadata: (subject: string) => Promise<{ guid: string; version: number }>
  getLatestWithMetadata: (subject: string, pairs: object) => Promise<{ version: number }>
  testSubjectCompatibility: (subject: string, schema: SchemaInfo) => Promise<boolean>
  updateCompatibility: (subject: string, level: string) => Promise<string>
  getCompatibility: (subject: string) => Promise<string>
  deleteSubject: (subject: string, permanent: boolean) => Promise<number[]>
  createAssociation: (request: object) => Promise<{ associations: { subject: string }[] }>
  getAssociationsByResourceName: (
    ...args: [string, string, string, string[], string | null, number, number]
  ) => Promise<{ subject: string; lifecycle: string }[]>
  deleteAssociations: (...args: [string, string, string[] | null, boolean]) => Promise<void>
}

interface Serializer {
  serialize: (topic: string, value: unknown, headers?: object) => Promise<Buffer>
}

interface Deserializer {
  deserialize: (topic: string, bytes: Buffer, headers?: object) => Promise<unknown>
}

type SerializerOf = new (client: Client, serde: string, config: object) => Serializer
type DeserializerOf = new (client: Client, serde: string, config: object) => Deserializer

interface Module {
  readonly SchemaRegistryClient: new (config: object) => Client
  readonly SerdeType: { readonly VALUE: string }
  readonly HeaderSchemaIdSerializer: unknown
  readonly AvroSerializer: SerializerOf
  readonly AvroDeserializer: DeserializerOf
  readonly JsonSerializer: SerializerOf
  readonly JsonDeserializer: DeserializerOf
}

const confluent = createRequire(path.join(clientsHome, 'package.json'))(
  '@confluentinc/schemaregistry',
) as Module

let target: Target
let client: Client

before(async () => {
  target = await openTarget()
  client = new confluent.SchemaRegistryClient({ baseURLs: [`http://${target.registry}`] })
})
after(() => target.close())

const { VALUE } = confluent.SerdeType

for (const [name, schema, schemaType, Serialize, Deserialize] of [
  ['Avro', avro, 'AVRO', confluent.AvroSerializer, confluent.AvroDeserializer],
  ['JSON Schema', jsonSchema, 'JSON', confluent.JsonSerializer, confluent.JsonDeserializer],
] as const) {
  for (const place of ['prefix', 'header'] as const) {
    test(`${name}, with the id in the ${place}`, async () => {
      const topic = freshName(`confluent-${schemaType.toLowerCase()}-${place}`)
      await client.register(`${topic}-value`, { schema, schemaType })
      const inHeader = { schemaIdSerializer: confluent.HeaderSchemaIdSerializer }
      const config = { useLatestVersion: true, ...(place === 'header' ? inHeader : {}) }
      const headers: Record<string, Buffer> = {}
      const value = await new Serialize(client, VALUE, config).serialize(topic, order, headers)
      assert.equal(Object.hasOwn(headers, '__value_schema_id'), place === 'header')
      const read = await throughTopic(target.bootstrap, topic, { value, headers })
      const reader = new Deserialize(client, VALUE, {})
      const found = (await reader.deserialize(topic, read.value, read.headers)) as Order
      assert.deepEqual({ ...found }, order)
    })
  }
}

test('a Protobuf schema is found by id and by GUID', async () => {
  const subject = freshName('confluent-protobuf')
  const id = await client.register(subject, { schema: protobuf, schemaType: 'PROTOBUF' })
  const byId = await client.getBySubjectAndId(subject, id)
  assert.equal(byId.schemaType, 'PROTOBUF')
  assert.match(byId.schema, /message Order \{/)
  const { guid } = await client.getLatestSchemaMetadata(subject)
  assert.deepEqual((await client.getByGuid(guid)).schema, byId.schema)
})

test('a breaking schema is refused; the level is set and read; versions are deleted', async () => {
  const subject = freshName('confluent-levels')
  await client.register(subject, { schema: avro, schemaType: 'AVRO' })
  const breaking = { schema: breakingAvro, schemaType: 'AVRO' }
  assert.equal(await client.testSubjectCompatibility(subject, breaking), false)
  await assert.rejects(client.register(subject, breaking), /incompatible/)
  assert.equal(await client.updateCompatibility(subject, 'NONE'), 'NONE')
  assert.equal(await client.getCompatibility(subject), 'NONE')
  await client.register(subject, { ...breaking, metadata: { properties: { owner: 'shop' } } })
  assert.deepEqual(await client.getAllVersions(subject), [1, 2])
  assert.equal((await client.getLatestWithMetadata(subject, { owner: 'shop' })).version, 2)
  assert.deepEqual(await client.deleteSubject(subject, false), [1, 2])
  assert.deepEqual(await client.deleteSubject(subject, true), [1, 2])
  await assert.rejects(client.getAllVersions(subject), /40401/)
})

test('a reference is resolved by the client as the registry resolved it', async () => {
  const subject = freshName('confluent-money')
  const money = { type: 'record', name: 'Money', fields: [{ name: 'cents', type: 'int' }] }
  await client.register(subject, { schema: JSON.stringify(money), schemaType: 'AVRO' })
  const topic = freshName('confluent-bills')
  const bill = { type: 'record', name: 'Bill', fields: [{ name: 'total', type: 'Money' }] }
  const references = [{ name: 'Money', subject, version: 1 }]
  const schema = { schema: JSON.stringify(bill), schemaType: 'AVRO', references }
  await client.register(`${topic}-value`, schema)
  const config = { useLatestVersion: true }
  const value = { total: { cents: 7 } }
  const bytes = await new confluent.AvroSerializer(client, VALUE, config).serialize(topic, value)
  const reader = new confluent.AvroDeserializer(client, VALUE, {})
  assert.deepEqual(JSON.parse(JSON.stringify(await reader.deserialize(topic, bytes))), value)
})

test('a topic owns a subject, which the client finds by the name of the topic', async () => {
  const resourceName = freshName('confluent-owned')
  const resourceId = `id-of-${resourceName}`
  const request = {
    ...{ resourceName, resourceNamespace: 'shop', resourceId, resourceType: 'topic' },
    associations: [{ associationType: 'value', schema: { schema: avro, schemaType: 'AVRO' } }],
  }
  const subject = `:.shop:${resourceName}-value`
  assert.equal((await client.createAssociation(request)).associations[0]?.subject, subject)
  const find = (): ReturnType<Client['getAssociationsByResourceName']> =>
    client.getAssociationsByResourceName(resourceName, '-', 'topic', ['value'], null, 0, -1)
  const [found, ...others] = await find()
  assert.deepEqual([found?.subject, found?.lifecycle], [subject, 'STRONG'])
  assert.deepEqual(others, [])
  assert.deepEqual(await client.getAllVersions(subject), [1])
  await assert.rejects(client.deleteAssociations(resourceId, 'topic', null, false), /40908/)
  await client.deleteAssociations(resourceId, 'topic', null, true)
  assert.deepEqual(await find(), [])
})

test('what one broker registers, every broker tells', async () => {
  const subject = freshName('confluent-brokers')
  const clients = target.registries.map(
    (registry) => new confluent.SchemaRegistryClient({ baseURLs: [`http://${registry}`] }),
  )
  await client.updateCompatibility(subject, 'NONE')
  const ids = await Promise.all(
    clients.map((each, at) => {
      const fields = [{ name: `of_broker_${at}`, type: 'int' }]
      const schema = JSON.stringify({ type: 'record', name: 'R', fields })
      return each.register(subject, { schema, schemaType: 'AVRO' })
    }),
  )
  assert.equal(new Set(ids).size, clients.length)
  for (const each of clients) {
    assert.deepEqual(
      await each.getAllVersions(subject),
      ids.map((_, at) => at + 1),
    )
    for (const [at, id] of ids.entries()) {
      const { schema } = await each.getBySubjectAndId(subject, id)
      assert.match(schema, new RegExp(`of_broker_${at}"`))
    }
  }
})
