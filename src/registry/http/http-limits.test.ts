/** What clients that are slow, large or many get. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { registryTest } from '../../../test/support/registry-asking.ts'
import { systemClock } from '../../base/system-clock.ts'
import type { ReadTransaction } from '../../catalog/database.ts'
import { openMemoryDatabase } from '../../catalog/memory-database.ts'
import { Registry } from '../registry.ts'
import { schemaFormats } from '../schema/schema-formats.ts'
import { registryHttpLimits as limits } from './http-limits.ts'

/** What a server says to what is written, until it ends the connection or `enough` matches. */
async function converse(url: string, text: string, enough = /$^/): Promise<string> {
  const { hostname: host, port } = new URL(url)
  const socket = connect({ host, port: Number(port) })
  socket.on('error', () => undefined)
  socket.write(text)
  let said = ''
  socket.on('data', (chunk) => {
    said += chunk.toString()
    if (enough.test(said)) socket.destroy()
  })
  await once(socket, 'close')
  return said
}

const head = (more: string): string => {
  const lines = ['POST /subjects/a/versions HTTP/1.1', 'host: a', 'content-type: application/json']
  return `${[...lines, more].join('\r\n')}\r\n\r\n`
}

registryTest('a body that is announced as too large is refused unread', async ({ url }) => {
  const large = `content-length: ${limits.bodyBytesMax + 1}`
  assert.match(await converse(url, head(large)), /^HTTP\/1.1 413 /)
  const patient = await converse(url, head(`${large}\r\nexpect: 100-continue`))
  assert.match(patient, /^HTTP\/1.1 413 /)
  const small = await converse(url, head('content-length: 2\r\nexpect: 100-continue'), /100 Con/)
  assert.match(small, /^HTTP\/1.1 100 /)
})

registryTest(
  'a body that turns out too large is refused',
  async ({ url }) => {
    const chunks = `40\r\n${'x'.repeat(64)}\r\n`.repeat(3)
    const said = await converse(url, head('transfer-encoding: chunked') + chunks)
    assert.match(said, /^HTTP\/1.1 413 /)
    assert.match(said, /"error_code":413/)
  },
  { limits: { ...limits, bodyBytesMax: 100, lingerMs: 50 } },
)

registryTest(
  'a body that drips is not waited for',
  async ({ url, ok }) => {
    const said = await converse(url, `${head('content-length: 50')}{"sch`)
    assert.match(said, /^HTTP\/1.1 408 /)
    assert.deepEqual(await ok('GET', '/subjects'), [])
  },
  { limits: { ...limits, bodyTimeoutMs: 100, lingerMs: 50 } },
)

registryTest(
  'bodies that are held at once have a limit together',
  async ({ url, ok }) => {
    const { hostname: host, port } = new URL(url)
    const waiting = connect({ host, port: Number(port) })
    waiting.on('error', () => undefined)
    waiting.write(`${head('content-length: 150')}${' '.repeat(100)}`)
    const body = ' '.repeat(60)
    const said = async (): Promise<string> =>
      converse(url, head('content-length: 60') + body, /\}$/)
    while (!/^HTTP\/1.1 429 /.test(await said())) await new Promise((done) => setTimeout(done, 5))
    waiting.destroy()
    while (!/^HTTP\/1.1 400 /.test(await said())) await new Promise((done) => setTimeout(done, 5))
    assert.deepEqual(await ok('GET', '/subjects'), [])
  },
  { limits: { ...limits, bodiesBytesMax: 150 } },
)

/** Whose catalog answers when the gate opens. */
class WaitingRegistry extends Registry {
  gate: PromiseWithResolvers<void> = Promise.withResolvers()

  override async look<Result>(body: (tx: ReadTransaction) => Promise<Result>): Promise<Result> {
    await this.gate.promise
    return super.look(body)
  }
}

const waiting = new WaitingRegistry({
  database: openMemoryDatabase({ clock: systemClock }),
  formats: schemaFormats,
  clock: systemClock,
})
const seen: object[] = []

registryTest(
  'requests beyond the limit are told to come again, and all are counted',
  async ({ url }) => {
    waiting.gate = Promise.withResolvers()
    const paths = ['/subjects', '/contexts', '/schemas']
    const answers = paths.map((path) => fetch(`${url}${path}`))
    const refused = await Promise.race(answers)
    assert.equal(refused.status, 429)
    assert.equal(refused.headers.get('retry-after'), '1')
    waiting.gate.resolve()
    const statuses = (await Promise.all(answers)).map(({ status }) => status)
    assert.deepEqual(
      statuses.toSorted((a, b) => a - b),
      [200, 200, 429],
    )
    assert.equal((await fetch(`${url}/nothing/here`, { method: 'PUT' })).status, 404)
    const [{ durationMs, ...last }] = seen.slice(-1) as [{ durationMs: number }]
    assert.ok(durationMs >= 0)
    assert.deepEqual(last, { route: '', method: 'PUT', status: 404 })
  },
  {
    limits: { ...limits, requestsMax: 2 },
    registry: waiting,
    onRequest: (each) => seen.push(each),
  },
)

registryTest('a connection is kept, also after what there is not', async ({ url }) => {
  const get = (path: string): string => `GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`
  const said = await converse(url, get('/nothing') + get('/subjects'), /\[\]/)
  assert.match(said, /^HTTP\/1.1 404 /)
  assert.match(said, /HTTP\/1.1 200 /)
  assert.ok(!/connection: close/i.test(said))
})
