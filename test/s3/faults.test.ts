import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isFailure } from '../../src/base/errors.ts'
import type { ProxiedRequest, ProxyFault, ProxyVerb } from '../support/s3-proxy.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { useServer } from './bucket.ts'

const server = useServer()
const bytes = Buffer.from('what is stored must come back as it was')
/** Pauses that tests do not wait for, and tries that end soon. */
const quick = { attemptMs: 400, pauseMs: 5, pauseMaxMs: 20, slowPauseMs: 10, slowPauseMaxMs: 40 }

/** The fault, for the first requests of a verb. */
const first =
  (verb: ProxyVerb, times: number, fault: ProxyFault) =>
  (request: ProxiedRequest): ProxyFault | undefined =>
    request.verb === verb && request.index < times ? fault : undefined

const passing: readonly ProxyFault[] = [
  { kind: 'slow-down' },
  { kind: 'refuse', status: 500, code: 'InternalError' },
  { kind: 'refuse', status: 503, code: 'ServiceUnavailable' },
  { kind: 'refuse', status: 400, code: 'RequestTimeout' },
  { kind: 'refuse', status: 409, code: 'OperationAborted' },
  { kind: 'reset' },
  { kind: 'lose-answer' },
  { kind: 'hang' },
  { kind: 'hang-after' },
]

for (const fault of passing) {
  const name = fault.kind === 'refuse' ? `${fault.status} ${fault.code}` : fault.kind
  test(`${name}, twice: every operation is done all the same`, async () => {
    const { store, seen } = await server.open({ limits: quick })
    const { proxy } = server
    proxy.fault = first('PUT', 2, fault)
    await store.put('a/1', [bytes])
    proxy.fault = first('GET', 2, fault)
    assert.deepEqual(await store.read('a/1', 5, 10), bytes.subarray(5, 15))
    proxy.fault = first('HEAD', 2, fault)
    assert.equal((await store.stat('a/1'))?.size, bytes.length)
    proxy.fault = first('LIST', 2, fault)
    assert.deepEqual(
      (await store.list('', undefined, 10)).map(({ key }) => key),
      ['a/1'],
    )
    proxy.fault = first('DELETE', 2, fault)
    await store.delete('a/1')
    proxy.fault = undefined
    assert.equal(await store.stat('a/1'), undefined)
    assert.deepEqual(
      seen
        .slice(0, 5)
        .map(({ verb, outcome, retries, requests }) => [verb, outcome, retries, requests]),
      ['put', 'get', 'head', 'list', 'delete'].map((verb) => [verb, 'ok', 2, 3]),
    )
    await store.close()
  })
}

test('bytes damaged on their way are refused by the server and sent again', async () => {
  for (const parameters of ['checksum=crc32c', 'checksum=sha256']) {
    const { store, seen } = await server.open({ limits: quick, parameters })
    server.proxy.fault = first('PUT', 1, { kind: 'damage' })
    await store.put('a', [bytes])
    assert.deepEqual(await store.read('a', 0, bytes.length), bytes)
    assert.equal(seen[0]?.retries, 1, parameters)
    await store.close()
  }
})

test('an answer cut short is noticed and asked for again', async () => {
  const { store, seen } = await server.open({ limits: quick })
  const large = Buffer.alloc(1_000_000, 7)
  await store.put('a', [large])
  server.proxy.fault = first('GET', 2, { kind: 'truncate', bytes: 4_000 })
  assert.ok(large.equals(await store.read('a', 0, large.length)))
  assert.equal(seen.at(-1)?.retries, 2)
  await store.close()
})

test('an answer that trickles is given up in time', async () => {
  const { store, seen } = await server.open({ limits: quick })
  const large = Buffer.alloc(100_000, 7)
  await store.put('a', [large])
  server.proxy.fault = first('GET', 1, { kind: 'drip', bytesPerSecond: 10_000 })
  assert.ok(large.equals(await store.read('a', 0, large.length)))
  assert.equal(seen.at(-1)?.retries, 1)
  assert.ok((seen.at(-1)?.ms ?? 0) < 2_000)
  await store.close()
})

test('a put whose every answer is lost is found to be stored', async () => {
  const { store } = await server.open({ limits: quick })
  server.proxy.fault = first('PUT', 100, { kind: 'lose-answer' })
  await store.put('a', [bytes])
  server.proxy.fault = undefined
  assert.deepEqual(await store.read('a', 0, bytes.length), bytes)
  await store.close()
})

test('a put that nothing tells of is unknown; one that was never taken is not', async () => {
  const { store } = await server.open({ limits: quick })
  server.proxy.fault = () => ({ kind: 'hang-after' })
  await assert.rejects(store.put('a', [bytes]), { kind: 'unknown-outcome' })
  server.proxy.fault = () => ({ kind: 'reset' })
  await assert.rejects(store.put('b', [bytes]), { kind: 'unknown-outcome' })
  server.proxy.fault = () => ({ kind: 'slow-down' })
  await assert.rejects(store.put('c', [bytes]), { kind: 'overloaded' })
  server.proxy.fault = undefined
  assert.deepEqual(
    (await store.list('', undefined, 10)).map(({ key }) => key),
    ['a'],
  )
  await store.close()
})

test('a put that is given up under way has an unknown outcome, at once', async () => {
  const { store } = await server.open()
  server.proxy.fault = first('PUT', 1, { kind: 'hang' })
  const stop = new AbortController()
  const put = store.put('a', [bytes], { signal: stop.signal })
  setTimeout(() => stop.abort(), 50)
  await assert.rejects(put, { kind: 'unknown-outcome' })
  await store.close()
})

for (const parameters of ['checksum=crc32c', 'checksum=sha256']) {
  test(`${parameters}: bytes may be used again when a put has ended`, async () => {
    const { store, seen } = await server.open({ parameters })
    const large = Buffer.alloc(16 * 1024 * 1024, 1)
    // The first request has sent some of them when its hedge wins.
    server.proxy.fault = first('PUT', 1, { kind: 'stall', ms: 900 })
    await store.put('a', [large], { priority: 'tail' })
    large.fill(2)
    assert.equal(seen[0]?.hedges, 1)
    await new Promise((resolve) => setTimeout(resolve, 1_200))
    const got = await store.read('a', 0, large.length)
    assert.ok(got.every((byte) => byte === 1))
    await store.close()
  })

  test(`${parameters}: a put that ends in the middle leaves no object cut short`, async () => {
    const { store } = await server.open({ parameters })
    server.proxy.fault = first('PUT', 1, { kind: 'stall', ms: 500 })
    const stop = new AbortController()
    const put = store.put('a', [Buffer.alloc(16 * 1024 * 1024, 1)], { signal: stop.signal })
    setTimeout(() => stop.abort(), 200)
    await assert.rejects(put, { kind: 'unknown-outcome' })
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    assert.deepEqual(await store.list('', undefined, 10), [])
    await store.close()
  })
}

test('a claim whose answer was lost knows its own object, and that of another', async () => {
  const { store } = await server.open({ limits: quick })
  server.proxy.fault = first('PUT', 1, { kind: 'lose-answer' })
  assert.equal(await store.putIfAbsent('claim', [bytes]), 'stored')
  await store.delete('claim')
  // Another one is quicker while our first try hangs.
  let others: Promise<void> | undefined
  server.proxy.calm()
  server.proxy.fault = ({ verb, index }) => {
    if (verb !== 'PUT' || index > 0) return undefined
    others = store.put('claim', [Buffer.from('another')])
    return { kind: 'reset' }
  }
  assert.equal(await store.putIfAbsent('claim', [bytes]), 'exists')
  await others
  assert.equal(Buffer.from(await store.read('claim', 0, 7)).toString(), 'another')
  await store.close()
})

test('retries end when everything fails: a store that is down meets no storm', async () => {
  const { store, seen } = await server.open({ limits: quick })
  server.proxy.fault = () => ({ kind: 'refuse', status: 500, code: 'InternalError' })
  const reads = Array.from({ length: 200 }, () =>
    store.read('a', 0, 1).catch((error: unknown) => error),
  )
  const errors = await Promise.all(reads)
  assert.ok(errors.every((error) => isFailure(error, 'unavailable')))
  const retries = seen.reduce((all, operation) => all + operation.retries, 0)
  assert.ok(retries >= 45 && retries <= 60, `${retries} retries of 200 reads`)
  server.proxy.fault = undefined
  await store.put('a', [bytes])
  assert.deepEqual(await store.read('a', 0, 4), bytes.subarray(0, 4))
  await store.close()
})

test('the server is killed and comes back: what was told stored is there', async () => {
  const { store } = await server.open({ limits: quick })
  const stored: string[] = []
  let isOver = false
  const writing = Array.from({ length: 8 }, async (_, writer) => {
    for (let at = 0; !isOver; at++) {
      const key = `w${writer}/${at}`
      try {
        await store.put(key, [Buffer.from(key)])
        stored.push(key)
      } catch (error) {
        assert.ok(isFailure(error, 'unavailable') || isFailure(error, 'unknown-outcome'))
      }
    }
  })
  for (let round = 0; round < 3; round++) {
    await new Promise((resolve) => setTimeout(resolve, 300))
    await server.server.kill()
    await new Promise((resolve) => setTimeout(resolve, 300))
    await server.server.restart()
  }
  await new Promise((resolve) => setTimeout(resolve, 300))
  isOver = true
  await Promise.all(writing)
  assert.ok(stored.length > 50, `${stored.length} stored`)
  for (const key of stored) {
    assert.equal(Buffer.from(await store.read(key, 0, key.length)).toString(), key)
  }
  await store.close()
})

test('under all faults at once nothing is lost and nothing wrong is returned', async () => {
  const { store, seen } = await server.open({ limits: { ...quick, attemptMs: 300 } })
  const faults: readonly ProxyFault[] = [
    ...passing,
    { kind: 'damage' },
    { kind: 'truncate', bytes: 700 },
    { kind: 'drip', bytesPerSecond: 5_000 },
    { kind: 'delay', ms: 100 },
  ]
  server.proxy.shares = faults.map((fault) => ({ share: 0.015, fault }))
  const random = seededRandom(7)
  const contents = new Map<string, Buffer>()
  const priorities = ['tail', 'catch-up', 'background'] as const
  const work = async (worker: number): Promise<void> => {
    for (let at = 0; at < 40; at++) {
      const key = `w${worker}/${at}`
      const content = Buffer.alloc(1 + (random.uint32() % 20_000), at)
      const call = { priority: priorities[at % 3] }
      try {
        await store.put(key, [content.subarray(0, 1), content.subarray(1)], call)
        contents.set(key, content)
        assert.ok(content.equals(await store.read(key, 0, content.length, call)))
      } catch (error) {
        if (!isFailure(error)) throw error
        assert.ok(
          ['unavailable', 'unknown-outcome', 'overloaded'].includes(error.kind),
          error.message,
        )
      }
    }
  }
  await Promise.all(Array.from({ length: 8 }, (_, worker) => work(worker)))
  const injected = [...server.proxy.faults.values()].reduce((all, each) => all + each, 0)
  server.proxy.calm()
  assert.ok(injected > 50 && contents.size > 200, `${injected} faults, ${contents.size} stored`)
  for (const [key, content] of contents) {
    assert.ok(content.equals(await store.read(key, 0, content.length)), key)
  }
  const puts = seen.filter(({ verb, priority }) => verb === 'put' && priority === 'tail')
  const hedges = puts.reduce((all, each) => all + each.hedges, 0)
  assert.ok(hedges <= 5 + puts.length * 0.05, `${hedges} hedges of ${puts.length} puts`)
  await store.close()
})
