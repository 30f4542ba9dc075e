import assert from 'node:assert/strict'
import { readdir } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { test } from 'node:test'
import { isFailure } from '../../src/base/errors.ts'
import { silentLog } from '../../src/base/log.ts'
import { systemClock } from '../../src/base/system-clock.ts'
import type { ObjectStore } from '../../src/objects/object-store.ts'
import { openS3ObjectStore } from '../../src/objects/s3/open-s3-object-store.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { actAs, urlOf, useServer } from './bucket.ts'

const server = useServer({ withAccounts: true })
const bytes = Buffer.from('some bytes')
const quick = { attemptMs: 2_000, pauseMs: 5, pauseMaxMs: 20, slowPauseMs: 10, slowPauseMaxMs: 40 }

async function failuresOf(store: ObjectStore): Promise<Record<string, string>> {
  const operations = {
    put: () => store.put('a/1', [bytes]),
    putIfAbsent: () => store.putIfAbsent('a/2', [bytes]),
    read: () => store.read('a/1', 0, 1),
    stat: () => store.stat('a/1'),
    list: () => store.list('', undefined, 1),
    delete: () => store.delete('a/1'),
  }
  const failures: Record<string, string> = {}
  for (const [name, run] of Object.entries(operations)) {
    const error = await run().then(
      () => undefined,
      (failure: unknown) => failure,
    )
    assert.ok(isFailure(error, 'unavailable'), `${name}: ${String(error)}`)
    failures[name] = error.message
  }
  return failures
}

const open = (text: string) =>
  openS3ObjectStore({
    url: urlOf(text),
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
    limits: quick,
  })

test('a bucket that is not there is named, by every operation', async () => {
  const { store } = await server.open({ bucket: 'no-such-bucket', limits: quick })
  for (const [name, message] of Object.entries(await failuresOf(store))) {
    assert.match(message, /there is no bucket no-such-bucket/, name)
  }
  await store.close()
})

test('a missing right is named, with what it is missing on', async () => {
  const { store, bucket } = await server.open({ prefix: 'karst', limits: quick })
  const nobody = { accessKey: 'nobody', secretKey: 'nobody-secret' }
  await server.server.makeAccount(nobody)
  actAs(nobody)
  const failures = await failuresOf(store)
  actAs(server.server.root)
  await store.close()
  const arn = `arn:aws:s3:::${bucket}`
  const wanted: Record<string, string> = {
    put: `s3:PutObject on ${arn}/karst/a/1 is missing`,
    read: `s3:GetObject on ${arn}/karst/a/1 is missing`,
    stat: `s3:GetObject on ${arn}/karst/a/1 is missing`,
    putIfAbsent: `s3:GetObject on ${arn}/karst/a/2 is missing`,
    list: `s3:ListBucket on ${arn} is missing`,
    delete: `s3:DeleteObject on ${arn}/karst/a/1 is missing`,
  }
  for (const [name, text] of Object.entries(wanted)) {
    assert.ok(failures[name]?.includes(text), `${name}: ${failures[name]}`)
  }
})

test('credentials that the store does not know are said to be that', async () => {
  const { store } = await server.open({ limits: quick })
  actAs({ accessKey: 'stranger', secretKey: 'secret' })
  await assert.rejects(store.put('a', [bytes]), /credentials: InvalidAccessKeyId/)
  await store.close()
  actAs({ accessKey: server.server.root.accessKey, secretKey: 'wrong' })
  const { store: other } = await server.open({ limits: quick })
  await assert.rejects(other.put('a', [bytes]), /credentials: SignatureDoesNotMatch/)
  await other.close()
  actAs(server.server.root)
})

test('an endpoint where nothing listens, and one that is no S3 server', async () => {
  const nothing = await open('s3://bucket-1/?endpoint=http://127.0.0.1:1')
  await assert.rejects(nothing.put('a', [bytes]), {
    kind: 'unavailable',
    message: /cannot connect.*ECONNREFUSED/,
  })
  await nothing.close()
  const unknown = await open('s3://bucket-1/?endpoint=http://no-such-host.invalid')
  await assert.rejects(unknown.read('a', 0, 1), { kind: 'unavailable', message: /cannot connect/ })
  await unknown.close()
})

test('a web server that is no store is told from one', async () => {
  const page = '<html>hello</html>'
  const other = createServer((_, answer) =>
    answer.writeHead(200, { 'content-length': page.length }).end(page),
  )
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as AddressInfo
  const web = await open(`s3://bucket-1/?endpoint=http://127.0.0.1:${port}`)
  try {
    const told = { kind: 'unavailable', message: /not one of an S3 server/ }
    await assert.rejects(web.list('', undefined, 1), told)
    await assert.rejects(web.read('a', 0, 4), told)
  } finally {
    await web.close()
    other.closeAllConnections()
    other.close()
  }
})

test('a clock that is off is corrected by what the store says of the time', async () => {
  const { store, seen } = await server.open({ limits: quick })
  const now = Date.now.bind(Date)
  Date.now = () => now() + 3_600_000
  try {
    await store.put('a', [bytes])
    await store.put('b', [bytes])
  } finally {
    Date.now = now
  }
  assert.deepEqual(
    seen.map(({ outcome, retries }) => [outcome, retries]),
    [
      ['ok', 1],
      ['ok', 0],
    ],
  )
  server.proxy.fault = () => ({ kind: 'refuse', status: 403, code: 'RequestTimeTooSkewed' })
  await assert.rejects(store.put('b', [bytes]), {
    kind: 'unavailable',
    message: /clock is too far from the store's/,
  })
  await store.close()
})

test('a bucket that was emptied behind our back: reads say not found, writes go on', async () => {
  const { store, bucket } = await server.open({ limits: quick })
  await store.put('a', [bytes])
  await server.server.removeBucket(bucket)
  await assert.rejects(store.read('a', 0, 1), {
    kind: 'unavailable',
    message: /there is no bucket/,
  })
  await server.server.makeBucket(bucket)
  await assert.rejects(store.read('a', 0, 1), { kind: 'not-found' })
  await store.put('a', [bytes])
  assert.deepEqual(await store.read('a', 0, bytes.length), bytes)
  await store.close()
})

test('nothing is left in the store by what was refused', async () => {
  const { store, bucket } = await server.open({ limits: quick })
  server.proxy.fault = () => ({ kind: 'slow-down' })
  await assert.rejects(store.put('a', [bytes]), { kind: 'overloaded' })
  const folder = path.join(server.server.dataFolder, 'buckets', bucket)
  assert.deepEqual(await readdir(folder), [])
  await store.close()
})
