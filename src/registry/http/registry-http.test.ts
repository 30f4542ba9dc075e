/** The registry as its clients use it: over HTTP, with the codes and shapes that they know. */
import assert from 'node:assert/strict'
import { registryTest } from '../../../test/support/registry-asking.ts'

const record = (...fields: readonly object[]): string =>
  JSON.stringify({ type: 'record', name: 'Order', fields })
const id = { name: 'id', type: 'string' }
const note = { name: 'note', type: 'string' }
const optionalNote = { ...note, default: '' }

const idOf = (answer: unknown): number => (answer as { id: number }).id

registryTest(
  'a schema has one id wherever it is registered, and versions count by subject',
  async ({ ok }) => {
    const first = await ok('POST', '/subjects/one-value/versions', { schema: record(id) })
    const again = await ok('POST', '/subjects/one-value/versions', { schema: ` ${record(id)} ` })
    assert.deepEqual(again, first)
    const other = await ok('POST', '/subjects/other-value/versions', { schema: record(id) })
    assert.equal(idOf(other), idOf(first))
    const second = await ok('POST', '/subjects/one-value/versions', {
      schema: record(id, optionalNote),
    })
    assert.equal((second as { version: number }).version, 2)
    assert.notEqual(idOf(second), idOf(first))
    assert.deepEqual(await ok('GET', '/subjects/one-value/versions'), [1, 2])
    const latest = (await ok('GET', '/subjects/one-value/versions/latest')) as object
    assert.deepEqual(await ok('GET', '/subjects/one-value/versions/-1'), latest)
    assert.ok(!('schemaType' in latest), 'Avro goes without saying')
    const byId = (await ok('GET', `/schemas/ids/${idOf(first)}`)) as {
      schema: string
      guid: string
    }
    assert.deepEqual(JSON.parse(byId.schema), JSON.parse(record(id)))
    assert.deepEqual(await ok('GET', `/schemas/guids/${byId.guid}`), byId)
    assert.deepEqual(await ok('GET', `/schemas/guids/${byId.guid}/ids`), [
      { context: '.', id: idOf(first) },
    ])
    assert.deepEqual(await ok('GET', `/schemas/ids/${idOf(first)}/versions`), [
      { subject: 'one-value', version: 1 },
      { subject: 'other-value', version: 1 },
    ])
    const found = await ok('POST', '/subjects/one-value', { schema: record(id) })
    assert.equal((found as { version: number }).version, 1)
  },
)

registryTest('what breaks readers is refused, and says so', async ({ ask, ok, refused }) => {
  await ok('POST', '/subjects/strict/versions', { schema: record(id) })
  const breaking = { schema: record(id, note) }
  const answer = await ask('POST', '/subjects/strict/versions', breaking)
  assert.equal(answer.status, 409)
  const { message } = answer.body as { message: string }
  assert.match(message, /incompatible with an earlier schema for subject "strict"/)
  assert.match(message, /READER_FIELD_MISSING_DEFAULT_VALUE/)
  const path = '/compatibility/subjects/strict/versions'
  const verbose = (await ok('POST', `${path}/latest?verbose=true`, breaking)) as {
    is_compatible: boolean
    messages: string[]
  }
  assert.equal(verbose.is_compatible, false)
  assert.match(verbose.messages.join('\n'), /note/)
  assert.deepEqual(await ok('POST', path, { schema: record(id, optionalNote) }), {
    is_compatible: true,
  })
  assert.deepEqual(await ok('PUT', '/config/strict', { compatibility: 'none' }), {
    compatibility: 'NONE',
  })
  assert.deepEqual(await ok('GET', '/config/strict'), { compatibilityLevel: 'NONE' })
  await ok('POST', '/subjects/strict/versions', breaking)
  assert.deepEqual(await ok('DELETE', '/config/strict'), { compatibilityLevel: 'NONE' })
  assert.equal(await refused('GET', '/config/strict'), 40408)
  assert.deepEqual(await ok('GET', '/config/strict?defaultToGlobal=true'), {
    compatibilityLevel: 'BACKWARD',
  })
})

registryTest(
  'deleted in two steps; versions and ids do not come again',
  async ({ ok, refused }) => {
    const schemas = [record(id), record(id, optionalNote)]
    for (const schema of schemas) await ok('POST', '/subjects/gone/versions', { schema })
    assert.equal(await refused('DELETE', '/subjects/gone?permanent=true'), 40405)
    assert.equal(await ok('DELETE', '/subjects/gone/versions/1'), 1)
    assert.equal(await refused('DELETE', '/subjects/gone/versions/1'), 40406)
    assert.equal(await refused('GET', '/subjects/gone/versions/1'), 40402)
    assert.equal(idOf(await ok('GET', '/subjects/gone/versions/1?deleted=true')) > 0, true)
    assert.equal(await refused('DELETE', '/subjects/gone/versions/2?permanent=true'), 40407)
    const again = await ok('POST', '/subjects/gone/versions', { schema: schemas[0] })
    assert.equal((again as { version: number }).version, 3)
    assert.deepEqual(await ok('DELETE', '/subjects/gone'), [2, 3])
    assert.equal(await refused('DELETE', '/subjects/gone'), 40404)
    assert.equal(await refused('GET', '/subjects/gone/versions'), 40401)
    assert.ok(!((await ok('GET', '/subjects')) as string[]).includes('gone'))
    assert.deepEqual(await ok('GET', '/subjects?deletedOnly=true&subjectPrefix=go'), ['gone'])
    assert.deepEqual(await ok('DELETE', '/subjects/gone?permanent=true'), [1, 2, 3])
    assert.equal(await refused('DELETE', '/subjects/gone'), 40401)
    const only = await ok('POST', '/subjects/only/versions', {
      schema: record(id, { ...note, default: 'x' }),
    })
    await ok('DELETE', '/subjects/only')
    await ok('DELETE', '/subjects/only?permanent=true')
    assert.equal(await refused('GET', `/schemas/ids/${idOf(only)}`), 40403)
    const next = await ok('POST', '/subjects/only/versions', {
      schema: record({ ...note, default: 'y' }),
    })
    assert.ok(idOf(next) > idOf(only))
  },
)

registryTest(
  'references are part of a schema, and hold what they refer to',
  async ({ ok, refused }) => {
    const money = JSON.stringify({
      type: 'record',
      name: 'Money',
      fields: [{ name: 'cents', type: 'long' }],
    })
    await ok('POST', '/subjects/money/versions', { schema: money })
    const schema = record({ name: 'total', type: 'Money' })
    assert.equal(await refused('POST', '/subjects/bill/versions', { schema }), 42201)
    const references = [{ name: 'Money', subject: 'money', version: 1 }]
    const bill = await ok('POST', '/subjects/bill/versions', { schema, references })
    assert.deepEqual(await ok('GET', '/subjects/money/versions/1/referencedby'), [idOf(bill)])
    assert.equal(await refused('DELETE', '/subjects/money/versions/1'), 42206)
    assert.equal(await refused('DELETE', '/subjects/money'), 42206)
    const missing = [{ name: 'Money', subject: 'nowhere', version: 1 }]
    assert.equal(
      await refused('POST', '/subjects/bill/versions', { schema, references: missing }),
      42201,
    )
    await ok('DELETE', '/subjects/bill')
    assert.equal(await ok('DELETE', '/subjects/money/versions/latest'), 1)
  },
)

registryTest('contexts have ids of their own', async ({ ok, refused }) => {
  const schema = record({ name: 'region', type: 'string' })
  const path = '/subjects/%3A.eu%3Aorders/versions'
  const inEu = await ok('POST', path, { schema })
  assert.equal(idOf(inEu), 1)
  assert.deepEqual(await ok('GET', '/contexts'), ['.', '.eu'])
  assert.deepEqual(await ok('GET', '/contexts/.eu/subjects'), [':.eu:orders'])
  assert.deepEqual(await ok('GET', '/contexts/.eu/subjects/orders/versions'), [1])
  assert.ok(((await ok('GET', '/subjects')) as string[]).includes(':.eu:orders'))
  const byId = (await ok('GET', '/contexts/.eu/schemas/ids/1')) as { schema: string }
  assert.match(byId.schema, /region/)
  await ok('PUT', '/config/%3A.eu%3A', { compatibility: 'FULL' })
  assert.deepEqual(await ok('GET', '/config/%3A.eu%3Aorders?defaultToGlobal=true'), {
    compatibilityLevel: 'FULL',
  })
  assert.equal(await refused('DELETE', '/contexts/.eu'), 42211)
})

registryTest('a schema refers to one of another context', async ({ ok, refused }) => {
  const money = { type: 'record', name: 'Money', fields: [{ name: 'cents', type: 'long' }] }
  await ok('POST', '/subjects/money/versions', { schema: JSON.stringify(money) })
  const references = [{ name: 'Money', subject: ':.:money', version: 1 }]
  const body = { schema: record({ name: 'total', type: 'Money' }), references }
  for (const context of ['.eu', '.us']) {
    const path = `/contexts/${context}/subjects/bill/versions`
    assert.equal(idOf(await ok('POST', path, body)), 1)
    assert.equal(await refused('DELETE', '/subjects/money/versions/1'), 42206)
    await ok('DELETE', `/contexts/${context}/subjects/bill`)
    await ok('DELETE', `/contexts/${context}/subjects/bill?permanent=true`)
  }
  await ok('DELETE', '/subjects/money/versions/1')
})

registryTest('modes: read-only, and schemas that keep their id', async ({ ok, refused }) => {
  await ok('PUT', '/mode/kept', { mode: 'IMPORT' })
  const schema = record({ name: 'imported', type: 'string' })
  assert.equal(await refused('POST', '/subjects/kept/versions', { schema }), 42205)
  const kept = await ok('POST', '/subjects/kept/versions', { schema, id: 5_000, version: 7 })
  assert.equal(idOf(kept), 5_000)
  assert.deepEqual(await ok('GET', '/subjects/kept/versions'), [7])
  const other = record({ name: 'other', type: 'string' })
  const taken = { schema: other, id: 5_000, version: 8 }
  assert.equal(await refused('POST', '/subjects/kept/versions', taken), 42205)
  await ok('PUT', '/mode/kept', { mode: 'READONLY' })
  assert.equal(await refused('POST', '/subjects/kept/versions', { schema: other }), 42205)
  assert.equal(await refused('PUT', '/mode/kept', { mode: 'IMPORT' }), 42205)
  assert.deepEqual(await ok('DELETE', '/mode/kept'), { mode: 'READONLY' })
  assert.deepEqual(await ok('GET', '/mode'), { mode: 'READWRITE' })
  const next = await ok('POST', '/subjects/kept/versions', {
    schema: record({ ...note, default: 'z' }),
  })
  assert.ok(idOf(next) > 5_000, 'ids go on behind what was imported')
})

registryTest(
  'metadata and rules come back, are found by, and stay with the next version',
  async ({ ok, refused }) => {
    const metadata = { properties: { owner: 'billing' }, tags: { 'Order.id': ['PII'] } }
    const ruleSet = {
      domainRules: [{ name: 'long', kind: 'CONDITION', type: 'CEL', expr: 'true' }],
    }
    const body = { schema: record(id), metadata, ruleSet }
    await ok('POST', '/subjects/ruled/versions', body)
    await ok('POST', '/subjects/ruled/versions', { schema: record(id, optionalNote) })
    const second = (await ok('GET', '/subjects/ruled/versions/2')) as Record<string, unknown>
    assert.deepEqual(second['metadata'], metadata)
    assert.deepEqual(second['ruleSet'], ruleSet)
    const path = '/subjects/ruled/metadata?key=owner&value='
    assert.deepEqual(await ok('GET', `${path}billing`), second)
    assert.equal(await refused('GET', `${path}nobody`), 40402)
  },
)

registryTest('a Protobuf schema is told in the notation it was sent in', async ({ ok }) => {
  const text = 'syntax = "proto3";\nmessage A {\n  string b = 1;\n}\n'
  const body = { schemaType: 'PROTOBUF', schema: text }
  const path = '/subjects/proto/versions'
  const textOf = (answer: unknown): string => (answer as { schema: string }).schema
  assert.match(textOf(await ok('POST', path, body)), /message A/)
  const descriptor = textOf(await ok('GET', `${path}/1?format=serialized`))
  assert.match(descriptor, /^[A-Za-z0-9+/]+=*$/)
  const serialized = { schemaType: 'PROTOBUF', schema: descriptor }
  const again = (await ok('POST', path, serialized)) as { version: number }
  assert.equal(again.version, 1)
  assert.equal(textOf(again), descriptor)
  assert.equal(textOf(await ok('POST', '/subjects/proto', serialized)), descriptor)
  assert.match(textOf(await ok('GET', `${path}/1`)), /message A/)
})

registryTest('bad input is told what is wrong', async ({ refused }) => {
  const path = '/subjects/bad/versions'
  assert.equal(await refused('POST', path, { schema: '{"type":"nothing"}' }), 42201)
  assert.equal(await refused('POST', path, {}), 42201)
  assert.equal(await refused('POST', path, '{"schema":'), 400)
  assert.equal(await refused('POST', path, { schema: record(id), references: [{ name: 1 }] }), 422)
  assert.equal(await refused('POST', path, { schema: record(id), schemaType: 'XML' }), 422)
  assert.equal(await refused('POST', '/subjects/%01/versions', { schema: record(id) }), 42208)
  assert.equal(await refused('GET', '/subjects/one-value/versions/0'), 42202)
  assert.equal(await refused('GET', '/subjects/one-value/versions/abc'), 42202)
  assert.equal(await refused('PUT', '/config', { compatibility: 'SOMEHOW' }), 42203)
  assert.equal(await refused('PUT', '/mode', { mode: 'ASLEEP' }), 42204)
  assert.equal(await refused('GET', '/nothing'), 404)
  assert.equal(await refused('PUT', '/subjects'), 405)
  assert.equal(await refused('GET', '/subjects/%zz/versions'), 400)
  assert.equal(await refused('GET', '/subjects?deleted=perhaps'), 422)
  assert.equal(await refused('POST', path, { schema: 'x'.repeat(1_100_000) }), 42209)
})

registryTest(
  'of many registrations at once each gets a version, and equal ones the same',
  async ({ ok }) => {
    await ok('PUT', '/config/busy', { compatibility: 'NONE' })
    const schemas = Array.from({ length: 12 }, (_, at) =>
      record({ name: `f${at % 6}`, type: 'int' }),
    )
    const answers = await Promise.all(
      schemas.map((schema) => ok('POST', '/subjects/busy/versions', { schema })),
    )
    const versions = answers.map((answer) => (answer as { version: number }).version)
    assert.deepEqual(versions.slice(0, 6), versions.slice(6))
    assert.deepEqual(new Set(versions), new Set([1, 2, 3, 4, 5, 6]))
    assert.equal(new Set(answers.map(idOf)).size, 6)
  },
)

registryTest('the media type is the one that was asked for', async ({ ok, url }) => {
  const typeFor = async (accept: string): Promise<string | null> => {
    const response = await fetch(`${url}/subjects`, { headers: { accept } })
    await response.body?.cancel()
    return response.headers.get('content-type')
  }
  assert.equal(await typeFor('*/*'), 'application/vnd.schemaregistry.v1+json')
  assert.equal(await typeFor('application/json'), 'application/json')
  const scope = (await ok('GET', '/v1/metadata/id')) as { scope: { clusters: object } }
  assert.deepEqual(Object.values(scope.scope.clusters), ['cluster-1', 'cluster-1'])
})
