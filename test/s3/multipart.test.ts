import assert from 'node:assert/strict'
import { test } from 'node:test'
import { useServer } from './bucket.ts'

const server = useServer()
const mebibyte = 1024 * 1024
const quick = { attemptMs: 5_000, pauseMs: 5, pauseMaxMs: 20, slowPauseMs: 10, slowPauseMaxMs: 40 }
const inParts = { parameters: 'multipart-above=5MiB', limits: quick }

/** Not aligned to parts, and every MiB differs. */
const large = Buffer.concat([
  ...Array.from({ length: 70 }, (_, at) => Buffer.alloc(mebibyte, at + 1)),
  Buffer.from('end'),
])
const chunks = [large.subarray(0, 999_999), large.subarray(999_999)]

test('a large object goes in parts, and reads as one', async () => {
  const { store, seen } = await server.open(inParts)
  await store.put('large', chunks)
  assert.equal((await store.stat('large'))?.size, large.length)
  const at = 32 * mebibyte - 5
  assert.deepEqual(await store.read('large', at, 10), large.subarray(at, at + 10))
  assert.ok(large.equals(await store.read('large', 0, large.length)))
  const writes = seen.filter(({ verb }) => verb === 'put' || verb === 'multipart')
  assert.equal(writes.length, 5, 'one to begin, three parts, one to complete')
  await store.close()
})

test('up to the limit it is one request; in parts, where the store takes no more', async () => {
  const { store, seen } = await server.open({ limits: quick })
  await store.put('whole', chunks)
  assert.deepEqual(
    seen.map(({ verb, requests }) => [verb, requests]),
    [['put', 1]],
  )
  server.proxy.fault = ({ verb, index }) =>
    verb === 'PUT' && index === 1
      ? { kind: 'refuse', status: 400, code: 'EntityTooLarge' }
      : undefined
  await store.put('parted', chunks)
  server.proxy.fault = undefined
  assert.ok(large.equals(await store.read('parted', 0, large.length)))
  await store.close()
})

test('parts that fail are sent again', async () => {
  const { store } = await server.open(inParts)
  server.proxy.fault = ({ verb, index }) =>
    verb === 'PUT' && index < 2 ? { kind: index === 0 ? 'reset' : 'damage' } : undefined
  await store.put('large', chunks)
  server.proxy.fault = undefined
  assert.ok(large.equals(await store.read('large', 0, large.length)))
  await store.close()
})

test('a lost answer to the last step is resolved: the object is there', async () => {
  const { store } = await server.open(inParts)
  server.proxy.fault = ({ verb, index }) =>
    verb === 'MULTIPART' && index === 1 ? { kind: 'lose-answer' } : undefined
  await store.put('large', chunks)
  assert.ok(large.equals(await store.read('large', 0, large.length)))
  await store.close()
})

test('an upload that fails is aborted; what a crash leaves is swept', async () => {
  const { store } = await server.open({ ...inParts, prefix: 'p' })
  server.proxy.fault = ({ verb }) =>
    verb === 'PUT' ? { kind: 'refuse', status: 403, code: 'AccessDenied' } : undefined
  await assert.rejects(store.put('refused', chunks), { kind: 'unavailable' })
  await new Promise((resolve) => setTimeout(resolve, 300))
  server.proxy.fault = undefined
  assert.equal(await store.sweepUploads(Date.now() + 60_000), 0, 'aborted already')
  server.proxy.fault = ({ verb, index }) =>
    verb === 'PUT' || (verb === 'MULTIPART' && index > 3)
      ? { kind: 'refuse', status: 403, code: 'AccessDenied' }
      : undefined
  await assert.rejects(store.put('left', chunks), { kind: 'unavailable' })
  await new Promise((resolve) => setTimeout(resolve, 300))
  server.proxy.fault = undefined
  assert.equal(await store.sweepUploads(0), 0, 'too young to judge')
  const swept = await store.sweepUploads(Date.now() + 60_000)
  assert.equal(swept, 1)
  assert.equal(await store.sweepUploads(Date.now() + 60_000), 0)
  assert.deepEqual(await store.list('', undefined, 10), [])
  await store.close()
})
