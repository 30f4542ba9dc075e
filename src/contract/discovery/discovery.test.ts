/** What there is, as contracts in a catalog say it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../base/errors.ts'
import { contractWorld } from '../../../test/contract/contract-world.ts'
import { decisions } from '../../../test/contract/decisions.ts'
import { inference } from '../../../test/contract/inference.ts'
import { catalogTest } from '../../../test/log/catalogs.ts'
import type { EventSchema } from '../contract.ts'
import { eventFields, fieldPaths } from './event-fields.ts'
import { XregistryIds } from './xregistry-ids.ts'

/** Of the masked events of `inference`, by another emitter with other habits. */
const masked = `apiVersion: v3.1.0
kind: DataContract
id: ai.masked.acme
version: 1.2.0
status: active
team: {name: analytics}
schema:
  - name: ai.inference.masked
    physicalName: ai.masked.acme
    customProperties: [{property: ai.classification, value: internal}]
    properties:
      - {name: occurred_at, logicalType: timestamp, required: true, classification: internal}
      - {name: actor_id, logicalType: string, classification: internal}
      - {name: traceId, logicalType: string, description: joins, classification: internal}
roles: [{role: analysts, access: read}]
customProperties:
  - {property: ai.enforce, value: {onViolation: warn, encoding: cloudevents}}
  - property: ai.topic
    value: {partitions: 1, key: traceId}
  - property: ai.facts
    value:
      - {fact: trace, in: value, at: traceId}
      - {fact: tenant, in: header, at: ce_tenant, oneOf: [acme]}
      - {fact: occurred-at, in: header, at: ce_time}
      - {fact: consent, in: header, at: x-consent, required: false}
`
const drop = (text: string): string => text.replace('op: encrypt, keyBy: actor_id', 'op: drop')
const third = decisions({ more: ['{name: trace_id, logicalType: string}'] })

catalogTest('contracts are listed with owners, classes, readers and lineage', async (database) => {
  const { discovery, apply } = contractWorld(database)
  await apply(inference)
  await apply(masked)
  const all = await discovery.list()
  assert.deepEqual(
    all.map(({ contractId, revision, owner }) => [contractId, revision, owner]),
    [
      ['ai.masked.acme', 1, 'analytics'],
      ['ai.norm.acme.inference', 1, 'ai-platform'],
    ],
  )
  const [found, ...others] = await discovery.list('ai.norm.acme')
  assert.deepEqual(others, [])
  assert.deepEqual(
    [found?.version, found?.status, found?.approvers],
    ['2.1.0', 'active', ['eval-lead']],
  )
  const [stream] = found?.streams ?? []
  assert.deepEqual(
    [stream?.event, stream?.subject],
    ['ai.inference.completed', 'ai.norm.acme-value'],
  )
  const classes = stream?.fields.map(({ path, classification }) => [path, classification])
  assert.deepEqual(classes?.slice(3), [
    ['actor_id', 'personal'],
    ['input_parts', 'restricted'],
    ['input_parts.text', 'restricted'],
    ['label', 'internal'],
  ])
  assert.deepEqual(stream?.readers, [{ role: 'eval-jobs', access: 'read', delayMsMax: 120_000 }])
  assert.deepEqual(
    stream?.derivedFrom.map(({ from, transform }) => [from, transform]),
    [['ai.raw.acme', 'otel-genai-dev-1.42']],
  )
  assert.deepEqual(
    stream?.derived.map(({ to, isMasking }) => [to, isMasking]),
    [['ai.masked.acme', true]],
  )
  const [target] = await discovery.list('ai.masked.acme')
  assert.deepEqual(
    target?.streams?.[0]?.derivedFrom.map(({ from }) => from),
    ['ai.norm.acme'],
  )
  assert.deepEqual(await discovery.list('nobody'), [])
  await apply(decisions({ onViolation: 'quarantine' }))
  const [aside] = await discovery.list('decisions.quarantine')
  assert.deepEqual([aside?.topics, aside?.quarantines], [['decisions'], ['decisions.quarantine']])
  await apply(masked.replace('version: 1.2.0', 'version: 1.3.0'))
  const [again] = await discovery.list('ai.masked.acme')
  assert.deepEqual([again?.revision, again?.version], [2, '1.3.0'], 'what is kept is of a revision')
})

catalogTest('the same thing under different names', async (database) => {
  const { discovery, apply } = contractWorld(database)
  await apply(inference)
  assert.deepEqual(await discovery.names(), [])
  await apply(masked)
  const tied = await discovery.names()
  assert.deepEqual(
    tied.map(({ kind, what, majority }) => [kind, what, majority]),
    [
      ['fact', 'consent', null],
      ['fact', 'occurred-at', null],
      ['fact', 'trace', null],
      ['property', 'traceid', null],
    ],
  )
  await apply(third)
  const property = (await discovery.names()).find(({ what }) => what === 'traceid')
  assert.deepEqual(property?.majority, {
    ...{ in: 'value', name: 'trace_id' },
    contracts: ['ai.norm.acme.inference', 'ai.sec.decisions'],
  })
  assert.deepEqual(
    property.uses.map(({ name }) => name),
    ['trace_id', 'traceId'],
  )
})

type Json = Record<string, unknown>
const at = (value: unknown, ...path: string[]): unknown =>
  path.reduce<unknown>((each, name) => (each as Json | undefined)?.[name], value)

catalogTest('a document of xRegistry: what it names is in it', async (database) => {
  const { discovery, apply } = contractWorld(database)
  await apply(inference)
  await apply(masked)
  const all = { contractId: undefined, bootstrap: undefined }
  const document = await discovery.xregistry(all)
  assert.equal(at(document, 'specversion'), '1.0-rc4')
  const message = at(document, 'messagegroups', 'ai.masked.acme', 'messages', 'ai.inference.masked')
  assert.deepEqual(
    [at(message, 'envelope'), at(message, 'protocol'), at(message, 'dataschemaformat')],
    ['CloudEvents/1.0', 'KAFKA', 'JsonSchema/draft/2020-12'],
  )
  assert.deepEqual(at(message, 'envelopemetadata', 'type'), {
    ...{ type: 'string', value: 'ai.inference.masked', required: true },
  })
  assert.deepEqual(at(message, 'envelopemetadata', 'tenant', 'value'), 'acme')
  assert.deepEqual(at(message, 'envelopemetadata', 'time', 'type'), 'timestamp')
  assert.deepEqual(at(message, 'protocoloptions'), {
    topic: 'ai.masked.acme',
    key: '{traceId}',
    headers: { 'x-consent': { name: 'x-consent', required: false, description: 'consent' } },
  })
  const plain = at(document, 'messagegroups', 'ai.norm.acme.inference')
  assert.deepEqual([at(plain, 'envelope'), at(plain, 'protocol')], [undefined, 'KAFKA'])
  for (const name of ['ai.masked.acme', 'ai.norm.acme.inference']) {
    const group = at(document, 'messagegroups', name)
    for (const each of Object.values(at(group, 'messages') as Json)) {
      // Of one group all messages have the envelope and the protocol of the group.
      assert.equal(at(each, 'envelope'), at(group, 'envelope'))
      assert.equal(at(each, 'protocol'), at(group, 'protocol'))
      const uri = at(each, 'dataschemauri') as string
      const version = at(document, ...uri.split('/').slice(1))
      assert.equal(at(version, 'format'), at(each, 'dataschemaformat'), uri)
      assert.equal(typeof at(version, 'schema'), 'object')
    }
  }
  for (const [id, endpoint] of Object.entries(at(document, 'endpoints') as Json)) {
    const [usage] = at(endpoint, 'usage') as string[]
    assert.ok(id.endsWith(`:${usage}`), id)
    assert.deepEqual(at(endpoint, 'protocoloptions', 'endpoints'), [
      { 'bootstrap.servers': ['karst.test:9092'] },
    ])
    for (const uri of at(endpoint, 'messagegroups') as string[]) {
      assert.ok(at(document, ...uri.split('/').slice(1)) !== undefined, uri)
    }
  }
  const one = await discovery.xregistry({ contractId: 'ai.masked.acme', bootstrap: 'other:1' })
  assert.deepEqual(Object.keys(at(one, 'messagegroups') as Json), ['ai.masked.acme'])
  assert.deepEqual(Object.keys(at(one, 'schemagroups', 'default', 'schemas') as Json), [
    'ai.masked.acme-value',
  ])
  await assert.rejects(discovery.xregistry({ ...all, contractId: 'no' }), (error) =>
    isFailure(error, 'not-found'),
  )
})

catalogTest('dataset events of OpenLineage: owners, classes, lineage', async (database) => {
  const { discovery, apply } = contractWorld(database)
  await apply(drop(inference))
  await apply(masked)
  const all = { contractId: undefined, bootstrap: undefined }
  const events = await discovery.openLineage(all)
  for (const event of events) {
    assert.match(at(event, 'eventTime') as string, /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
    assert.match(at(event, 'schemaURL') as string, /OpenLineage\.json#\/\$defs\/DatasetEvent$/)
    assert.equal(at(event, 'dataset', 'namespace'), 'kafka://karst.test:9092')
    for (const facet of Object.values(at(event, 'dataset', 'facets') as Json)) {
      assert.equal(at(facet, '_producer'), at(event, 'producer'))
      assert.match(at(facet, '_schemaURL') as string, /^https:\/\/openlineage\.io\/spec\/facets\//)
    }
  }
  const [target, source] = events.map((event) => at(event, 'dataset', 'facets'))
  assert.deepEqual(
    (at(source, 'ownership', 'owners') as Json[]).map(({ name }) => name),
    ['team:ai-platform', 'eval-lead'],
  )
  assert.equal(at(source, 'version', 'datasetVersion'), '2.1.0')
  const tags = at(source, 'tags', 'tags') as Json[]
  assert.deepEqual(tags.find(({ field }) => field === 'input_parts.text')?.['value'], 'restricted')
  assert.deepEqual(at(source, 'lineage', 'inputs', '0', 'name'), 'ai.raw.acme')
  const masks = at(target, 'columnLineage', 'fields') as Json
  assert.deepEqual(Object.keys(masks), ['occurred_at', 'actor_id'])
  const step = (field: string): unknown =>
    at(masks, field, 'inputFields', '0', 'transformations', '0')
  assert.deepEqual(
    [at(step('actor_id'), 'masking'), at(step('actor_id'), 'description')],
    [true, 'hmac'],
  )
  assert.equal(at(step('occurred_at'), 'masking'), false)
  const few = await discovery.openLineage({ contractId: 'ai.masked.acme', bootstrap: 'b:1' })
  assert.deepEqual(
    few.map((each) => at(each, 'dataset', 'namespace')),
    ['kafka://b:1'],
  )
})

const pathsOf = (type: 'AVRO' | 'JSON' | 'PROTOBUF', text: string): string[] => {
  const source = { type, file: 'x' }
  const event: EventSchema = {
    ...{ name: 'e', topic: 't', properties: [], source, classification: undefined },
    keySource: undefined,
  }
  return fieldPaths(eventFields(event, text)).map(({ path, field }) => {
    const { type, required, classification: tag } = field
    return `${path} ${type}${required ? '!' : ''} ${tag ?? ''}`.trim()
  })
}

test('fields of a schema that stands in a file, in each language', () => {
  const record = { type: 'record', name: 'P', fields: [{ name: 'text', type: 'string' }] }
  const avro = {
    type: 'record',
    name: 'E',
    fields: [
      { name: 'id', type: 'string', 'confluent:tags': ['personal'] },
      { name: 'at', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'parts', type: ['null', { type: 'array', items: record }] },
    ],
  }
  assert.deepEqual(pathsOf('AVRO', JSON.stringify(avro)), [
    ...['id string! personal', 'at timestamp-millis!', 'parts array', 'parts.text string!'],
  ])
  const json = {
    type: 'object',
    required: ['id'],
    properties: {
      id: { type: 'string', 'confluent:tags': ['personal'] },
      parts: { type: ['array', 'null'], items: { properties: { text: {} } } },
    },
  }
  assert.deepEqual(pathsOf('JSON', JSON.stringify(json)), [
    ...['id string! personal', 'parts array', 'parts.text any'],
  ])
  const proto = `syntax = "proto3";
message E {
  string id = 1 [(confluent.field_meta).tags = "personal"];
  repeated Part parts = 2;
  message Part { string text = 1; E back = 2; }
}`
  const paths = pathsOf('PROTOBUF', proto)
  assert.deepEqual(paths.slice(0, 3), [
    'id string personal',
    'parts list of Part',
    'parts.text string',
  ])
  assert.ok(paths.length <= 2_000, 'what refers to itself ends')
  for (const type of ['AVRO', 'JSON', 'PROTOBUF'] as const) assert.deepEqual(pathsOf(type, '{'), [])
})

test('every name has an id of its own that xRegistry takes', () => {
  const ids = new XregistryIds()
  const long = 'x'.repeat(300)
  const names = ['a.b', 'A.B', 'a b', 'a_b', '.a', '', long, `${long}y`, 'ä']
  const given = names.map((name) => ids.of(name))
  for (const id of given) assert.match(id, /^[A-Za-z0-9_][A-Za-z0-9._~:@-]{0,127}$/)
  assert.equal(new Set(given.map((id) => id.toLowerCase())).size, names.length)
  assert.equal(given[0], 'a.b')
  assert.deepEqual(
    names.map((name) => ids.of(name)),
    given,
  )
})
