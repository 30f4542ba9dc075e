/**
 * What clients send by mistake or malice: refused with a code that they know, and nothing is
 * written.
 */
import assert from 'node:assert/strict'
import { type Asking, registryTest } from '../../../test/support/registry-asking.ts'
import { registryVersions } from '../../catalog/schema-registry.ts'
import { registryHttpLimits } from './http-limits.ts'

const record = (name: string, ...fields: readonly object[]): string =>
  JSON.stringify({ type: 'record', name, fields })
const path = '/subjects/bad/versions'

/** Nothing is there after all that was refused. */
const isEmpty = async ({ ok }: Asking): Promise<void> => {
  assert.deepEqual(await ok('GET', '/subjects?deleted=true'), [])
}

registryTest('a schema of ten megabytes is refused by its size', async (asking) => {
  const { ask, refused } = asking
  const schema = 'x'.repeat(10 * 1_048_576)
  const answer = await ask('POST', path, { schema }).catch((error: unknown) => error)
  // Who still writes when the connection ends may not see the answer.
  if (!(answer instanceof Error)) assert.equal((answer as { status: number }).status, 413)
  assert.equal(await refused('POST', path, { schema: 'x'.repeat(2 * 1_048_576) }), 42209)
  await isEmpty(asking)
})

registryTest(
  'references: too many, of no subject, to itself, in too long a chain',
  async (asking) => {
    const { ok, refused } = asking
    const many = Array.from({ length: 10_000 }, (_, at) => ({
      ...{ name: `R${at}`, subject: `s${at}`, version: -1 },
    }))
    assert.equal(await refused('POST', path, { schema: '"string"', references: many }), 42201)
    const same = many.map(() => ({ name: 'R', subject: 's', version: 1 }))
    assert.equal(await refused('POST', path, { schema: '"string"', references: same }), 42201)
    for (const subject of ['', 'a\u0000', '\ud800', 'x'.repeat(2_000)]) {
      const references = [{ name: 'R', subject, version: 1 }]
      assert.equal(await refused('POST', path, { schema: '"string"', references }), 42208)
    }
    const schema = record('A', { name: 'b', type: 'B' })
    const self = [{ name: 'B', subject: 'bad', version: 1 }]
    assert.equal(await refused('POST', path, { schema, references: self }), 42201)
    await isEmpty(asking)

    const link = (at: number): Promise<unknown> => {
      const fields = at === 0 ? [] : [{ name: 'n', type: `C${at - 1}` }]
      const references = at === 0 ? [] : [{ name: `C${at - 1}`, subject: `c${at - 1}`, version: 1 }]
      return ok('POST', `/subjects/c${at}/versions`, {
        schema: record(`C${at}`, ...fields),
        references,
      })
    }
    for (let at = 0; at <= 31; at++) await link(at)
    const references = [{ name: 'C31', subject: 'c31', version: 1 }]
    const last = { schema: record('Last', { name: 'n', type: 'C31' }), references }
    assert.equal(await refused('POST', path, last), 42201)
  },
)

registryTest(
  'schemas that are imported in a circle refer to nothing that is there',
  async (asking) => {
    const { ok, refused } = asking
    await ok('PUT', '/mode', { mode: 'IMPORT' })
    const schema = record('A', { name: 'b', type: ['null', 'B'] })
    const body = { schema, id: 1, version: 1 }
    for (const [subject, other] of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const references = [{ name: 'B', subject: other, version: 1 }]
      const code = await refused('POST', `/subjects/${subject}/versions`, { ...body, references })
      assert.equal(code, 42201)
    }
    assert.equal(await refused('POST', path, { schema: '"int"', id: 2 ** 31, version: 1 }), 422)
    assert.equal(await refused('POST', path, { schema: '"int"', id: 1, version: 2 ** 31 }), 42202)
    await isEmpty(asking)
  },
)

registryTest('what nests too deep or leads nowhere but to itself is a verdict', async (asking) => {
  const { ok, refused } = asking
  const deep = (open: string, close: string): string => open.repeat(5_000) + close.repeat(5_000)
  const avro = `{"type":"array","items":`.repeat(5_000) + '"int"' + '}'.repeat(5_000)
  assert.equal(await refused('POST', path, { schema: avro }), 42201)
  const json = { schemaType: 'JSON', schema: deep('{"not":', '}').replace('}', '{}}') }
  assert.equal(await refused('POST', path, json), 42201)
  const proto = 'syntax = "proto3";' + 'message A {'.repeat(5_000) + '}'.repeat(5_000)
  assert.equal(await refused('POST', path, { schemaType: 'PROTOBUF', schema: proto }), 42201)
  assert.equal(await refused('POST', path, '['.repeat(1_000_000)), 400)
  assert.equal(await refused('POST', path, '[' + '[],'.repeat(1_000_000) + '[]]'), 422)
  await isEmpty(asking)

  const chain = (length: number, last: object): string =>
    JSON.stringify({
      $ref: '#/definitions/d0',
      definitions: Object.fromEntries(
        Array.from({ length }, (_, at) => [
          `d${at}`,
          at === length - 1 ? last : { $ref: `#/definitions/d${at + 1}` },
        ]),
      ),
    })
  const loops = [
    ['{"$ref":"#"}', '{"anyOf":[{"$ref":"#"}]}'],
    [chain(10_000, { type: 'string' }), chain(10_000, { type: 'null' })],
    [chain(300, { $ref: '#/definitions/d0' }), chain(300, { allOf: [{ $ref: '#' }] })],
  ]
  for (const [at, [first, second]] of loops.entries()) {
    const to = `/subjects/loop${at}/versions`
    await ok('POST', to, { schemaType: 'JSON', schema: first })
    await ok('POST', `/compatibility${to}?verbose=true`, { schemaType: 'JSON', schema: second })
  }
})

registryTest('bodies that are no JSON, or of another type', async (asking) => {
  const { url, refused } = asking
  for (const body of ['', '{', 'schema=1', '\u0000', '{"schema":"\\x"}']) {
    const code = body === '' ? 422 : 400
    assert.equal(await refused('POST', path, body), code, body)
  }
  for (const body of ['null', '[]', '7', '"text"', '{"schema":7}', '{"schema":{}}']) {
    assert.equal(await refused('POST', path, body), 422, body)
  }
  for (const type of ['text/plain', 'application/xml', 'application/x-protobuf', 'x']) {
    const headers = { 'content-type': type }
    const sent = { method: 'POST', headers, body: JSON.stringify({ schema: '"int"' }) }
    const { status } = await fetch(`${url}${path}`, sent)
    assert.equal(status, 415, type)
  }
  const latin = Buffer.from('{"schema":"\xff"}', 'latin1')
  const headers = { 'content-type': 'application/json' }
  const { status } = await fetch(`${url}${path}`, { method: 'POST', headers, body: latin })
  assert.equal(status, 422)
  await isEmpty(asking)
})

registryTest('names with slashes, spaces and letters of the world', async (asking) => {
  const { ok, refused } = asking
  const names = ['a/b', 'a b', 'ü', '注文-value', '🦀', 'a%2Fb', 'a?b#c', '__proto__', '..', ':a']
  for (const [at, name] of names.entries()) {
    const to = `/subjects/${encodeURIComponent(name).replaceAll('.', '%2E')}`
    // Clients resolve dots in paths before they send them, encoded or not.
    if (name === '..') continue
    await ok('POST', `${to}/versions`, { schema: record(`R${at}`) })
    const told = (await ok('GET', `${to}/versions/1`)) as { subject: string }
    assert.equal(told.subject, name)
    await ok('PUT', `/config/${encodeURIComponent(name)}`, { compatibility: 'NONE' })
  }
  const listed = (await ok('GET', '/subjects')) as string[]
  assert.deepEqual(new Set(listed), new Set(names.filter((name) => name !== '..')))
  for (const name of ['%00', 'a%0Ab', '%C2%85', 'x'.repeat(2_000)]) {
    assert.equal(await refused('POST', `/subjects/${name}/versions`, { schema: '"int"' }), 42208)
  }
  for (const name of ['%', '%C3', '%ff']) {
    assert.equal(await refused('GET', `/subjects/${name}/versions`), 400)
  }
  for (const alias of ['\u0000', 'a\nb', 'x'.repeat(2_000)]) {
    assert.equal(await refused('PUT', '/config/a', { alias }), 42208)
  }
})

registryTest('thousands of versions are told by pages', async ({ ok, refused, database }) => {
  await ok('POST', '/subjects/many/versions', { schema: '"int"' })
  const count = 2_500
  await database.transaction('many versions', async (tx) => {
    const rows = Array.from({ length: count - 1 }, (_, at) => ({
      ...{ context: '.', subject: 'many', version: at + 2, schemaId: 1 },
      ...{ deleted: 0, registeredMs: 1 },
    }))
    for (let at = 0; at < rows.length; at += 500) {
      await tx.put(registryVersions, rows.slice(at, at + 500))
    }
  })
  const to = '/subjects/many/versions'
  assert.equal(((await ok('GET', to)) as number[]).length, count)
  assert.deepEqual(await ok('GET', `${to}?offset=2498`), [2_499, 2_500])
  assert.deepEqual(await ok('GET', `${to}?offset=1000&limit=2`), [1_001, 1_002])
  assert.deepEqual(await ok('GET', `${to}?offset=9999999999`), [])
  assert.deepEqual(await ok('GET', `${to}?offset=-5&limit=1`), [1])
  assert.deepEqual(await ok('GET', `${to}?limit=0`), [])
  for (const query of ['offset=1.5', 'offset=x', 'limit=99999999999', 'limit=']) {
    assert.equal(await refused('GET', `${to}?${query}`), 422, query)
  }
  assert.equal(((await ok('GET', `${to}/latest`)) as { version: number }).version, count)
})

registryTest(
  'a head that drips is not waited for',
  async ({ url, ok }) => {
    const { hostname: host, port } = new URL(url)
    const { connect } = await import('node:net')
    const socket = connect({ host, port: Number(port) })
    const { promise, resolve } = Promise.withResolvers<string>()
    let said = ''
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => (said += chunk.toString()))
    socket.on('close', () => resolve(said))
    socket.write('POST /subjects/a/versions HTTP/1.1\r\nhost: a\r\nx-slow: ')
    assert.match(await promise, /^HTTP\/1.1 408 /)
    assert.deepEqual(await ok('GET', '/subjects'), [])
  },
  { limits: { ...registryHttpLimits, headersTimeoutMs: 50 } },
)
