/** `karst contract test`: old records of a topic, read with a new contract. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { ReplaySummary } from '../../src/contract/replay/replay-report.ts'
import { openKafkajs } from '../support/clients/kafkajs.ts'
import { framed, guidHeader, type Registered, ReplayWorld } from './replay-world.ts'
import { allShapes, avroShapes, protobufShapes, type Shape, type Shapes } from './shapes.ts'

let world: ReplayWorld
before(async () => {
  world = await ReplayWorld.start()
})
after(() => world.close())

const dayMs = 86_400_000
const startMs = Date.now()

const newest = ({ versions }: Shapes): Shape => versions.at(-1) as Shape

for (const shapes of allShapes) {
  test(`twelve versions of ${shapes.type}, written over twelve days, in one replay`, async () => {
    const topic = await world.freshTopic()
    const registered = await world.register(topic, shapes)
    const { indexes, versions } = shapes
    await world.write(
      topic,
      versions.flatMap(({ payload }, at) => {
        const value = framed(registered[at]!.id, indexes, payload)
        const timestamp = startMs - (12 - at) * dayMs + dayMs / 2
        return [0, 1].map((partition) => ({ value, partition, timestamp }))
      }),
    )
    const shape = { type: shapes.type, schema: newest(shapes).schema }
    const file = await world.contractFile({ topic, encoding: 'registry', shape })
    const all = await world.told(0, file, '--against', topic, '--from-beginning')
    assert.partialDeepStrictEqual(all, { records: 24, ok: 24, failed: 0, tombstones: 0 })
    assert.deepEqual(
      all.writers.map(({ schemaVersion, ok }) => [schemaVersion, ok]),
      versions.map((_, at) => [at + 1, 2]),
    )
    const week = await world.told(0, file, '--against', topic, '--since', '7d')
    assert.deepEqual(
      week.writers.map(({ schemaVersion }) => schemaVersion),
      [6, 7, 8, 9, 10, 11, 12],
    )
  })
}

test('what cannot be decoded is told with its offset; tombstones are counted apart', async () => {
  const topic = await world.freshTopic()
  const registered = await world.register(topic, avroShapes)
  const [first, , third] = registered as [Registered, Registered, Registered]
  const [one, two, three] = avroShapes.versions as [Shape, Shape, Shape]
  const none = Buffer.alloc(0)
  await world.write(topic, [
    { value: framed(first.id, none, one.payload) },
    { value: framed(99_999, none, one.payload) },
    { value: framed(third.id, none, two.payload) },
    { value: null, key: 'deleted' },
    { value: Buffer.from('{"id":"1"}') },
    { value: three.payload, headers: { __value_schema_id: guidHeader(third.guid) } },
    { value: framed(third.id, none, three.payload), partition: 1 },
  ])
  const kafka = openKafkajs(world.broker.bootstrap)
  const producer = kafka.producer({ transactionalId: topic, maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages: [{ partition: 1, value: 'of nobody' }] })
  await transaction.abort()
  await producer.disconnect()
  const shape = { type: 'AVRO', schema: newest(avroShapes).schema }
  const file = await world.contractFile({ topic, encoding: 'registry', shape })
  const found = await world.told(1, file, '--against', topic)
  assert.partialDeepStrictEqual(found, { records: 7, ok: 3, failed: 3, tombstones: 1 })
  assert.deepEqual(found.byRule, { 'schema-id': 1, schema: 1, encoding: 1 })
  assert.deepEqual(
    found.failures.map(({ partition, offset, rule, schemaVersion }) => {
      return [partition, offset, rule, schemaVersion]
    }),
    [
      [0, 1, 'schema-id', null],
      [0, 2, 'schema', 3],
      [0, 4, 'encoding', null],
    ],
  )
  const byVersion = found.writers.map(({ schemaVersion, records }) => [schemaVersion, records])
  assert.deepEqual(byVersion, [
    [1, 1],
    [3, 3],
    [null, 1],
  ])
  const ran = await world.karst(file, '--against', topic, '--max-failures', '1')
  assert.equal(ran.code, 1)
  assert.match(ran.out, /^7 records: 3 ok, 3 failed, 1 tombstones$/m)
  assert.match(ran.out, /^partition 0, offset 1, .*, schema 99999$/m)
  assert.match(ran.out, /^and 2 more: --max-failures tells more of them$/m)
})

test('Protobuf: a header’s GUID brings the message indexes; another message is told', async () => {
  const topic = await world.freshTopic()
  const [first] = await world.register(topic, protobufShapes)
  const { payload } = protobufShapes.versions[0] as Shape
  const header = (...indexes: number[]): Record<string, Buffer> => ({
    __value_schema_id: Buffer.concat([guidHeader(first!.guid), Buffer.from(indexes)]),
  })
  await world.write(topic, [
    { value: payload, headers: header(2, 0) },
    { value: payload, headers: header(2, 18) },
    { value: payload, headers: header(2, 2) },
    { value: framed(first!.id, Buffer.from([0x03]), payload) },
  ])
  const shape = { type: 'PROTOBUF', schema: newest(protobufShapes).schema }
  const file = await world.contractFile({ topic, encoding: 'registry', shape })
  const { ok, failures } = await world.told(1, file, '--against', topic)
  assert.equal(ok, 1)
  assert.match(failures[0]?.message ?? '', /indexes \[9\] lead to no message/)
  assert.match(failures[1]?.message ?? '', /message is shop.Other, and shop.Order is agreed on/)
  assert.match(failures[2]?.message ?? '', /message indexes behind the schema’s id are not/)
})

test('a writer’s schema with references; facts and rules over what is resolved', async () => {
  const topic = await world.freshTopic()
  const consent = { type: 'record', name: 'Consent', fields: [{ name: 'id', type: 'string' }] }
  const fields = [
    { name: 'cents', type: 'int' },
    { name: 'consent', type: 'Consent' },
  ]
  const order = { type: 'record', name: 'Order', fields }
  await world.asked('POST', `/subjects/${topic}-consent/versions`, {
    schema: JSON.stringify(consent),
  })
  const references = [{ name: 'Consent', subject: `${topic}-consent`, version: 1 }]
  const { id } = (await world.asked('POST', `/subjects/${topic}-value/versions`, {
    ...{ schema: JSON.stringify(order), references },
  })) as Registered
  const payload = (cents: number, consentId: string): Buffer =>
    framed(id, Buffer.from([cents * 2, consentId.length * 2]), Buffer.from(consentId))
  await world.write(topic, [
    { value: payload(5, 'c-1') },
    { value: payload(5, '') },
    { value: payload(50, 'c-2') },
  ])
  const wide = [
    { name: 'cents', type: 'long' },
    { name: 'consent', type: consent },
  ]
  const schema = JSON.stringify({ type: 'record', name: 'Order', fields: wide })
  const custom = [
    '{property: ai.facts, value: [{fact: consent, in: value, at: consent.id}]}',
    '{property: ai.rules, value: [{name: cheap, expr: value.cents < 10, message: too dear}]}',
  ]
  const shape = { type: 'AVRO', schema }
  const file = await world.contractFile({ topic, encoding: 'registry', shape, custom })
  const { byRule, ok, failures } = await world.told(1, file, '--against', topic)
  assert.equal(ok, 1, JSON.stringify(failures))
  assert.deepEqual(byRule, { 'fact:consent': 1, 'rule:cheap': 1 })
})

const decisionFacts = [
  '{fact: tenant, in: header, at: ce_tenant}',
  '{fact: consent, in: value, at: consent_id}',
  '{fact: trace, in: key}',
].join(', ')
const decision = {
  properties: [
    '{name: tool, logicalType: string, required: true}',
    '{name: consent_id, logicalType: string}',
  ],
  custom: [`{property: ai.facts, value: [${decisionFacts}]}`],
}
const json = (value: object): Buffer => Buffer.from(JSON.stringify(value))
const counts = ({ facts }: ReplaySummary): unknown[] =>
  facts.map(({ fact, withHeaders, withoutHeaders }) => [fact, withHeaders, withoutHeaders])

test('without headers, facts in value and key are left, those in headers are lost', async () => {
  const topic = await world.freshTopic()
  const file = await world.contractFile({ topic, encoding: 'plain', ...decision })
  const headers = { ce_tenant: 'acme' }
  const good = { value: json({ tool: 'a', consent_id: 'c-1' }), key: 'trace-1', headers }
  await world.write(topic, [good, good])
  assert.equal((await world.told(0, file, '--against', topic)).ok, 2)
  const strips = [file, '--against', topic, '--strip-headers']
  const left = await world.told(0, ...strips)
  assert.deepEqual(counts(left), [
    ['tenant', 2, 0],
    ['consent', 2, 2],
    ['trace', 2, 2],
  ])
  // The consent went where the contract does not place it.
  const moved = { ...headers, consent_id: 'c-2' }
  await world.write(topic, [{ value: json({ tool: 'a' }), key: 'trace-2', headers: moved }])
  const lost = await world.told(1, ...strips)
  assert.partialDeepStrictEqual(lost.failures, [{ offset: 2, rule: 'fact:consent' }])
  assert.match((await world.karst(...strips)).out, /^tenant\theader\tce_tenant\t3\t0\t3$/m)
})

test('CloudEvents without headers: attributes live on in the envelope only', async () => {
  const attributes = { specversion: '1.0', id: '1', source: '/a', type: 't', tenant: 'acme' }
  const data = { tool: 'a', consent_id: 'c-1' }
  const [binary, structured] = [await world.freshTopic(), await world.freshTopic()]
  const type = { 'content-type': 'application/cloudevents+json' }
  const prefixed = Object.entries(attributes).map(([name, text]) => [`ce_${name}`, text] as const)
  const headers = Object.fromEntries(prefixed)
  await world.write(binary, [{ value: json(data), key: 'trace-1', headers }])
  await world.write(structured, [
    { value: json({ ...attributes, data }), key: 'trace-1', headers: type },
  ])
  for (const [topic, left] of [
    [binary, 0],
    [structured, 1],
  ] as const) {
    const file = await world.contractFile({ topic, encoding: 'cloudevents', ...decision })
    assert.equal((await world.told(0, file, '--against', topic)).ok, 1)
    const found = await world.told(0, file, '--against', topic, '--strip-headers')
    assert.deepEqual(counts(found)[0], ['tenant', 1, left])
  }
})

test('an id in a header is lost with it', async () => {
  const topic = await world.freshTopic()
  const [first] = await world.register(topic, avroShapes)
  const { payload } = avroShapes.versions[0] as Shape
  const value = framed(first!.id, Buffer.alloc(0), payload)
  await world.write(topic, [
    { value },
    { value: payload, headers: { __value_schema_id: guidHeader(first!.guid) } },
  ])
  const shape = { type: 'AVRO', schema: newest(avroShapes).schema }
  const custom = ['{property: ai.facts, value: [{fact: consent, in: value, at: consent.id}]}']
  const file = await world.contractFile({ topic, encoding: 'registry', shape, custom })
  const found = await world.told(1, file, '--against', topic, '--strip-headers')
  assert.deepEqual(counts(found), [['consent', 1, 1]])
  assert.partialDeepStrictEqual(found.failures, [{ offset: 1, at: '__value_schema_id' }])
})

test('what is mistyped, missing or unreachable is told as such', async () => {
  const topic = await world.freshTopic()
  const file = await world.contractFile({ topic, encoding: 'plain', ...decision })
  const says = async (code: number, message: RegExp, ...args: string[]): Promise<void> => {
    const ran = await world.karst(...args)
    assert.equal(ran.code, code, ran.err)
    assert.match(ran.err, message)
  }
  await says(2, /needs --against TOPIC/, file)
  await says(2, /one of them/, file, '--against', topic, '--since', '7d', '--from-beginning')
  await says(2, /--since week: must be so many/, file, '--against', topic, '--since', 'week')
  await says(1, /no-such-topic/, file, '--against', 'no-such-topic')
  const empty = await world.karst(file, '--against', topic)
  assert.deepEqual([empty.code, empty.out], [0, '0 records: 0 ok, 0 failed, 0 tombstones\n'])
  const shape = { type: 'AVRO', schema: newest(avroShapes).schema }
  const framedFile = await world.contractFile({ topic, encoding: 'registry', shape })
  await world.write(topic, [{ value: framed(1, Buffer.alloc(0), Buffer.alloc(1)) }])
  const args = [framedFile, '--against', topic, '--registry', '127.0.0.1:1']
  const unreachable = await world.typed(...args)
  assert.equal(unreachable.code, 1)
  assert.match(unreachable.err, /127\.0\.0\.1:1.* does not answer/)
})
