/** A broker whose catalog fails: told so, nothing half applied, and it goes on when it is back. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLog } from '../../base/log.ts'
import { systemClock } from '../../base/system-clock.ts'
import type { MemoryFault, MemoryPoint } from '../../catalog/memory-faults.ts'
import { openMemoryDatabase } from '../../catalog/memory-database.ts'
import { Registry } from '../registry.ts'
import { schemaFormats } from '../schema/schema-formats.ts'
import { startRegistryHttp } from './registry-http.ts'

type Fault = (point: MemoryPoint) => MemoryFault | undefined

class Broken {
  fault: Fault = () => undefined
  readonly database = openMemoryDatabase({
    clock: systemClock,
    hooks: { fault: (point) => this.fault(point) },
  })
}

interface Answer {
  readonly status: number
  readonly body: { error_code?: number; message?: string; version?: number }
}
type Ask = (method: string, path: string, body?: object) => Promise<Answer>

async function withBroken(work: (broken: Broken, ask: Ask) => Promise<void>): Promise<void> {
  const broken = new Broken()
  const { database } = broken
  const registry = new Registry({ database, formats: schemaFormats, clock: systemClock })
  const listen = { host: '127.0.0.1', port: 0 }
  const parts = { listen, registry, clusterId: 'c', clock: systemClock, log: silentLog }
  const http = await startRegistryHttp(parts)
  const headers = { 'content-type': 'application/json' }
  const ask: Ask = async (method, path, body) => {
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const url = `http://127.0.0.1:${http.address.port}${path}`
    const response = await fetch(url, { method, headers, ...sent })
    return { status: response.status, body: (await response.json()) as Answer['body'] }
  }
  try {
    await work(broken, ask)
  } finally {
    await http.close()
  }
}

const schema = '{"type":"record","name":"R","fields":[]}'
const changes: readonly (readonly [string, string, object])[] = [
  ['POST', '/subjects/s/versions', { schema }],
  ['PUT', '/config/s', { compatibility: 'NONE' }],
  ['PUT', '/mode/s', { mode: 'READONLY' }],
  ['POST', '/dek-registry/v1/keks', { name: 'k', kmsType: 'local-kms', kmsKeyId: 'x' }],
]
const reads = ['/subjects', '/schemas', '/schemas/ids/1', '/config', '/mode', '/contexts']

test('while the catalog is gone every request is told so, and all goes on when it is back', () =>
  withBroken(async (broken, ask) => {
    await ask('POST', '/subjects/before/versions', { schema })
    const down: Fault = ({ at }) => (at === 'begin' ? { fault: 'fail' } : undefined)
    broken.fault = down
    const asked = [...changes, ...reads.map((path) => ['GET', path] as const)]
    for (const [method, path, body] of asked) {
      const { status, body: told } = await ask(method, path, body)
      assert.deepEqual([status, told.error_code], [500, 50001], path)
      assert.match(told.message ?? '', /try again/)
    }
    // Clients ask again; the third time it is back.
    let left = 3
    broken.fault = (point) => (left > 0 && --left > 0 ? down(point) : undefined)
    let answer = await ask('POST', '/subjects/s/versions', { schema })
    while (answer.status === 500) answer = await ask('POST', '/subjects/s/versions', { schema })
    assert.equal(answer.body.version, 1)
    for (const path of reads) assert.equal((await ask('GET', path)).status, 200, path)
  }))

test('a change that fails at any of its statements leaves nothing, and can be asked again', () =>
  withBroken(async (broken, ask) => {
    for (const [method, path, body] of changes) {
      const read = async (): Promise<unknown> => {
        broken.fault = () => undefined
        const all = ['/schemas', '/subjects', '/config/s', '/mode/s', '/dek-registry/v1/keks']
        return Promise.all(all.map(async (each) => (await ask('GET', each)).body))
      }
      const before = await read()
      let failures = 0
      for (let isDone = false; !isDone;) {
        let points = 0
        broken.fault = () => (points++ === failures ? { fault: 'fail' } : undefined)
        const answer = await ask(method, path, body)
        isDone = points <= failures
        if (isDone) assert.ok(answer.status < 300, `${path}: ${JSON.stringify(answer)}`)
        else {
          assert.deepEqual([answer.status, answer.body.error_code], [500, 50001], path)
          assert.deepEqual(await read(), before, `${path} fails at ${failures}`)
          failures++
        }
      }
      assert.ok(failures > 3, `${path}: ${failures} points`)
      assert.notDeepEqual(await read(), before)
    }
  }))

test('a commit whose answer is lost is told as unknown, and asked again it is the same', () =>
  withBroken(async (broken, ask) => {
    for (const fault of ['lose-answer', 'lose-request'] as const) {
      const path = `/subjects/${fault}/versions`
      broken.fault = ({ at }) => (at === 'commit' ? { fault } : undefined)
      const { status, body } = await ask('POST', path, { schema })
      assert.deepEqual([status, body.error_code], [500, 50001])
      assert.match(body.message ?? '', /answer to COMMIT was lost: try again/)
      broken.fault = () => undefined
      const again = await ask('POST', path, { schema })
      assert.deepEqual([again.status, again.body.version], [200, 1])
      assert.deepEqual((await ask('GET', path)).body, [1])
    }
  }))
